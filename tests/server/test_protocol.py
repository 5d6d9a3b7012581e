"""The opening handshake, limits, heartbeat and closing of a connection."""

import itertools
import zlib

import msgspec

from aiorest_gw import (
    AbstractMiddleware,
    Application,
    ConfigurationError,
    Limits,
    RequestHandlerFactory,
    RequestHandlerProtocol,
    SimpleRouter,
)
from aiorest_gw.testing import GatewayTestCase
from benchmarks.wire import client_frame


def make_router():
    router = SimpleRouter()
    router.post("/echo")(lambda request, body: body)
    router.get("/session")(lambda request: [request.session.session_id, request.session.peer])
    router.get("/big")(lambda request, size: "x" * size)
    return router


class HandshakeTests(GatewayTestCase):
    def status(self, client):
        """Of a handshake that was refused: HTTP status and text."""
        self.assertFalse(client.connected)
        head, _, body = client.refusal.partition("\r\n\r\n")
        return int(head.split()[1]), body.strip()

    def test_pages_of_other_origins_are_refused(self):
        factory = self.serve(origins=["https://app.example"])
        for origin in ("http://evil.example", "null"):
            client = self.connect(factory, headers={"Origin": origin})
            self.assertEqual((403, "This origin may not connect"), self.status(client))
        for origin in ("http://gateway.example", "https://app.example"):
            self.assertTrue(self.connect(factory, headers={"Origin": origin}).connected)
        self.assertTrue(self.connect(factory).connected)

    def test_a_subclass_does_not_lose_the_checks(self):
        """An ``onConnect`` that lets everybody in cannot leave them out."""

        class Open(RequestHandlerProtocol):
            def onConnect(self, request):
                return None

        factory = self.serve()
        factory.protocol = Open
        client = self.connect(factory, headers={"Origin": "http://evil.example"})
        self.assertEqual(403, self.status(client)[0])

    def test_only_the_path_of_the_gateway_is_answered(self):
        for options in ({"path": "api"}, {"url": "ws://gateway.example/api/"}):
            factory = self.serve(**options)
            self.assertTrue(self.connect(factory, path="/api").connected)
            self.assertTrue(self.connect(factory, path="/api/").connected)
            self.assertEqual(404, self.status(self.connect(factory, path="/"))[0])
            self.assertEqual(404, self.status(self.connect(factory, path="/apiary"))[0])

    def test_unknown_subprotocols_are_refused(self):
        """Never taken for the plain dialect in silence."""
        client = self.connect(self.serve(), protocols=["aiorest.9.json", "other"])
        self.assertEqual(400, self.status(client)[0])

    def test_a_subclass_may_speak_a_subprotocol(self):
        class Chat(RequestHandlerProtocol):
            def onConnect(self, request):
                return "chat"

        factory = self.serve(protocols=["chat"])
        factory.protocol = Chat
        self.assertTrue(self.connect(factory, protocols=["chat", "other"]).connected)

    def test_a_get_without_upgrade_is_told_to_upgrade(self):
        client = self.connect(self.serve())
        raw = self.connect_raw(b"GET / HTTP/1.1\r\nHost: gateway.example\r\n\r\n")
        self.assertIn(b"HTTP/1.1 426 Upgrade Required\r\n", raw)
        self.assertIn(b"Upgrade: websocket\r\n", raw)
        self.assertNotIn(b"Autobahn", raw)
        self.assertTrue(client.connected)

    def connect_raw(self, octets):
        """What the gateway writes to a client that sends these."""
        from twisted.internet.testing import StringTransport

        protocol = self.serve().buildProtocol(None)
        transport = StringTransport()
        transport.abortConnection = transport.loseConnection
        protocol.makeConnection(transport)
        protocol.dataReceived(octets)
        return transport.value()

    def test_no_version_is_told(self):
        raw = self.connect_raw(
            b"GET / HTTP/1.1\r\nHost: gateway.example\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        self.assertIn(b"101 Switching", raw)
        self.assertNotIn(b"Server:", raw)

    def test_an_error_of_onConnect_is_not_told(self):
        class Failing(RequestHandlerProtocol):
            def onConnect(self, request):
                raise RuntimeError("secret")

        factory = self.serve()
        factory.protocol = Failing
        self.assertEqual((500, "Internal Server Error"), self.status(self.connect(factory)))
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))

    def test_an_error_of_onOpen_closes_the_connection(self):
        """A client would else wait for ever."""

        class Failing(RequestHandlerProtocol):
            def onOpen(self):
                raise RuntimeError("broken")

        factory = self.serve()
        factory.protocol = Failing
        client = self.connect(factory)
        self.assertEqual((False, 1011), (client.connected, client.close_code))
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))

    def test_a_slow_handshake_is_cut(self):
        from twisted.internet.testing import StringTransport

        protocol = self.serve(handshake_timeout=5).buildProtocol(None)
        transport = StringTransport()
        transport.abortConnection = transport.loseConnection
        protocol.makeConnection(transport)
        protocol.dataReceived(b"GET / HTTP/1.1\r\n")
        self.clock.advance(5.1)
        self.assertTrue(transport.disconnecting)

    def test_each_connection_has_a_session_of_its_own(self):
        factory = self.serve(make_router())
        sessions = [self.connect(factory).request("GET", "/session").data for _ in range(2)]
        self.assertNotEqual(sessions[0][0], sessions[1][0])
        self.assertGreater(len(sessions[0][0]), 20)


