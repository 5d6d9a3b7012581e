"""The opening handshake on a connection: proxies in front, hooks that wait, what is logged."""

from autobahn.websocket.types import ConnectionDeny
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

from aiorest_gw import RequestHandlerProtocol, SimpleRouter
from aiorest_gw.testing import GatewayTestCase
from tests.wire.test_handshake import head


def make_router():
    router = SimpleRouter()
    router.get("/peer")(lambda request: request.session.peer)
    return router


class Transport(StringTransport):
    """Remembers whether it is read."""

    def abortConnection(self):
        self.loseConnection()


class OpeningTestCase(GatewayTestCase):
    def open(self, octets, peer=None, kind=RequestHandlerProtocol, **options):
        """The connection of a client that sends these."""
        factory = self.serve(make_router(), **options)
        factory.protocol = kind
        protocol = factory.buildProtocol(None)
        self.transport = Transport(peerAddress=peer or IPv4Address("TCP", "10.0.0.1", 50_000))
        protocol.makeConnection(self.transport)
        protocol.dataReceived(octets)
        return protocol

    def status(self):
        return int(self.transport.value().split()[1])


class ProxyTests(OpeningTestCase):
    LINE = b"PROXY TCP4 203.0.113.7 10.0.0.2 5 80\r\n"

    def test_a_trusted_proxys_client_is_who_connects(self):
        forwarded = head(X_Forwarded_For="1.1.1.1, 203.0.113.7")
        unix = UNIXAddress("/run/gateway.sock")
        for octets, peer, trusted in (
            (forwarded, None, "10.0.0.0/8"),
            (self.LINE + head(), None, "10.0.0.1"),
            (self.LINE + forwarded, None, "10.0.0.1"),
            (forwarded, unix, "unix"),
        ):
            protocol = self.open(octets, peer, trusted_proxies=[trusted])
            self.assertEqual("203.0.113.7", protocol.session.peer, octets)

    def test_nobody_else_is_believed(self):
        protocol = self.open(head(X_Forwarded_For="203.0.113.7"))
        self.assertEqual("tcp4:10.0.0.1:50000", protocol.session.peer)
        self.open(self.LINE + head())
        self.assertEqual(400, self.status())

    def test_clients_are_counted_by_their_own_address(self):
        factory = self.serve(
            make_router(), trusted_proxies=["10.0.0.1"], max_connections_per_address=2
        )
        for number, connected in ((7, True), (7, True), (7, False), (8, True)):
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            client = self.connect(factory, address="10.0.0.1", headers=headers)
            self.assertEqual(connected, client.connected)
            if not connected:
                self.assertIn("429", client.refusal)

    def test_who_left_is_not_counted_any_more(self):
        factory = self.serve(
            make_router(), trusted_proxies=["10.0.0.1"], max_connections_per_address=1
        )
        for _ in range(3):
            client = self.connect(
                factory, address="10.0.0.1", headers={"X-Forwarded-For": "203.0.113.7"}
            )
            self.assertTrue(client.connected)
            client.cut()
        self.assertEqual(0, factory.admission.total)

    def test_a_page_of_plain_http_is_another_origin_behind_tls(self):
        for proto, status in (("https", 403), ("http", 101)):
            origin = "http://gateway.example:8080"
            octets = head(Origin=origin, X_Forwarded_Proto=proto)
            self.open(octets, trusted_proxies=["10.0.0.1"])
            self.assertEqual(status, self.status())

    def test_a_broken_proxy_header_ends_the_connection(self):
        self.open(b"PROXY TCP4 nobody\r\n" + head(), trusted_proxies=["10.0.0.1"])
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(b"", self.transport.value())


