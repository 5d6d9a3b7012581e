"""A tab's WebSocket: hostile frames, slow tabs, and the time."""

import struct

from aiorest_gw.livereload.live import LiveReload
from aiorest_gw.livereload.messages import MAX_FRAME
from aiorest_gw.testing import GatewayTestCase

from .tabs import HELLO, Tab

URL = "http://127.0.0.1:8080/"


def frame(opcode, data, fin=True):
    """As a client sends it, masked with zeros."""
    length = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack("!BH", 0xFE, len(data))
    return bytes([fin << 7 | opcode]) + length + bytes(4) + data


class EndpointTests(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.factory = self.serve(ping_interval=10, ping_timeout=5)
        self.live = LiveReload(self.factory)
        self.tab = Tab(self.factory)

    def test_hello_is_answered_with_hello_and_nothing_else_comes(self):
        self.tab.say(HELLO, HELLO, {"command": "info", "url": URL}, {"command": "url"})
        [hello] = self.tab.heard
        self.assertEqual(("hello", HELLO["protocols"]), (hello["command"], hello["protocols"]))
        self.assertEqual(URL, self.live.live_clients[0].url)

    def test_reloads_come_only_after_hello(self):
        self.live.changed(["look.css"])
        self.live.alert("broken")
        self.tab.move()
        self.assertEqual([], self.tab.heard)
        self.tab.show(URL)
        self.live.changed(["look.css"])
        self.live.alert("broken")
        self.tab.move()
        self.assertEqual(["reload", "alert"], [one["command"] for one in self.tab.heard])

    def test_a_tab_that_says_no_hello_for_five_seconds_is_closed(self):
        self.clock.advance(4.9)
        self.tab.move()
        self.assertIsNone(self.tab.closed)
        self.clock.advance(0.2)
        self.tab.move()
        self.assertEqual(1008, self.tab.closed)
        self.assertTrue(self.tab.transport.disconnecting)

    def test_a_tab_that_said_hello_stays(self):
        self.tab.show(URL)
        for _ in range(10):
            self.clock.advance(10)
            self.tab.move()
        self.assertIsNone(self.tab.closed)
        self.assertFalse(self.tab.transport.aborted)

    def test_silent_tabs_are_pinged_and_hear_no_other_message(self):
        self.tab.show(URL)
        for _ in range(6):
            self.clock.advance(10)
            self.tab.move()
        self.assertGreater(self.tab.pings, 1)
        self.assertEqual([], self.tab.heard)

    def test_a_tab_that_answers_no_ping_is_cut(self):
        self.tab.show(URL)
        self.tab.answers = False
        for _ in range(4):
            self.clock.advance(10)
            self.tab.move()
        self.assertTrue(self.tab.transport.aborted)

    def test_frames_that_are_none_close_it(self):
        for octets, code in (
            (b"\xff\xff\xff\xff", 1002),
            (b"\x81\x05hello", 1002),  # not masked
            (frame(0x1, b"\xff\xfe"), None),  # no UTF-8: no message, and passed over
            (frame(0x2, b"\x00\x01"), None),
            (frame(0x1, b"[" * 10_000), None),
            (frame(0x9, b"x" * 126), 1002),
        ):
            tab = Tab(self.factory)
            tab.feed(octets)
            self.assertEqual(code, tab.closed, octets[:20])

    def test_frames_that_are_too_large_close_it_before_they_have_come(self):
        head = b"\x81\xff" + struct.pack("!Q", 4 * MAX_FRAME + 1) + bytes(4)
        self.tab.feed(head)
        self.assertEqual(1009, self.tab.closed)

    def test_many_small_parts_of_one_message_are_bounded_too(self):
        self.tab.feed(frame(0x1, b"x" * 65_535, fin=False))
        for _ in range(5):
            self.tab.feed(frame(0x0, b"x" * 65_535, fin=False))
        self.assertEqual(1009, self.tab.closed)

    def test_a_message_in_parts_is_one(self):
        self.tab.feed(
            frame(0x1, b'{"command":', fin=False) + frame(0x9, b"") + frame(0x0, b'"hello"}')
        )
        self.assertEqual(["hello"], [one["command"] for one in self.tab.heard])

    def test_too_much_nonsense_closes_it(self):
        self.tab.say(*["nonsense"] * 20)
        self.assertIsNone(self.tab.closed)
        self.tab.say("nonsense")
        self.assertEqual(1008, self.tab.closed)

    def test_a_tab_that_reads_nothing_is_cut_before_much_waits_for_it(self):
        self.tab.show(URL)
        self.tab.transport.producer.pauseProducing()
        self.live.changed(["look.css"])
        self.assertTrue(self.tab.transport.aborted)

    def test_a_tab_that_asks_and_reads_nothing_is_not_heard_until_it_reads(self):
        """Else the answers to its pings would fill the memory."""
        self.tab.show(URL)
        self.tab.transport.producer.pauseProducing()
        self.assertEqual("paused", self.tab.transport.producerState)
        self.tab.transport.producer.resumeProducing()
        self.assertEqual("producing", self.tab.transport.producerState)

    def test_a_flood_of_frames_closes_it(self):
        for flood in (frame(0x9, b""), frame(0x0, b"", fin=False), frame(0x1, b'{"command":"x"}')):
            tab = Tab(self.factory)
            tab.feed(frame(0x1, b"", fin=False) if not flood[0] else b"")
            tab.feed(flood * 10_000)
            self.assertEqual(1008, tab.closed)
            self.assertTrue(tab.transport.disconnecting)

    def test_frames_that_come_one_after_the_other_are_no_flood(self):
        self.tab.show(URL)
        for _ in range(300):
            self.tab.feed(frame(0x9, b"") * 2)
            self.clock.advance(0.05)
        self.assertIsNone(self.tab.closed)

    def test_a_tab_that_reads_again_is_told_again(self):
        self.tab.show(URL)
        self.tab.transport.producer.pauseProducing()
        self.tab.transport.producer.resumeProducing()
        self.live.changed(["look.css"])
        self.tab.move()
        self.assertEqual(1, len(self.tab.heard))

    def test_a_gateway_that_stops_closes_it_in_order(self):
        self.tab.show(URL)
        drained = self.factory.drain(0)
        self.tab.move()
        self.assertEqual(1001, self.tab.closed)
        self.live.changed(["look.css"])
        self.tab.lose()
        self.successResultOf(drained)

    def test_a_tab_that_does_not_close_is_cut(self):
        self.tab.show(URL)
        self.tab.answers = False
        self.live.live_clients[0].drain()
        self.tab.move()
        self.clock.advance(5.1)
        self.assertTrue(self.tab.transport.aborted)

    def test_nothing_is_left_of_a_tab_that_went(self):
        self.tab.show(URL)
        self.tab.lose()
        self.assertEqual((), self.live.live_clients)
        self.assertEqual([], [call for call in self.clock.getDelayedCalls() if call.active()])
        self.assertEqual(set(), self.factory.web.connections)

    def test_tabs_are_counted_with_the_connections_of_the_gateway(self):
        factory = self.serve(max_connections=1)
        LiveReload(factory)
        tab = Tab(factory)
        refused = Tab(factory)
        self.assertEqual(503, refused.client.handshake_exc.response.status_code)
        refused.lose()
        tab.lose()
        self.assertIsNone(Tab(factory).client.handshake_exc)

    def test_pages_of_other_origins_are_refused(self):
        tab = Tab(self.factory, Origin="http://evil.example")
        self.assertEqual(403, tab.client.handshake_exc.response.status_code)
        self.assertEqual(1, len(self.live.live_clients))
