"""What the suite talks to is the gateway, with its own way of reading."""

from aiorest_gw.testing import GatewayTestCase, connect

from .server import LARGEST_MESSAGE, EchoProtocol, make_factory


class EchoTests(GatewayTestCase):
    def client(self, takes=False, offers=False):
        """A client of the server under test, which does or does not compress."""
        return connect(make_factory(takes, reactor=self.clock), self.clock, compress=offers)

    def test_messages_come_back_as_they_are(self):
        client = self.client()
        for message in ("ä€😀".encode(), b"", b"x" * 100_000):
            client.send(message)
        self.assertEqual(["ä€😀".encode(), b"", b"x" * 100_000], client.messages)

    def test_messages_are_read_by_the_fast_path(self):
        """Autobahn's state machine sees only the one that comes in two frames."""
        client = self.client()
        seen = []
        begin = client.server.onFrameBegin
        client.server.onFrameBegin = lambda: (seen.append("frame"), begin())
        client.send(b"one")
        client.send(b"\xff\xfe", binary=True)
        self.assertEqual(([b"one", b"\xff\xfe"], []), (client.messages, seen))
        client.send_octets(b"\x01\x81\0\0\0\0a" + b"\x80\x81\0\0\0\0b")
        self.assertEqual((b"ab", 2), (client.messages[-1], len(seen)))

    def test_the_largest_message_of_the_suite_is_taken(self):
        client = self.client()
        client.send(b"x" * LARGEST_MESSAGE)
        self.assertEqual(LARGEST_MESSAGE, len(client.messages.pop()))

    def test_compression_is_taken_only_where_it_is_asked_for(self):
        for takes in (False, True):
            server = self.client(takes, offers=True).server
            self.assertIsInstance(server, EchoProtocol)
            self.assertEqual(takes, server.websocket_extensions_in_use != [])
