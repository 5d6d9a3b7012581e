"""What pages may do."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.errors import ConfigurationError
from aiorest_gw.pages.security import security_headers

POLICY, REPORTED = "Content-Security-Policy", "Content-Security-Policy-Report-Only"


class SecurityTests(SynchronousTestCase):
    def headers(self, host="example.com:8080", secure=False, *arguments, **named):
        found = security_headers(host, secure, *arguments, **named)
        self.assertEqual(len(dict(found)), len(found))
        return dict(found)

    def connects_to(self, host, secure=False):
        """The sources of ``connect-src``."""
        policy = self.headers(host, secure)[POLICY]
        directives = dict(one.strip().split(" ", 1) for one in policy.split(";"))
        return directives["connect-src"].split(" ")

    def test_a_page_is_its_own_hosts(self):
        self.assertEqual(
            "default-src 'self'; connect-src 'self' ws://example.com:8080; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
            "base-uri 'self'; frame-ancestors 'self'",
            self.headers()[POLICY],
        )

    def test_types_are_not_guessed_and_addresses_not_told(self):
        for policy in (None, "default-src *"):
            headers = self.headers("example.com", True, policy)
            self.assertEqual("nosniff", headers["X-Content-Type-Options"])
            self.assertEqual("strict-origin-when-cross-origin", headers["Referrer-Policy"])

    def test_it_reaches_its_own_socket(self):
        for host in (
            "example.com",
            "localhost:8080",
            "127.0.0.1:80",
            "a_b.example",
            "xn--4ca.example",
        ):
            self.assertEqual(["'self'", f"ws://{host}"], self.connects_to(host))
            self.assertEqual(["'self'", f"wss://{host}"], self.connects_to(host, True))

    def test_an_ipv6_address_is_left_to_self(self):
        """A policy cannot write one."""
        self.assertEqual(["'self'"], self.connects_to("[::1]:8080"))

    def test_a_host_that_is_none_gets_into_no_header(self):
        for host in (
            None, "", "*", "*.example.com", "a;script-src *", "a b", "a,b", "a'", "a\r\nX: y", "a\n",
            "a:99999", "a:", ":80", "a:80:80", "user@a", "a/b", "ü.example", "[::1", "-a", "a-", ".",
            "'unsafe-inline'", "a:٨٠",
        ):  # fmt: skip
            self.assertEqual(["'self'"], self.connects_to(host), host)
            self.assertEqual(["'self'"], self.connects_to(host, True), host)

    def test_a_policy_of_ones_own_stands_instead(self):
        self.assertEqual("default-src *", self.headers(policy="default-src *")[POLICY])
        self.assertNotIn(POLICY, self.headers(policy=None))

    def test_a_policy_of_ones_own_may_name_the_socket(self):
        own = "default-src https:; connect-src {socket}"
        self.assertEqual(
            "default-src https:; connect-src ws://a:1", self.headers("a:1", policy=own)[POLICY]
        )
        self.assertEqual(
            "default-src https:; connect-src 'self'", self.headers("a;b", policy=own)[POLICY]
        )

    def test_a_policy_that_is_no_header_is_refused(self):
        for policy in ("", " ", "a\r\nX: y", "default-src 'self'\n", "ü"):
            self.assertRaises(ConfigurationError, security_headers, "a", False, policy)

    def test_while_developing_the_policy_only_reports(self):
        headers = self.headers(developing=True)
        self.assertEqual("frame-ancestors 'self'", headers[POLICY])
        self.assertEqual(self.headers()[POLICY], headers[REPORTED])
        self.assertNotIn(REPORTED, self.headers())

    def test_while_developing_none_is_none_too(self):
        headers = self.headers(policy=None, developing=True)
        self.assertEqual({"X-Content-Type-Options", "Referrer-Policy"}, set(headers))
