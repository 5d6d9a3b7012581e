"""How long a body is: in one way, or refused."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.wire.bodies import body_length, expects_continue, persists
from aiorest_gw.wire.handshake import HandshakeRefused, read_head


def request(*lines, version="HTTP/1.1"):
    return read_head("\r\n".join([f"POST / {version}", "Host: x", *lines]).encode())


class BodyLengthTests(SynchronousTestCase):
    def test_a_length_chunks_or_nothing(self):
        self.assertEqual(0, body_length(request()))
        self.assertEqual(17, body_length(request("Content-Length: 17")))
        self.assertIsNone(body_length(request("Transfer-Encoding: Chunked")))

    def test_what_proxies_read_in_another_way_is_refused(self):
        for lines, status in (
            (["Content-Length: +1"], 400), (["Content-Length: 1, 1"], 400), (["Content-Length:"], 400),
            (["Content-Length: 1_0"], 400), (["Content-Length: " + "9" * 19], 400),
            (["Content-Length: 1", "Transfer-Encoding: chunked"], 400),
            (["Transfer-Encoding: gzip, chunked"], 501), (["Transfer-Encoding: identity"], 501),
        ):  # fmt: skip
            refused = self.assertRaises(HandshakeRefused, body_length, request(*lines))
            self.assertEqual(status, refused.status, lines)
        old = request("Transfer-Encoding: chunked", version="HTTP/1.0")
        self.assertEqual(400, self.assertRaises(HandshakeRefused, body_length, old).status)

    def test_who_waits_to_be_asked(self):
        self.assertTrue(expects_continue(request("Expect: 100-Continue")))
        self.assertFalse(expects_continue(request()))
        self.assertFalse(expects_continue(request("Expect: 100-continue", version="HTTP/1.0")))

    def test_who_asks_for_more_on_the_connection(self):
        self.assertTrue(persists(request()))
        self.assertTrue(persists(request("Connection: keep-alive, closed")))
        for line in ("close", "x, CLOSE", "close,x"):
            self.assertFalse(persists(request(f"Connection: {line}")))
        self.assertFalse(persists(request("Connection: keep-alive", version="HTTP/1.0")))
