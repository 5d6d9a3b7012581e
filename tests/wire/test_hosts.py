"""Names that lead to this machine, and those that anybody may make lead here."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.wire.hosts import is_own_host


class HostTests(SynchronousTestCase):
    def test_the_machines_own_names_and_addresses_are_its_own(self):
        for host in (
            "localhost", "LOCALHOST:8080", "app.localhost", "localhost.", "127.0.0.1", "127.0.0.1:80",
            "192.168.1.5:8080", "[::1]", "[::1]:8080", "",
        ):  # fmt: skip
            self.assertTrue(is_own_host(host), host)

    def test_any_other_name_is_somebodys(self):
        """DNS rebinding: it may lead here for a moment."""
        for host in (
            "evil.example", "evil.example:8080", "localhost.evil.example", "evillocalhost", "127.0.0.1.evil.example",
            "127.1.evil", "::evil",
        ):  # fmt: skip
            self.assertFalse(is_own_host(host), host)

    def test_names_that_are_allowed_are(self):
        self.assertTrue(is_own_host("dev.example:8080", {"dev.example"}))
        self.assertFalse(is_own_host("other.example", {"dev.example"}))