class ConnectionLimitTests(GatewayTestCase):
    def test_too_many_connections_are_refused(self):
        factory = self.serve(max_connections=2)
        first = [self.connect(factory) for _ in range(2)]
        self.assertIn("503", self.connect(factory).refusal)
        first[0].close()
        self.assertTrue(self.connect(factory).connected)

    def test_too_many_connections_of_one_address_are_refused(self):
        """But for loopback and trusted proxies, which stand for many clients."""
        factory = self.serve(max_connections_per_address=1, trusted_proxies=["10.0.0.0/8"])
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "::ffff:192.0.2.9"):
            client = self.connect(factory, address=address)
            self.assertTrue(client.connected)
            self.assertIn("429", self.connect(factory, address=address).refusal)
            client.cut()
            self.assertTrue(self.connect(factory, address=address).connected)
        for address in ("127.0.0.1", "::1", "10.1.2.3", "::ffff:127.0.0.1", "::ffff:10.0.0.1"):
            self.assertTrue(all(self.connect(factory, address=address).connected for _ in "ab"))

    def test_what_is_to_be_refused_is_bounded_too(self):
        factory = self.serve(max_connections=1)
        for _ in range(1001):
            factory.admission.enter("192.0.2.1")
        self.assertRaises(ConnectionRefusedError, self.connect, factory)

    def test_a_refused_connection_is_counted_out(self):
        factory = self.serve(max_connections=1)
        client = self.connect(factory)
        for _ in range(3):
            self.connect(factory)
        client.close()
        self.assertEqual((0, 0), (factory.admission.total, len(factory.connections)))


