"""Where a client connects, when it does so again, and what it waits meanwhile."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import client
from aiorest_gw.client import aio
from aiorest_gw.client.core.address import browser_address, parse_address
from aiorest_gw.client.core.backoff import Backoff
from aiorest_gw.client.core.closing import closing


class AddressTests(SynchronousTestCase):
    def test_an_address_is_taken_apart(self):
        for url, *parts in (
            ("ws://localhost", "localhost", 80, False, "/"),
            ("wss://gateway.example/a?b=c&d", "gateway.example", 443, True, "/a?b=c&d"),
            (" ws://[::1]:8080/ ", "::1", 8080, False, "/"),
            ("ws://[::1]:1/a@b:c@d", "::1", 1, False, "/a@b:c@d"),
            ("ws://localhost:1?token=a:x@y", "localhost", 1, False, "/?token=a:x@y"),
            ("ws://localhost:1?token=x", "localhost", 1, False, "/?token=x"),
        ):
            found = parse_address(url)
            self.assertEqual(parts, [found.host, found.port, found.secure, found.target])

    def test_what_is_none_is_told(self):
        for url, told in (
            (5, "a text"),
            (None, "a text"),
            ("", "write ws:// or wss://"),
            ("localhost:80", "write ws:// or wss://"),
            ("http://localhost:80/", "is ws://localhost:80/ meant?"),
            ("https://localhost", "is wss://localhost meant?"),
            ("ws://", "names no host"),
            ("ws:///x", "names no host"),
            ("ws://localhost:0/", "names no port"),
            ("ws://localhost:65536/", "Port out of range"),
            ("ws://localhost:x/", "is no address"),
            ("ws://[::1/", "is no address"),
            ("ws://localhost/#x", "fragment"),
            ("ws://ann:secret@localhost/", "no user and password"),
            ("http://ann:secret@localhost/", "no user and password"),
            ("ws://ann:secret@localhost:99999/", "no user and password"),
            ("ws://ann:sec/ret@localhost/", "no user and password"),
            ("ann:secret@localhost", "no user and password"),
            ("ws://localhost/a b", "percent-escaped"),
            ("ws://localhost/\u00e4", "percent-escaped"),
        ):
            error = self.assertRaises(ValueError, parse_address, url)
            self.assertIn(told, str(error))
            self.assertNotRegex(str(error), "sec/?ret")

    def test_a_browser_tells_its_address(self):
        answer = b'{"Browser": "x", "webSocketDebuggerUrl": "ws://127.0.0.1:9/devtools/browser/x"}'
        self.assertEqual("ws://127.0.0.1:9/devtools/browser/x", browser_address(answer))
        for answer in (b"", b"<html>", b"{}", b"[]", b"5", b"\xff"):
            error = self.assertRaises(ValueError, browser_address, answer)
            self.assertIn("no browser", str(error))


class HeaderTests(SynchronousTestCase):
    def test_a_header_brings_no_other_with_it_and_is_never_told(self):
        for headers in (
            {"X": "secret\r\nEvil: 1"},
            {"X": "secret\n"},
            {"X": "secret\x00"},
            {"X": "secret\u00e4"},
            {"X\r\nEvil": "1"},
            {"X\n": "1"},
            {"": "1"},
        ):
            for made in (client.GatewayClient, aio.GatewayClient):
                error = self.assertRaises(ValueError, made, "ws://localhost/", headers=headers)
                self.assertNotIn("secret", str(error))
        for headers in ({"X": 5}, {5: "1"}, ["X"], "X: 1"):
            self.assertRaises(TypeError, client.GatewayClient, "ws://localhost/", headers=headers)
        client.GatewayClient("ws://localhost/", headers={"Cookie": "a=b; c=\td", "X": ""})


class BackoffTests(SynchronousTestCase):
    def test_waits_grow_up_to_a_bound_and_begin_anew(self):
        backoff = Backoff(lambda: 1.0, 0.5, 30.0)
        self.assertEqual([0.5, 1, 2, 4, 8, 16, 30, 30], [backoff.next() for _ in range(8)])
        backoff.reset()
        self.assertEqual(0.5, backoff.next())

    def test_they_are_at_random_and_no_shorter_than_is_asked(self):
        backoff = Backoff(lambda: 0.25, 8.0, 30.0)
        self.assertEqual([2.0, 5.0], [backoff.next(), backoff.next(least=5.0)])

    def test_however_often_it_is_tried_there_is_a_wait(self):
        backoff = Backoff(lambda: 1.0, 0.5, 30.0)
        self.assertEqual({30.0}, {backoff.next() for _ in range(5_000)} - {0.5, 1, 2, 4, 8, 16})


class ClosingTests(SynchronousTestCase):
    def test_who_is_told_to_come_back_does_and_nobody_else(self):
        """Of codes that are not known here too."""
        for code in (1006, 1011, 1012, 3000, 4000, 4001, 4002, 4003, 4004, 4400, 4499, 4502):
            self.assertTrue(closing(code, "").come_back, code)
        for code in (1000, 1001, 1002, 1007, 1009, 4500, 4501, 4503, 4504, 4999):
            self.assertFalse(closing(code, "").come_back, code)

    def test_a_gateway_that_goes_away_says_within_what_time(self):
        self.assertEqual(12.5, closing(4001, "going away, come back within 12.5 s").within)
        self.assertIsNone(closing(4001, "going away").within)
        self.assertLessEqual(closing(4001, "99999999").within, 300)
