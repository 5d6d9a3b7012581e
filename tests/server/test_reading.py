"""What a connection reads: in turns, within its budgets, and as fast as its answers are read."""

from twisted.internet.testing import MemoryReactorClock

from aiorest_gw import RequestHandlerProtocol, SimpleRouter
from aiorest_gw.testing import GatewayTestCase
from tests.server.test_fast_path import frame

HELLO = b'{"method":"GET","url":"/hello","id":%d}'


class Ticking(MemoryReactorClock):
    """A clock on which every look takes a moment, as work does."""

    moment = 0.0

    def seconds(self):
        self.rightNow += self.moment
        return super().seconds()


class ReadingTestCase(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.clock = Ticking()
        self.ran = []
        self.router = SimpleRouter()
        self.router.get("/hello")(lambda request: self.ran.append(request.id) or "hello")
        self.router.get("/large")(lambda request: "x" * 100_000)

    def flood(self, client, count):
        client.send_octets(b"".join(frame(0x81, HELLO % number) for number in range(count)))


class TurnTests(ReadingTestCase):
    def test_a_flood_delays_itself_and_nobody_else(self):
        factory = self.serve(self.router)
        flooding, other = self.connect(factory), self.connect(factory)
        self.clock.moment = 0.0004
        self.flood(flooding, 1_000)
        self.assertLess(len(self.ran), 200)
        self.assertTrue(flooding.paused)
        self.assertEqual("hello", other.request("GET", "/hello", id="other").data)
        self.assertLess(len(self.ran), 400)
        while len(self.ran) < 1_001:
            self.advance(0)
        self.assertEqual(list(range(1_000)), [id for id in self.ran if id != "other"])
        self.assertFalse(flooding.paused)
        self.assertEqual(1_000, len(flooding.messages))

    def test_messages_that_take_long_are_few_in_a_turn(self):
        """However many whole ones a read brings."""
        factory = self.serve(self.router)
        flooding, other = self.connect(factory), self.connect(factory)

        @self.router.get("/slow")
        def slow(request):
            self.clock.rightNow += 0.005
            self.ran.append(request.id)

        slow_one = b'{"method":"GET","url":"/slow","id":%d}'
        messages = [frame(0x81, slow_one % number + b" " * 2_000) for number in range(20)]
        flooding.send_octets(b"".join(messages))
        self.assertEqual("hello", other.request("GET", "/hello", id="other").data)
        while len(self.ran) < 21:
            self.advance(0)
        self.assertEqual([0, "other", *range(1, 20)], self.ran)
        self.assertEqual(20, len(flooding.messages))

    def test_what_autobahn_reads_takes_turns_too(self):
        client = self.connect(self.serve(self.router))
        self.clock.moment = 0.0004
        client.send_octets(frame(0x01, b"{}") + frame(0x00, b"") * 1_000 + frame(0x80, b""))
        self.assertEqual([], client.messages)
        for _ in range(100):
            self.advance(0)
        self.assertEqual(1, len(client.messages))

    def test_after_a_large_read_it_is_the_turn_of_the_others(self):
        """A loop may read the same connection many times in a row, if it is not told to stop."""
        factory = self.serve(self.router)
        client = self.connect(factory)
        self.clock.moment = 0.0004
        large = frame(0x81, HELLO % 1 + b" " * 70_000)
        for octets in (large, large + large[:80_000], large[:70_000], large[70_000:]):
            client.send_octets(octets)
            self.assertEqual(len(octets) > 65_536, client.paused)
            self.advance(0)
            self.assertFalse(client.paused)

    def test_a_peer_that_leaves_in_between_is_forgotten(self):
        client = self.connect(self.serve(self.router))
        self.clock.moment = 0.0004
        self.flood(client, 1_000)
        client.cut()
        ran = len(self.ran)
        self.advance(1)
        self.assertEqual(ran, len(self.ran))

    def test_others_are_served_while_a_large_message_is_worked_on(self):
        """It is looked at in one turn and answered in another; what follows it waits."""
        factory = self.serve(self.router)
        sending, other = self.connect(factory), self.connect(factory)
        large = frame(0x81, HELLO % 1 + b" " * 300_000)
        sending.send_octets(large + frame(0x81, HELLO % 2))
        self.assertTrue(sending.paused)
        self.assertEqual("hello", other.request("GET", "/hello", id="other").data)
        self.advance(0)
        self.assertEqual(["other", 1, 2], self.ran)
        self.assertFalse(sending.paused)

    def test_a_large_message_of_one_who_leaves_is_not_answered(self):
        client = self.connect(self.serve(self.router))
        large = frame(0x81, HELLO % 1 + b" " * 300_000)
        client.send_octets(large)
        client.cut()
        self.advance(1)
        client = self.connect(self.serve(self.router))
        client.send_octets(large)
        client.server.sendClose(3000)
        self.advance(1)
        self.assertEqual([], self.ran)

    def test_a_large_message_that_holds_too_much_is_refused_in_its_turn(self):
        client = self.connect(self.serve(self.router, max_containers=100))
        for octets in (b"[" * 300_000, b'{"id":5,"data":[%s]}' % (b"[]," * 100_000 + b"0")):
            client.send_octets(frame(0x81, octets) + frame(0x81, HELLO % 2))
            self.assertIn("(max_", client.receive().detail)
            self.assertEqual(2, client.receive().id)

    def test_a_drain_does_not_wait_for_a_flood(self):
        factory = self.serve(self.router)
        client = self.connect(factory)
        self.clock.moment = 0.0004
        self.flood(client, 1_000)
        drained = factory.drain()
        self.advance(0.5)
        self.successResultOf(drained)
        self.assertEqual((4001, len(self.ran)), (client.close_code, len(client.messages)))

    def test_bytes_that_come_in_between_wait_for_their_turn(self):
        client = self.connect(self.serve(self.router))
        self.clock.moment = 0.0004
        self.flood(client, 500)
        server = client.server
        server.dataReceived(frame(0x81, HELLO % 500)[:7])
        server.dataReceived(frame(0x81, HELLO % 500)[7:])
        for _ in range(300):
            self.advance(0)
        self.assertEqual(list(range(501)), self.ran)


class BudgetTests(ReadingTestCase):
    def closed_with(self, client):
        client.move()
        self.assertFalse(client.connected)
        return client.close_code, client.close_reason

    def test_control_frames_have_a_budget(self):
        for first in (0x89, 0x8A):
            client = self.connect(self.serve(self.router, control_frames_per_second=5))
            client.send_octets(frame(first, b"x") * 10)
            self.assertTrue(client.connected)
            self.advance(1)
            client.send_octets(frame(first, b"x") * 5)
            self.assertTrue(client.connected)
            client.send_octets(frame(first, b"x"))
            self.assertEqual(
                (4004, "too many control frames in a second"), self.closed_with(client)
            )

    def test_fragments_have_a_budget(self):
        factory = self.serve(self.router, max_fragments=10)
        for fragments, closed in ((10, False), (11, True)):
            client = self.connect(factory)
            octets = frame(0x01, HELLO % 1) + frame(0x00, b"") * (fragments - 2)
            client.send_octets(octets + frame(0x80, b""))
            if closed:
                self.assertEqual(1009, self.closed_with(client)[0])
            else:
                self.assertEqual("hello", client.receive().data)

    def test_messages_and_bytes_have_a_budget_where_that_is_asked_for(self):
        client = self.connect(self.serve(self.router, messages_per_second=2))
        self.flood(client, 4)
        self.assertTrue(client.connected)
        self.flood(client, 1)
        self.assertEqual((4004, "too many messages in a second"), self.closed_with(client))
        client = self.connect(self.serve(self.router, bytes_per_second=100))
        self.flood(client, 10)
        self.assertTrue(client.connected)
        self.flood(client, 1)
        self.assertEqual((4004, "too many bytes in a second"), self.closed_with(client))

    def test_connections_of_an_address_have_a_rate_where_that_is_asked_for(self):
        factory = self.serve(self.router, connections_per_second=1)
        connected = [self.connect(factory, address="203.0.113.7").connected for _ in range(3)]
        self.assertEqual([True, True, False], connected)
        self.assertTrue(self.connect(factory, address="203.0.113.8").connected)
        self.assertTrue(all(self.connect(factory).connected for _ in range(5)))
        self.advance(1)
        self.assertTrue(self.connect(factory, address="203.0.113.7").connected)


class SlowReaderTests(ReadingTestCase):
    def test_one_that_reads_nothing_of_too_much_is_closed(self):
        factory = self.serve(self.router, max_outgoing_size=1_000_000)
        client = self.connect(factory)
        client.deaf = True
        for _ in range(20):
            client.server.sendMessage(b"x" * 100_000)
        self.advance(0.9)
        self.assertEqual(1, len(factory.connections))
        self.advance(0.1)
        self.assertEqual(4002, client.server.localCloseCode)
        self.advance(1.1)
        self.assertEqual(0, len(factory.connections))

    def test_one_that_reads_may_have_more_than_that_on_its_way(self):
        client = self.connect(self.serve(self.router, max_outgoing_size=1_000_000))
        client.deaf = True
        for _ in range(20):
            client.server.sendMessage(b"x" * 100_000)
        client.deaf = False
        client.move()
        self.advance(5)
        self.assertEqual((True, 20), (client.connected, len(client.messages)))


def _fails(self, *args):
    raise ValueError("of the application")


def _exits(self, *args):
    raise SystemExit(4)


async def _waits(self, *args):
    """A hook that should be no coroutine function."""


class HookTests(ReadingTestCase):
    def connect_to(self, protocol):
        factory = self.serve(self.router)
        factory.protocol = protocol
        return self.connect(factory)

    def test_an_error_of_onMessage_closes_and_loses_nothing_before_it(self):
        class Failing(RequestHandlerProtocol):
            def onMessage(self, payload, isBinary):
                if payload == b"bad":
                    raise ValueError("broken")
                super().onMessage(payload, isBinary)

        client = self.connect_to(Failing)
        good = frame(0x81, HELLO % 1)
        client.send_octets(good + frame(0x81, b"bad") + good)
        self.assertEqual((1, 1011), (len(client.messages), client.close_code))
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_an_error_of_a_hook_closes_and_what_came_before_is_answered(self):
        """In whichever turn it comes, and whether the frame was whole or not."""
        for name, octets in (
            ("onPing", frame(0x89, b"bad")),
            ("onPong", frame(0x8A, b"bad")),
            ("onMessageBegin", frame(0x01, b"bad") + frame(0x80, b"")),
            ("onMessageFrameEnd", frame(0x01, b"bad") + frame(0x80, b"")),
            ("onMessageEnd", frame(0x01, b"bad") + frame(0x80, b"")),
        ):
            for cut in (len(octets), 1, 5):
                client = self.connect_to(type("Failing", (RequestHandlerProtocol,), {name: _fails}))
                self.clock.moment = 0.0004
                before = [] if name.startswith("onMessage") else [frame(0x81, HELLO % 1)] * 20
                client.send_octets(b"".join(before) + octets[:cut])
                for _ in range(30):
                    self.advance(0)
                client.send_octets(octets[cut:] + frame(0x81, HELLO % 2))
                for _ in range(30):
                    self.advance(0)
                self.assertEqual((len(before), 1011), (len(client.messages), client.close_code))
                self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
                self.clock.moment = 0

    def test_a_hook_that_exits_ends_no_gateway(self):
        for name in ("onOpen", "onMessage", "onPing", "onClose"):
            client = self.connect_to(type("Exiting", (RequestHandlerProtocol,), {name: _exits}))
            if client.connected:
                client.send_octets(frame(0x89, b"") + frame(0x81, HELLO % 1))
                client.close()
            self.assertEqual(1, len(self.flushLoggedErrors(SystemExit)), name)
            if name != "onClose":
                self.assertEqual(1011, client.close_code)

    def test_a_hook_that_nobody_would_await_is_refused(self):
        for name in ("onOpen", "onMessage", "onPing", "onPong", "onClose"):
            with self.assertRaisesRegex(TypeError, f"Waiting.{name} is called and not awaited"):
                type("Waiting", (RequestHandlerProtocol,), {name: _waits})

    def test_an_error_of_decoding_is_answered(self):
        class Failing(RequestHandlerProtocol):
            def _decode_message(self, payload, isBinary=False):
                if payload == b"bad":
                    raise ValueError("broken")
                return super()._decode_message(payload, isBinary)

        client = self.connect_to(Failing)
        good = frame(0x81, HELLO % 1)
        client.send_octets(good + frame(0x81, b"bad") + good)
        self.assertEqual(3, len(client.messages))
        self.assertIn(b"server error", client.messages[1])
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_an_answer_that_cannot_be_encoded_closes(self):
        for wrong in (lambda response: 1 / 0, lambda response: response.decode()):

            class Failing(RequestHandlerProtocol):
                def _encode_message(self, response, isBinary=False, wrong=wrong):
                    return wrong(response) if b'"id":2' in response else response

            client = self.connect_to(Failing)
            client.send_octets(b"".join(frame(0x81, HELLO % id) for id in (1, 2, 3)))
            self.assertEqual((1, 1011), (len(client.messages), client.close_code))
            self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError, TypeError)))

    def test_hooks_below_whole_messages_are_called(self):
        seen = []

        class Streaming(RequestHandlerProtocol):
            def onMessageFrameData(self, payload):
                seen.append(payload)
                super().onMessageFrameData(payload)

        client = self.connect_to(Streaming)
        self.flood(client, 2)
        self.assertEqual(([HELLO % 0, HELLO % 1], 2), (seen, len(client.messages)))

    def test_listeners_hear_of_messages(self):
        heard = []
        client = self.connect(self.serve(self.router))
        client.server.on("message", lambda payload, is_binary: heard.append(payload))
        self.flood(client, 2)
        self.assertEqual((2, 2), (len(heard), len(client.messages)))

    def test_traffic_is_counted(self):
        client = self.connect(self.serve(self.router))
        self.flood(client, 3)
        stats = client.server.trafficStats
        self.assertEqual((3, 3), (stats.incomingWebSocketFrames, stats.incomingWebSocketMessages))
        self.assertGreater(stats.incomingOctetsWireLevel, 100)
