"""What an open connection keeps, and that nothing which it lets go is missed."""

import gc
import tracemalloc
import weakref

import msgspec
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from aiorest_gw import RequestHandlerFactory, RequestHandlerProtocol, SimpleRouter
from aiorest_gw.testing import GatewayTestCase
from benchmarks.wire import client_frame
from tests.wire.test_handshake import head


def opened(factory):
    protocol = factory.buildProtocol(None)
    protocol.makeConnection(StringTransport())
    protocol.dataReceived(head())
    return protocol


class LeanTests(GatewayTestCase):
    def test_an_idle_connection_keeps_only_what_is_its_own(self):
        """Fails where a new Autobahn keeps something else: see whether it is the same for all."""
        server = opened(self.serve())
        kept = {
            "_address", "_answering", "_head", "autoPingPendingCall", "connected", "factory",
            "maxMessagePayloadSize", "peer", "session", "state", "trafficStats", "transport",
        }  # fmt: skip
        self.assertEqual(kept, set(vars(server)) - {"_straight"})

    def test_it_takes_little_memory(self):
        factory = self.serve(max_connections=1_000, max_connections_per_address=0)
        connections = [opened(factory) for _ in range(10)]
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        before = tracemalloc.get_traced_memory()[0]
        connections += [opened(factory) for _ in range(100)]
        transports = 100 * 700
        taken = tracemalloc.get_traced_memory()[0] - before - transports
        self.assertLess(taken / 100, 3_000)

    def test_all_that_autobahn_has_can_still_be_read(self):
        theirs = WebSocketServerFactory(reactor=MemoryReactorClock())
        theirs.protocol = WebSocketServerProtocol
        theirs.setProtocolOptions(openHandshakeTimeout=0)
        autobahn, server = opened(theirs), opened(self.serve())
        self.assertEqual(autobahn.STATE_OPEN, autobahn.state)
        differing = set()
        for name, value in vars(autobahn).items():
            found = getattr(server, name)
            if (
                isinstance(value, (str, int, bytes, list, dict, tuple, type(None)))
                and found != value
            ):
                differing.add(name)
        self.assertEqual(
            # Our own options; what listeners need, made by the first; a test's own text.
            {
                "_results", "allowNullOrigin", "autoPingInterval", "autoPingPendingCall",
                "autoPingTimeout", "failByDrop", "http_response_data", "maxFramePayloadSize",
                "maxMessagePayloadSize", "openHandshakeTimeout", "versions", "webStatus",
            },
            differing,
        )  # fmt: skip

    def test_options_can_be_set_for_one_connection(self):
        class Patient(RequestHandlerProtocol):
            autoPingTimeout = 77

        factory = self.serve()
        one, other = self.connect(factory).server, self.connect(factory).server
        one.failByDrop = True
        self.assertEqual((True, False), (one.failByDrop, other.failByDrop))
        factory.protocol = Patient
        self.assertEqual(77, self.connect(factory).server.autoPingTimeout)

    def test_the_handshake_is_read_again(self):
        server = opened(self.serve())
        self.assertNotIn("http_headers", vars(server))
        self.assertEqual("websocket", server.http_headers["upgrade"].lower())
        self.assertEqual("/", server.http_request_path)
        self.assertIs(server.http_headers, server.http_headers)

    def test_who_waits_for_an_end_is_told(self):
        for before in (True, False):
            client = self.connect(self.serve())
            told = []
            if before:
                client.server.is_closed.addCallback(self.note, told)
            client.server.sendClose(3000)
            client.move()
            self.assertEqual(client.server, self.successResultOf(client.server.is_closed))
            self.assertEqual([client.server] if before else [], told)
            self.successResultOf(client.server.is_open)

    def test_one_who_asked_before_it_was_open_is_told(self):
        factory = self.serve()
        server = factory.buildProtocol(None)
        asked = server.is_closed
        server.makeConnection(StringTransport())
        server.dataReceived(head())
        self.assertEqual(server.STATE_OPEN, server.state)
        server.connectionLost(Failure(ConnectionDone()))
        self.assertIs(server, self.successResultOf(asked))

    def note(self, server, told):
        told.append(server)
        return server

    def test_listeners_can_be_added(self):
        seen = []
        client = self.connect(self.serve())
        client.server.on("message", lambda payload, is_binary: seen.append(payload))
        client.send({"method": "GET", "url": "/"})
        self.assertEqual(1, len(seen))
        with self.assertRaises(RuntimeError):
            client.server.on("other", print)

    def test_chopped_writes_come_in_order(self):
        router = SimpleRouter()
        router.get("/x")(lambda request: "x")
        factory = RequestHandlerFactory(router=router, reactor=self.clock)
        client = self.connect(factory)
        client.server.sendMessage(b'"chopped"', sync=True)
        client.send({"method": "GET", "url": "/x"})
        self.assertEqual(b'"chopped"', client.messages.pop(0))
        self.assertEqual("x", client.receive().data)

    def test_what_is_lost_does_not_wait_for_the_collector(self):
        """Which would stop the gateway for longer, the more there is."""
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        server = opened(self.serve())
        server.dataReceived(client_frame(b'{"method":"GET","url":"/","id":1}'))
        server.dataReceived(client_frame(b'{"method":"GET","url":"/"}'))
        lost = weakref.ref(server)
        transport = server.transport
        server.connectionLost(Failure(ConnectionDone()))
        transport.producer = None
        del server
        self.assertIsNone(lost())

    def test_what_is_sent_within_a_message_comes_behind_it(self):
        router = SimpleRouter()
        later = Deferred()
        router.get("/now")(lambda request: "now")
        router.get("/later")(lambda request: later)
        for compress in (False, True):
            factory = self.serve(router, compress=compress)
            client = self.connect(factory, compress=compress)
            server = client.server
            later = Deferred()
            client.send({"method": "GET", "url": "/later", "id": 1})
            server.beginMessage()
            server.sendMessageFrame(b"one,")
            client.send({"method": "GET", "url": "/now", "id": 2})
            later.callback("later")
            server.sendMessage(b"third")
            server.sendPreparedMessage(factory.prepareMessage(b"fourth", doNotCompress=True))
            server.sendMessageFrame(b"two")
            self.assertEqual([], client.messages)
            server.endMessage()
            client.move()
            self.assertEqual(b"one,two", client.messages.pop(0))
            self.assertEqual((1, "later"), (client.receive().id, "later"))
            self.assertEqual([b"third", b"fourth"], client.messages[:2])
            del client.messages[:2]
            self.assertEqual((2, "now"), (lambda m: (m.id, m.data))(client.receive()))

    def test_a_push_within_a_message_waits_no_longer_than_for_its_end(self):
        factory = self.serve()
        for client in (self.connect(factory), self.open_session(factory).connection):
            client.messages.clear()
            client.server.beginMessage()
            client.server.sendMessageFrame(b"one")
            client.server.session.push("pushed")
            client.server.sendMessage(b"two")
            client.server.endMessage()
            client.move()
            self.assertEqual([b"one", b"two"], client.messages[:2])
            self.assertEqual([True], [b'"pushed"' in push for push in client.messages[2:]])

    def test_what_cannot_be_sent_is_told_at_once_and_loses_nothing_else(self):
        router = SimpleRouter()
        router.get("/now")(lambda request: "now")
        client = self.connect(self.serve(router))
        client.server.beginMessage()
        client.server.sendMessageFrame(b"one")
        self.assertRaises(TypeError, client.server.sendMessage, "text")
        client.server.sendMessage(b"wrong", fragmentSize="x")
        client.server.sendMessage(b"two")
        client.send({"method": "GET", "url": "/now"})
        client.server.endMessage()
        client.move()
        self.assertEqual([b"one", b"two"], client.messages[:2])
        self.assertEqual(3, len(client.messages))
        self.assertEqual(1, len(self.flushLoggedErrors(AssertionError)))

    def test_an_own_way_of_sending_is_taken_once(self):
        class Wrapping(RequestHandlerProtocol):
            def sendMessage(self, payload, *args, **kwargs):
                super().sendMessage(b"<%s>" % payload, *args, **kwargs)

        client = self.connect(self.serve(protocol=Wrapping))
        client.server.beginMessage()
        client.server.sendMessageFrame(b"own")
        client.server.sendMessage(b"one")
        client.server.endMessage()
        client.move()
        self.assertEqual([b"own", b"<one>"], client.messages)

    def test_what_waits_for_the_end_of_a_message_is_bounded(self):
        client = self.connect(self.serve(max_outgoing_size=1_000))
        client.server.beginMessage()
        for _ in range(11):
            client.server.sendMessage(b"x" * 100)
        client.move()
        self.assertEqual(4002, client.close_code)

    def test_a_drain_waits_for_the_end_of_a_message(self):
        for ends in (True, False):
            later = Deferred()
            router = SimpleRouter()
            router.get("/later")(lambda request, later=later: later)
            factory = self.serve(router, drain_timeout=5)
            client = self.connect(factory)
            client.send({"method": "GET", "url": "/later"})
            client.server.beginMessage()
            client.server.sendMessageFrame(b"own")
            drained = factory.drain()
            later.callback("later")
            client.move()
            self.assertEqual((True, []), (client.connected, client.messages))
            if ends:
                client.server.endMessage()
                client.move()
                self.assertEqual("later", msgspec.json.decode(client.messages[1])["data"])
            else:
                self.advance(5)
            self.assertEqual(4001, client.close_code)
            self.advance(3)
            self.successResultOf(drained)

    def test_every_way_of_sending_works_on_an_open_connection(self):
        for compress in (False, True):
            factory = self.serve(compress=compress)
            client = self.connect(factory, compress=compress)
            server = client.server
            server.beginMessage()
            server.sendMessageFrame(b"one,")
            server.sendMessageFrame(b"two")
            server.endMessage()
            server.sendMessage(b"x" * 1_000)
            server.sendMessage(b"y" * 1_000, doNotCompress=True)
            server.sendMessage(b"z" * 1_000, fragmentSize=300)
            server.sendPreparedMessage(factory.prepareMessage(b"w" * 1_000))
            client.move()
            expected = [b"one,two", *(letter * 1_000 for letter in (b"x", b"y", b"z", b"w"))]
            self.assertEqual(expected, client.messages)
