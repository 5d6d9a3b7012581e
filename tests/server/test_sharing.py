"""Sockets that several processes accept from, here with both of them in one."""

import contextlib
import os
import resource
import socket
from itertools import permutations

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IListeningPort, IReadDescriptor
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from aiorest_gw.server.balance import ConnectionCounts
from aiorest_gw.server.sharing import SharedPort


class Reactor(Clock):
    """Says nothing by itself: a test decides which process is awake."""

    def __init__(self):
        super().__init__()
        self.readers = []
        self.addReader = self.readers.append

    def removeReader(self, reader):
        if reader in self.readers:
            self.readers.remove(reader)


class Process:
    """One that accepts."""

    def __init__(self, listening, counts, number):
        self.reactor = Reactor()
        self.taken = []
        self.fails = self.coming = None
        self.port = SharedPort(
            self.reactor, listening, Factory.forProtocol(None), self.adopt,
            lambda: len(self.taken), counts, number,
        )  # fmt: skip
        self.port.startListening()

    def adopt(self, accepted, peer, factory):
        if self.fails:
            accepted.close()
            raise self.fails
        if self.coming is not None:
            accepted.close()
            return self.coming
        self.taken.append(accepted)
        return succeed(None)

    def wake(self):
        for reader in tuple(self.reactor.readers):
            reader.doRead()


class SharedPortTests(SynchronousTestCase):
    def setUp(self):
        Factory.noisy = False
        self.sockets = contextlib.ExitStack()
        self.addCleanup(self.sockets.close)
        self.listening = self.sockets.enter_context(socket.socket())
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen(128)
        self.listening.setblocking(False)

    def processes(self, number):
        counts = ConnectionCounts(number)
        found = [Process(self.listening.dup(), counts, place) for place in range(number)]
        for process in found:
            self.addCleanup(process.port.stopListening)
            self.addCleanup(lambda process=process: [taken.close() for taken in process.taken])
        return found

    def connect(self, number):
        for _ in range(number):
            self.sockets.enter_context(socket.create_connection(self.listening.getsockname()))

    def test_one_connection_is_taken_at_a_time(self):
        (process,) = self.processes(1)
        self.connect(3)
        for taken in (1, 2, 3, 3):
            process.wake()
            self.assertEqual(taken, len(process.taken))

    def test_one_that_is_awake_leaves_connections_to_one_with_fewer(self):
        awake, asleep = self.processes(2)
        self.connect(4)
        for _ in range(10):
            awake.wake()
        self.assertEqual(1, len(awake.taken))
        for _ in range(10):
            asleep.wake()
        self.assertEqual([1, 2], [len(awake.taken), len(asleep.taken)])
        awake.reactor.advance(1)
        self.assertEqual([2, 2], [len(awake.taken), len(asleep.taken)])

    def test_one_that_does_not_wake_up_keeps_nobody_waiting(self):
        awake, _ = self.processes(2)
        self.connect(3)
        awake.wake()
        for taken in (2, 3):
            awake.wake()
            awake.reactor.advance(0.002)
            self.assertEqual(taken, len(awake.taken))

    def test_one_that_is_gone_is_not_waited_for(self):
        awake, gone = self.processes(2)
        gone.port.stopListening()
        gone.port.stopListening()
        self.connect(3)
        for _ in range(3):
            awake.wake()
        self.assertEqual(3, len(awake.taken))

    def test_whoever_wakes_up_first_a_burst_is_split(self):
        """Each wakes up once more before another has waited to the end."""
        for order in permutations(range(3)):
            processes = self.processes(3)
            self.connect(60)
            for _ in range(60):
                for number in order:
                    processes[number].wake()
                for process in processes:
                    process.reactor.advance(0.002)
            shares = [len(process.taken) for process in processes]
            self.assertEqual(60, sum(shares))
            self.assertGreaterEqual(min(shares), 17, (order, shares))
            for process in processes:
                process.port.stopListening()

    def test_connections_that_are_still_coming_count(self):
        """A transport of the loop's, or a TLS handshake, is not made at once."""
        first, second = self.processes(2)
        first.coming = Deferred()
        self.connect(4)
        first.wake()
        first.wake()
        self.assertEqual([], first.reactor.readers)
        second.wake()
        self.assertEqual(1, len(second.taken))

    def test_a_connection_that_fails_ends_nothing(self):
        (process,) = self.processes(1)
        self.connect(3)
        process.fails = RuntimeError("a mistake")
        with capturedLogs() as logged:
            process.wake()
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))
        self.assertEqual("a connection could not be taken", logged[0]["log_format"])
        process.fails = ConnectionResetError("the peer has gone")
        process.wake()
        process.fails = None
        process.wake()
        self.assertEqual(1, len(process.taken))

    def test_without_room_for_a_connection_it_waits_and_says_so(self):
        (process,) = self.processes(1)
        self.connect(1)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
        try:
            with capturedLogs() as logged:
                process.wake()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        self.assertEqual("Too many open files", logged[0]["reason"])
        self.assertEqual([], process.reactor.readers)
        process.reactor.advance(1)
        self.assertEqual(1, len(process.taken))

    def test_it_is_a_port_of_twisteds(self):
        (process,) = self.processes(1)
        verifyObject(IListeningPort, process.port)
        verifyObject(IReadDescriptor, process.port)
        number = self.listening.getsockname()[1]
        self.assertEqual(IPv4Address("TCP", "127.0.0.1", number), process.port.getHost())

    def test_where_it_listens(self):
        for family, name, kind in (
            (socket.AF_INET6, ("::1", 0), IPv6Address),
            (socket.AF_UNIX, b"\0aiorest_gw-test", UNIXAddress),
        ):
            if family == socket.AF_INET6 and not socket.has_ipv6:
                continue
            self.listening = self.sockets.enter_context(socket.socket(family))
            self.listening.bind(name)
            self.listening.listen()
            (process,) = self.processes(1)
            self.assertIsInstance(process.port.getHost(), kind)
