"""What a gateway answers besides its WebSocket, and further sockets on its port."""

import base64

from twisted.internet.protocol import Protocol

from .asking import SiteTestCase


class Socket(Protocol):
    """A further socket's protocol."""

    counted_as = None

    def __init__(self, web):
        self.web = web

    def connectionMade(self):
        self.web.enter(self)
        self.received = b""

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.web.leave(self)

    def drain(self):
        self.transport.loseConnection()

    def abort(self):
        self.transport.abortConnection()


UPGRADE = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": base64.b64encode(bytes(16)).decode(),
}  # fmt: skip


class WebTests(SiteTestCase):
    def setUp(self):
        super().setUp()
        self.write("a.txt", "a")
        self.gateway()
        self.factory.web.sockets["/live"] = lambda request: Socket(self.factory.web)

    def test_a_further_socket_gets_the_connection_with_all_that_came(self):
        for kept in (False, True):
            connection = self.open()
            if kept:
                connection.get("/a.txt")
            connection.ask("/live", body=b"frames", **UPGRADE)
            self.assertIsInstance(connection.protocol, Socket)
            connection.send(b" and more")
            self.assertTrue(connection.protocol.received.startswith(b"GET /live HTTP/1.1\r\n"))
            self.assertTrue(connection.protocol.received.endswith(b"\r\n\r\nframes and more"))
        self.assertEqual(2, self.factory.admission.total)
        self.assert_nothing_is_left()

    def test_pages_of_others_may_not_open_it(self):
        connection = self.open()
        connection.ask("/live", Origin="https://evil.example", **UPGRADE)
        self.assertEqual(403, connection.answers()[0][0])
        self.assert_nothing_is_left()

    def test_it_is_no_page(self):
        self.assertEqual(426, self.get("/live")[0])

    def test_it_drains_with_the_gateway(self):
        connection = self.open().ask("/live", **UPGRADE)
        drained = self.factory.drain()
        self.assertFalse(connection.open)
        connection.cut()
        self.successResultOf(drained)
        self.assert_nothing_is_left()

    def test_the_date_is_that_of_now(self):
        line = self.factory.web.date_line()
        self.assertRegex(line.decode(), r"^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n$")
        self.assertEqual(1, len(self.get("/a.txt")[1].get_all("Date")))