class MessageLimitTests(GatewayTestCase):
    def test_a_message_that_is_too_big_closes_with_1009(self):
        factory = self.serve(make_router(), max_message_size=1000)
        client = self.connect(factory)
        client.send(b" " * 1001)
        self.assertEqual(1009, client.close_code)
        self.assertEqual(
            "a message of more than 1000 bytes (max_message_size)", client.close_reason
        )
        client = self.connect(factory)
        self.assertEqual("x" * 900, client.request("POST", "/echo", data="x" * 900).data)

    def test_an_answer_may_be_bigger_than_a_request(self):
        client = self.connect(self.serve(make_router(), max_message_size=1000))
        self.assertEqual(100_000, len(client.request("GET", "/big", args={"size": 100_000}).data))

    def test_text_that_is_not_utf8_closes_with_1007(self):
        client = self.connect(self.serve(make_router()))
        client.send(b'{"a":"\xff"}')
        self.assertEqual(1007, client.close_code)

    def test_a_broken_frame_closes_with_1002(self):
        client = self.connect(self.serve(make_router()))
        client.send_octets(b"\xff\xff")
        self.assertEqual(1002, client.close_code)

    def test_depth_is_limited(self):
        client = self.connect(self.serve(make_router(), max_depth=3))
        self.assertEqual([[1]], client.request("POST", "/echo", data=[[1]]).data)
        self.assertEqual(400, client.request("POST", "/echo", data=[[[1]]]).status)

    def test_compression_is_off_unless_asked_for(self):
        for compress in (False, True):
            factory = self.serve(make_router(), compress=compress)
            client = self.connect(factory, compress=True)
            self.assertEqual("x" * 500, client.request("POST", "/echo", data="x" * 500).data)
            self.assertEqual(compress, bool(client.server.websocket_extensions_in_use))

    def test_an_onClose_that_fails_keeps_no_gateway_from_ending(self):
        class Failing(RequestHandlerProtocol):
            def onClose(self, wasClean, code, reason):
                raise ValueError("of the application")

        factory = self.serve(make_router(), protocol=Failing)
        client = self.connect(factory)
        drained = factory.drain()
        client.move()
        self.advance(2)
        client.cut()
        self.successResultOf(drained)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_answers_before_a_drop_leave_before_it(self):
        router = make_router()
        client = self.connect(self.serve(router))
        router.get("/drop")(lambda request: client.server.dropConnection())
        asked = (b'{"method":"POST","url":"/echo","data":1}', b'{"method":"GET","url":"/drop"}')
        client.send_octets(b"".join(map(client_frame, asked)))
        self.assertEqual(1, len(client.messages))

    def test_a_large_compressed_message_is_overtaken_by_none(self):
        """To look at it and to answer it takes turns; what follows it waits for that."""
        router = SimpleRouter()
        router.post("/size")(lambda request: len(request.data))
        for in_one_read in (True, False):
            client = self.connect(self.serve(router, compress=True), compress=True)
            client.send({"method": "POST", "url": "/size", "data": "to begin with"})
            frames = []
            for size in (300_000, 1):
                text = msgspec.json.encode({"method": "POST", "url": "/size", "data": "a" * size})
                deflated = zlib.compressobj(wbits=-15)
                payload = (deflated.compress(text) + deflated.flush(zlib.Z_SYNC_FLUSH))[:-4]
                head = [0xC1, 0x80 | 126, *divmod(len(payload), 256)]
                if len(payload) < 126:
                    head = [0xC1, 0x80 | len(payload)]
                frames.append(bytes(head) + bytes(4) + payload)
            for read in [b"".join(frames)] if in_one_read else frames:
                client.server.dataReceived(read)
            for _ in range(10):
                self.advance(0)
            sizes = [client.receive().data for _ in range(3)]
            self.assertEqual([13, 300_000, 1], sizes, in_one_read)

    def test_what_is_inflated_is_limited(self):
        """A small frame that would become a huge message closes with 1009."""
        factory = self.serve(make_router(), compress=True, max_message_size=10_000)
        client = self.connect(factory, compress=True)
        deflated = zlib.compressobj(wbits=-15)
        bomb = deflated.compress(b"x" * 5_000_000) + deflated.flush(zlib.Z_SYNC_FLUSH)
        self.assertLess(len(bomb), 10_000)
        client._protocol.sendFrame(opcode=1, payload=bomb[:-4], rsv=4)
        client.move()
        self.advance(1.1)
        self.assertEqual(1009, client.close_code)


class HeartbeatTests(GatewayTestCase):
    def test_a_client_that_answers_pings_stays(self):
        client = self.connect(self.serve(ping_interval=25, ping_timeout=10))
        for _ in range(20):
            self.advance(10)
        self.assertTrue(client.connected)

    def test_a_silent_client_is_closed_with_4003(self):
        client = self.connect(self.serve(ping_interval=25, ping_timeout=10))
        client._protocol.onPing = lambda payload: None
        for _ in range(7):
            self.advance(5.1)
        self.assertEqual(4003, client.close_code)

    def test_a_dead_client_is_cut(self):
        client = self.connect(self.serve(ping_interval=25, ping_timeout=10))
        client.deaf = True
        self.advance(25.1)
        self.advance(10.1)
        self.advance(1.1)
        self.assertEqual(0, len(client.server.factory.connections))

    def test_a_client_that_does_not_read_is_not_read(self):
        """Its answers do not pile up: it gets no further ones until it reads, or is cut."""
        factory = self.serve(make_router())
        client = self.connect(factory)
        client.deaf = True
        for number in range(50):
            client.send({"method": "GET", "url": "/big", "args": {"size": 50_000}, "id": number})
        self.assertLess(len(client._theirs.written), 300_000)
        client.deaf = False
        client.move()
        self.assertEqual(50, len(client.messages))

    def test_a_client_that_never_reads_is_closed(self):
        factory = self.serve(make_router(), ping_interval=5, ping_timeout=5)
        client = self.connect(factory)
        client.deaf = True
        for number in range(50):
            client.send({"method": "GET", "url": "/big", "args": {"size": 50_000}, "id": number})
        for _ in range(4):
            self.advance(5)
        self.assertEqual(0, len(factory.connections))


