"""Which pages may connect."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import ConfigurationError
from aiorest_gw.wire.origins import allowed_origins, origin_is_allowed


class OriginTests(SynchronousTestCase):
    def allowed(self, origin, host="example.com", secure=False, listed=()):
        return origin_is_allowed(origin, host, secure, allowed_origins(listed))

    def test_programs_are_let_in(self):
        """A handshake without an origin is no browser's."""
        self.assertTrue(self.allowed(None))

    def test_the_same_origin_is_let_in(self):
        for origin, host in (
            ("http://example.com", "example.com"),
            ("http://example.com", "EXAMPLE.com:80"),
            ("http://example.com:8080", "example.com:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("https://example.com", "example.com"),
            ("https://example.com", "example.com:443"),
        ):
            self.assertTrue(self.allowed(origin, host), (origin, host))

    def test_another_origin_is_refused(self):
        """Another host, port or suffix, a sandboxed page, a file."""
        for origin in (
            "http://evil.example",
            "http://example.com:8080",
            "http://example.com.evil.example",
            "http://evilexample.com",
            "http://sub.example.com",
            "null",
            "",
            "file://",
            "http://",
            "chrome-extension://abc",
            "http://user@example.com",
            "http://example.com/path",
            "http://example.com:99999",
            "http://[::1",
        ):
            self.assertFalse(self.allowed(origin), origin)

    def test_a_plain_page_may_not_use_a_secure_socket(self):
        """Over TLS, the page of the same host without TLS is another origin."""
        self.assertFalse(self.allowed("http://example.com", secure=True))
        self.assertTrue(self.allowed("https://example.com", secure=True))

    def test_listed_origins_are_let_in_exactly(self):
        listed = ("https://app.example:444", "http://Other.example:80")
        self.assertTrue(self.allowed("https://app.example:444", listed=listed))
        self.assertTrue(self.allowed("http://other.example", listed=listed))
        self.assertFalse(self.allowed("http://app.example:444", listed=listed))
        self.assertFalse(self.allowed("https://x.app.example:444", listed=listed))

    def test_what_is_listed_has_to_be_an_origin(self):
        """A wildcard or a path would be taken for a rule that it is not."""
        for wrong in ("*", "https://*.example.com", "example.com", "https://example.com/", "null"):
            self.assertRaises(ConfigurationError, allowed_origins, (wrong,))