class HookTests(OpeningTestCase):
    def test_frames_behind_the_handshake_wait_for_onConnect(self):
        """In the socket, where they need no memory of ours."""
        answer = Deferred()

        class Slow(RequestHandlerProtocol):
            def onConnect(self, request):
                return answer

        protocol = self.open(head() + b"\x81\x80\0\0\0\0", kind=Slow)
        self.assertEqual("producing", self.transport.producerState)
        protocol.dataReceived(b"\x81\x80\0\0\0\0")
        self.assertEqual("paused", self.transport.producerState)
        self.assertEqual(b"", self.transport.value())
        answer.callback(None)
        self.assertEqual("producing", self.transport.producerState)
        self.assertEqual(2, self.transport.value().count(b'{"detail"'))

    def test_onConnect_may_be_a_coroutine(self):
        answer = Deferred()

        class Slow(RequestHandlerProtocol):
            async def onConnect(self, request):
                if await answer:
                    raise ConnectionDeny(ConnectionDeny.FORBIDDEN, "not today")

        for refuses, status in ((False, 101), (True, 403)):
            self.open(head(), kind=Slow)
            self.assertEqual(b"", self.transport.value())
            answer.callback(refuses)
            self.assertEqual(status, self.status())
            answer = Deferred()

    def test_an_onConnect_that_takes_too_long_is_told_and_answered(self):
        class Slow(RequestHandlerProtocol):
            def onConnect(self, request):
                return Deferred()

        with capturedLogs() as logged:
            self.open(head(), kind=Slow, handshake_timeout=5)
            self.clock.advance(5.1)
        self.assertEqual(504, self.status())
        self.assertIn("onConnect did not answer in time", [formatEvent(event) for event in logged])

    def test_an_onConnect_whose_client_has_gone_is_cancelled(self):
        cancelled = []

        class Slow(RequestHandlerProtocol):
            async def onConnect(self, request):
                await Deferred(cancelled.append)

        with capturedLogs() as logged:
            protocol = self.open(head(), kind=Slow)
            protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(1, len(cancelled))
        self.assertEqual([], [event for event in logged if "log_failure" in event])

    def test_an_onConnect_that_says_something_else_is_told_at_once(self):
        for answer in (5, Deferred()):

            class Wrong(RequestHandlerProtocol):
                def onConnect(self, request, answer=answer):
                    return answer

            self.open(head(), kind=Wrong)
            if isinstance(answer, Deferred):
                answer.callback("a subprotocol that was not offered")
            self.assertEqual(500, self.status())
            self.assertEqual(1, len(self.flushLoggedErrors(Exception)))

    def test_there_is_a_session_in_every_hook(self):
        seen = []

        class Noting(RequestHandlerProtocol):
            def onConnect(self, request):
                self.session.data["name"] = "x"

            def onOpen(self):
                seen.append(self.session.data["name"])

            def onClose(self, wasClean, code, reason):
                seen.append(self.session.data.get("name"))

        for octets in (head(), head(b"GET /nowhere HTTP/1.1"), b"", b"\x16"):
            self.open(octets, kind=Noting).connectionLost(Failure(ConnectionDone()))
        self.assertEqual(["x", "x", None, None, None], seen)

    def test_onConnect_sees_the_request_and_may_refuse_it(self):
        seen = []

        class Choosy(RequestHandlerProtocol):
            def onConnect(self, request):
                seen.append((request.host, request.path, request.params, request.headers["cookie"]))
                raise ConnectionDeny(ConnectionDeny.FORBIDDEN, "not today")

        self.open(head(b"GET /?a=1 HTTP/1.1", Cookie="c=\xe9"), kind=Choosy)
        self.assertEqual([("gateway.example", "/", {"a": ["1"]}, "c=\xe9")], seen)
        self.assertEqual(403, self.status())
        self.assertIn(b"not today", self.transport.value())


class LogTests(OpeningTestCase):
    def setUp(self):
        super().setUp()
        self.events = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def texts(self):
        from twisted.logger import formatEvent

        return [formatEvent(event) for event in self.events]

    def test_a_refusal_is_one_line_and_holds_nothing_that_was_sent(self):
        self.open(head(b"GET /?token=secret HTTP/1.1", Upgrade=None, Cookie="secret"))
        [text] = self.texts()
        self.assertIn("426", text)
        self.assertNotIn("secret", text)

    def test_a_page_that_may_not_connect_is_told_to_the_operator(self):
        self.open(head(Origin="http://localhost:5173"))
        self.assertIn("http://localhost:5173", self.texts()[0])
        self.assertIn("--origin", self.texts()[0])

    def test_text_of_a_peer_cannot_look_like_another_line(self):
        class Echoing(RequestHandlerProtocol):
            def onConnect(self, request):
                raise ConnectionDeny(403, request.headers["x"] + "\r\n2026 forged")

        self.open(head(X="\x85\x9b2J"), kind=Echoing)
        [text] = self.texts()
        self.assertTrue(text.isascii() and text.isprintable(), text)

    def test_many_of_a_kind_are_counted_and_not_written(self):
        factory = self.serve(make_router())
        for _ in range(500):
            protocol = factory.buildProtocol(None)
            protocol.makeConnection(Transport())
            protocol.dataReceived(b"\x16\x03\x01")
        self.assertEqual(10, len(self.events))
        self.clock.advance(10)
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(Transport())
        protocol.dataReceived(b"\x16\x03\x01")
        self.assertIn("(490 more like it were not logged)", self.texts()[-1])


class CompressionTests(OpeningTestCase):
    WITHOUT = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    def agreed(self, offers, **options):
        self.open(head(Sec_WebSocket_Extensions=offers), **options)
        self.assertEqual(101, self.status())
        answer = self.transport.value().decode()
        lines = [line for line in answer.split("\r\n") if line.startswith("Sec-WebSocket-Ext")]
        return lines[0].partition(": ")[2] if lines else None

    def test_contexts_are_kept_by_neither_side(self):
        for offer, agreed in (
            ("permessage-deflate", self.WITHOUT),
            ("permessage-deflate; client_max_window_bits", self.WITHOUT),
            ("permessage-deflate; server_max_window_bits=10",
             self.WITHOUT + "; server_max_window_bits=10"),
        ):  # fmt: skip
            self.assertEqual(agreed, self.agreed(offer, compress=True))

    def test_an_offer_that_is_not_understood_is_declined(self):
        """And no reason to refuse the client."""
        for offer in (
            "permessage-deflate; server_max_window_bits=8", "permessage-deflate; x=1",
            "permessage-deflate; server_no_context_takeover=1", "x-webkit-frame",
        ):  # fmt: skip
            for compress in (True, False):
                self.assertIsNone(self.agreed(offer, compress=compress), offer)
            self.assertEqual(
                self.WITHOUT, self.agreed(f"{offer}, permessage-deflate", compress=True)
            )
