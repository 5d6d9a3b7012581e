"""What is sent leaves at the end of the loop's turn: a connection's in one write, and none is kept back."""

from twisted.internet.testing import MemoryReactorClock, StringTransport

from aiorest_gw import RequestHandlerProtocol, SimpleRouter
from aiorest_gw.testing import GatewayTestCase
from tests.wire.test_handshake import head

from .test_fast_path import frame
from .test_reading import HELLO


class Loop:
    """As much of asyncio's loop as is asked for."""

    def __init__(self):
        self.soon = []

    def call_soon(self, call):
        self.soon.append(call)

    def turn(self):
        """The end of this turn, and of those that follow from it."""
        while self.soon:
            self.soon.pop(0)()


class Transport(StringTransport):
    """Notes each write for itself."""

    def __init__(self):
        super().__init__()
        self.writes = []

    def write(self, data):
        self.writes.append(data)


class OutgoingTests(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.clock = MemoryReactorClock()
        self.loop = self.clock._asyncioEventloop = Loop()
        self.router = SimpleRouter()
        self.router.get("/hello")(lambda request: "hello")
        self.factory = self.serve(self.router)

    def opened(self, kind=RequestHandlerProtocol):
        self.factory.protocol = kind
        connection = self.factory.buildProtocol(None)
        connection.makeConnection(Transport())
        connection.dataReceived(head())
        connection.transport.writes.clear()
        return connection

    def test_a_connections_answers_of_a_turn_leave_in_one_write(self):
        first, other = self.opened(), self.opened()
        for id in (1, 2):
            first.dataReceived(frame(0x81, HELLO % id))
        other.dataReceived(frame(0x81, HELLO % 3) + frame(0x81, HELLO % 4))
        first.sendMessage(b"pushed")
        self.assertEqual([[], []], [one.transport.writes for one in (first, other)])
        self.loop.turn()
        for connection, holds in ((first, [b'"id":1', b'"id":2', b"pushed"]), (other, [b'"id":4'])):
            (write,) = connection.transport.writes
            places = [write.index(part) for part in holds]
            self.assertEqual(sorted(places), places)

    def test_before_a_connection_is_read_on_its_answers_are_written(self):
        """Twisted's transports end it where they read its end, and write nothing any more."""
        written = []

        class Reading(Transport):
            def resumeProducing(self):
                super().resumeProducing()
                written.append(b"".join(self.writes).count(b'"status":200'))

        @self.router.get("/slow")
        def slow(request):
            self.clock.rightNow += 0.005

        connection = self.factory.buildProtocol(None)
        connection.makeConnection(Reading())
        connection.dataReceived(head())
        # Somebody else has something to write in this turn, so that nobody is alone in it.
        self.opened().sendMessage(b"pushed")
        slow_one = b'{"method":"GET","url":"/slow","id":%d}'
        requests = [frame(0x81, slow_one % number + b" " * 2_000) for number in range(3)]
        connection.dataReceived(b"".join(requests))
        for _ in range(3):
            self.clock.advance(0)
        self.assertEqual([3], written)

    def test_who_was_alone_need_not_wait_the_next_times(self):
        first, other = self.opened(), self.opened()
        first.sendMessage(b"alone")
        self.loop.turn()
        for _ in range(3):
            first.sendMessage(b"at once")
        self.assertEqual(4, len(first.transport.writes))
        for connection in (first, other):
            connection.sendMessage(b"waits")
        self.assertEqual([4, 0], [len(one.transport.writes) for one in (first, other)])
        self.loop.turn()
        first.sendMessage(b"waits again: they were two")
        self.assertEqual([5, 1], [len(one.transport.writes) for one in (first, other)])

    def test_on_other_reactors_they_leave_at_the_end_of_the_read(self):
        del self.clock._asyncioEventloop
        connection = self.opened()
        connection.dataReceived(frame(0x81, HELLO % 1) + frame(0x81, HELLO % 2))
        self.assertEqual(1, len(connection.transport.writes))
        connection.dataReceived(frame(0x81, HELLO % 3))
        connection.sendMessage(b"pushed")
        self.assertEqual(3, len(connection.transport.writes))

    def test_what_is_large_does_not_wait(self):
        connection = self.opened()
        connection.sendMessage(b"x" * 70_000)
        # The head, and what is too large to be copied behind it.
        self.assertEqual(2, len(connection.transport.writes))
        self.loop.turn()
        self.assertEqual(2, len(connection.transport.writes))

    def test_no_more_is_kept_for_all_together_than_there_is_room_for(self):
        connections = [self.opened() for _ in range(6)]
        for connection in connections:
            connection.sendMessage(b"x")
            connection.sendMessage(b"x" * 60_000)
        self.assertEqual([1, 1, 1, 1, 1, 0], [len(one.transport.writes) for one in connections])
        self.loop.turn()
        self.assertEqual([1] * 6, [len(one.transport.writes) for one in connections])

    def test_control_frames_come_behind_what_was_sent_before(self):
        connection = self.opened()
        connection.dataReceived(frame(0x81, HELLO % 1) + frame(0x89, b"ping"))
        self.assertIn(b'"id":1', b"".join(connection.transport.writes))
        self.assertTrue(b"".join(connection.transport.writes).endswith(b"\x8a\x04ping"))
        connection.sendMessage(b"last")
        connection.sendClose(1000)
        self.assertIn(b"last\x88", b"".join(connection.transport.writes))
        self.loop.turn()
        self.assertEqual(1, b"".join(connection.transport.writes).count(b"last"))

    def test_who_is_lost_meanwhile_or_fails_keeps_nobody_from_writing(self):
        class Failing(RequestHandlerProtocol):
            def flush(self):
                if self.state == self.STATE_OPEN:
                    raise ValueError("broken")

        lost, failing, other = self.opened(), self.opened(Failing), self.opened()
        for connection in (lost, failing, other):
            connection.dataReceived(frame(0x81, HELLO % 1))
        lost.connectionLost()
        self.loop.turn()
        self.assertEqual([0, 0, 1], [len(one.transport.writes) for one in (lost, failing, other)])
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
