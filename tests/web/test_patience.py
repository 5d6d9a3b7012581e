"""Who reads something of what was written is waited for, and who reads nothing is not."""

import socket

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.limits import Limits
from aiorest_gw.web.patience import Patience
from aiorest_gw.web.unread import unread


class Connection:
    """Notes what becomes of it; its transport is one end of a pair."""

    def __init__(self, stream):
        self.transport = stream
        self.requests = []
        self.calls = []

    def refuse(self, status, reason):
        self.calls.append(status)

    def loseConnection(self):
        self.calls.append("close")

    def abort(self):
        self.calls.append("abort")


class Web:
    limits = Limits(http_idle_timeout=10)

    def __init__(self, clock):
        self.later, self.now = clock.callLater, clock.seconds


class PatienceTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        ours, self.theirs = socket.socketpair()
        for stream in (ours, self.theirs):
            self.addCleanup(stream.close)
        ours.setblocking(False)
        try:
            while True:
                ours.send(bytes(1_000))
        except BlockingIOError:
            """It is full."""
        self.connection = Connection(ours)
        self.patience = Patience(Web(self.clock), self.connection)

    def test_what_a_peer_has_read_is_seen_in_the_systems_memory(self):
        waits = unread(self.connection.transport)
        self.assertGreater(waits, 10_000)
        self.theirs.recv(5_000)
        self.assertLess(unread(self.connection.transport), waits)

    def test_who_reads_some_of_it_each_half_minute_is_waited_for(self):
        self.patience.expect_reading()
        for _ in range(5):
            self.theirs.recv(5_000)
            self.clock.advance(30)
        self.assertEqual([], self.connection.calls)
        self.clock.advance(30)
        self.assertEqual(["abort"], self.connection.calls)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_nobody_is_idle_while_he_asks_or_waits(self):
        self.patience.idle()
        self.connection.requests.append("one")
        self.clock.advance(11)
        self.assertEqual([], self.connection.calls)
        self.connection.requests.clear()
        self.patience.idle()
        self.patience.expect(15)
        self.clock.advance(11)
        self.assertEqual([], self.connection.calls)
        self.patience.end()
        self.patience.idle()
        self.clock.advance(11)
        self.assertEqual(["close"], self.connection.calls)

    def test_who_is_slow_is_told_and_nothing_waits_any_more(self):
        self.patience.expect(5)
        self.patience.expect(50)
        self.clock.advance(5)
        self.assertEqual([408], self.connection.calls)
        for begin in (
            self.patience.idle,
            self.patience.expect_reading,
            lambda: self.patience.expect(5),
        ):
            begin()
        self.patience.stop()
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_transport_that_is_gone_has_nothing_unread(self):
        self.connection.transport.close()
        self.assertEqual(0, unread(self.connection.transport))
        self.assertEqual(0, unread(object()))