class DrainTests(GatewayTestCase):
    def test_open_requests_are_finished_then_the_connection_is_closed(self):
        from twisted.internet.defer import Deferred

        waiting: Deferred = Deferred()
        router = make_router()
        router.get("/wait")(lambda request: waiting)
        factory = self.serve(router)
        busy, idle = self.connect(factory), self.connect(factory)
        busy.send({"method": "GET", "url": "/wait"})
        drained = factory.drain()
        idle.move()
        self.assertEqual(4001, idle.close_code)
        self.assertRaises(ConnectionRefusedError, self.connect, factory)
        busy.send({"method": "GET", "url": "/session"})
        self.assertNoResult(drained)
        waiting.callback("finished")
        self.assertEqual("finished", busy.receive().data)
        self.assertEqual((4001, []), (busy.close_code, busy.messages))
        self.successResultOf(drained)

    def test_a_request_that_does_not_end_is_answered_all_the_same(self):
        from twisted.internet.defer import Deferred

        router = make_router()
        router.get("/hangs")(lambda request: Deferred())
        factory = self.serve(router, drain_timeout=10)
        client = self.connect(factory)
        client.send({"method": "GET", "url": "/hangs", "id": 1})
        drained, again = factory.drain(), factory.drain()
        self.advance(10.1)
        self.assertEqual(504, client.receive().status)
        self.assertEqual(4001, client.close_code)
        self.successResultOf(drained)
        self.successResultOf(again)

    def test_over_a_window_connections_are_closed_one_by_one(self):
        """Else their clients would come to another process all at once."""
        factory = self.serve(make_router(), max_connections_per_address=0, drain_window=10)
        clients = [self.connect(factory) for _ in range(100)]
        drained = factory.drain(10)
        closed = [0]
        for _ in range(10):
            self.assertEqual("x", clients[0].request("POST", "/echo", data="x").data
                             if clients[0].connected else "x")  # fmt: skip
            self.advance(1)
            closed.append(sum(not client.connected for client in clients))
        self.advance(0.2)
        self.assertLess(max(b - a for a, b in itertools.pairwise(closed)), 35)
        self.assertLess(closed[1], 30)
        self.assertEqual({(4001, "draining 10")}, {(c.close_code, c.close_reason) for c in clients})
        self.successResultOf(drained)

    def test_a_drain_that_is_cut_short_closes_all(self):
        factory = self.serve(make_router(), drain_window=10)
        clients = [self.connect(factory) for _ in range(20)]
        drained = factory.drain(10)
        factory.finish()
        self.advance(0)
        self.assertEqual({4001}, {client.close_code for client in clients})
        self.successResultOf(drained)

    def test_clients_that_do_not_answer_are_cut(self):
        """Those too that never finished their handshake."""
        from twisted.internet.testing import StringTransport

        factory = self.serve(drain_timeout=1)
        client = self.connect(factory)
        client.deaf = True
        half_open = factory.buildProtocol(None)
        half_open.makeConnection(StringTransport())
        drained = factory.drain()
        half_open.connectionLost()
        self.advance(1.1)
        self.advance(2.1)
        self.successResultOf(drained)

    def test_what_comes_behind_our_close_is_not_run(self):
        """It could not be answered any more; the client may send it elsewhere."""
        ran = []
        router = make_router()
        router.get("/ran")(ran.append)
        factory = self.serve(router)
        client = self.connect(factory)
        client.deaf = True
        factory.drain()
        client.send({"method": "GET", "url": "/ran"})
        client.deaf = False
        client.move()
        self.assertEqual(([], 4001), (ran, client.close_code))

    def test_without_connections_a_drain_is_done_at_once(self):
        self.successResultOf(self.serve().drain())


class FactoryTests(GatewayTestCase):
    def test_the_example_of_aiorest_ws_works(self):
        """Its documentation's own subclass, with only the import changed."""

        class CustomHandlerFactory(RequestHandlerFactory):
            """Factory, which also provide access to the cookies."""

            def __init__(self, *args, **kwargs):
                super(CustomHandlerFactory, self).__init__(*args, **kwargs)  # noqa: UP008
                self._cookies = kwargs.get("cookies_dump", {})

            @property
            def cookies(self):
                return self._cookies

        router = SimpleRouter()
        router.get("/cookies")(lambda request: request.factory.cookies)
        factory = self.serve(router, CustomHandlerFactory, cookies_dump={"a": "b"})
        self.assertEqual({"a": "b"}, self.connect(factory).request("GET", "/cookies").data)
        self.assertEqual({"cookies_dump": {"a": "b"}}, factory.shared)

    def test_the_router_is_checked_and_can_be_exchanged(self):
        factory = self.serve()
        client = self.connect(factory)
        self.assertEqual(404, client.request("GET", "/session").status)
        factory.router = make_router()
        self.assertEqual(200, client.request("GET", "/session").status)
        for wrong in (None, "router", dict):
            self.assertRaises(TypeError, setattr, factory, "router", wrong)
        self.assertRaises(TypeError, self.serve, "router")

    def test_one_thing_where_a_list_is_taken_is_told(self):
        class Middleware(AbstractMiddleware):
            pass

        for name, value in (
            ("middlewares", Middleware),
            ("middlewares", Middleware()),
            ("origins", "https://example.com"),
            ("trusted_proxies", "10.0.0.1"),
        ):
            error = self.assertRaises(ConfigurationError, RequestHandlerFactory, **{name: value})
            self.assertIn(f"{name} should be a list: {name}=[", error.args[0])
        self.assertRaises(ConfigurationError, Application, middlewares=Middleware)

    def test_misspelt_options_are_told(self):
        """They would else be kept as shared state, and the limit would not hold."""
        for wrong in ("max_conections", "ping_intervall", "orgins", "midlewares"):
            error = self.assertRaises(ConfigurationError, self.serve, **{wrong: 5})
            self.assertIn("is meant", error.args[0].replace("meant?", "is meant"))

    def test_words_of_the_command_line_are_told(self):
        for word, told in (
            ("trust_proxy", "is trusted_proxies meant?"),
            ("allowed_origins", "is origins meant?"),
            ("workers", "an option of the command"),
        ):
            error = self.assertRaises(ConfigurationError, self.serve, **{word: 2})
            self.assertIn(told, error.args[0])

    def test_wrong_values_are_told(self):
        for options in (
            {"max_depth": 0}, {"max_depth": 501}, {"max_depth": "5"}, {"max_depth": 1.5}, {"request_timeout": True},
            {"request_timeout": float("nan")}, {"ping_interval": -1}, {"origins": ["*"]},
            {"trusted_proxies": ["nowhere"]}, {"drain_timeout": float("inf")},
        ):  # fmt: skip
            self.assertRaises(ConfigurationError, self.serve, **options)

    def test_limits_can_be_given_as_one(self):
        limits = self.serve(limits=Limits(max_depth=5, ping_interval=0), max_connections=7).limits
        self.assertEqual(
            (5, 0, 7), (limits.max_depth, limits.ping_interval, limits.max_connections)
        )

    def test_middlewares_are_kept_per_factory(self):
        """A12: a second gateway does not inherit those of the first."""

        class Middleware:
            def process_request(self, request, handler):
                """Lets everything through."""

        first, second = self.serve(middlewares=(Middleware,)), self.serve()
        self.assertIsInstance(first.middlewares[0], Middleware)
        self.assertEqual((), tuple(second.middlewares))
        first.router = make_router()
        self.assertEqual(1, len(first.middlewares))
