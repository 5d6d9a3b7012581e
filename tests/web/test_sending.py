"""Large files on their way: as fast as they are read, and never with a wrong length."""

import os

from twisted.internet.interfaces import IHalfCloseableProtocol

from .asking import SiteTestCase

LARGE = os.urandom(3_000_000)


class SendingTests(SiteTestCase):
    def setUp(self):
        super().setUp()
        self.path = self.write("large.bin", LARGE)
        self.write("memory.bin", LARGE[:500_000])
        self.gateway()
        self.before = open_files()

    def tearDown(self):
        self.assertEqual(self.before, open_files())

    def turns(self, number=100):
        for _ in range(number):
            self.clock.advance(0)

    def test_a_large_file_is_sent_in_pieces_between_which_others_have_their_turn(self):
        connection, other = self.open(), self.open()
        connection.ask("/large.bin")
        begun = connection.received()
        self.assertLess(len(begun), 300_000)
        self.assertEqual(206, other.get("/memory.bin", Range="bytes=0-9")[0])
        self.turns()
        self.assertTrue((begun + connection.received()).endswith(b"\r\n\r\n" + LARGE))
        self.assertEqual(206, connection.get("/memory.bin", Range="bytes=0-9")[0])
        self.assert_nothing_is_left()

    def test_no_more_is_written_than_is_read(self):
        for target in ("/large.bin", "/memory.bin"):
            connection = self.open()
            connection.protocol.dataReceived(b"")
            paused = Pausing(connection.transport)
            connection.transport = paused.transport
            connection.ask(target)
            self.turns()
            self.assertLess(len(connection.received()), 66_600)
            size = 0
            while connection.protocol.requests:
                connection.protocol.resumeProducing()
                size += len(connection.received())
                self.turns(2)
        self.assert_nothing_is_left()

    def test_who_stops_reading_is_dropped_and_the_file_closed(self):
        connection = self.open()
        Pausing(connection.transport)
        connection.ask("/large.bin")
        self.turns()
        self.assertEqual(self.before + 1, open_files())
        self.clock.advance(31)
        self.assertTrue(connection.transport.aborted)
        connection.cut()
        self.assert_nothing_is_left()

    def test_who_reads_a_little_is_waited_for(self):
        connection = self.open()
        Pausing(connection.transport)
        connection.ask("/large.bin")
        for _ in range(10):
            self.clock.advance(29)
            connection.protocol.resumeProducing()
            self.assertFalse(connection.transport.aborted)
        connection.cut()
        self.assert_nothing_is_left()

    def test_a_file_that_shrinks_ends_the_connection(self):
        self.interrupt(lambda: os.truncate(self.path, 1_000_000))

    def test_a_file_that_is_written_meanwhile_ends_the_connection(self):
        """Half of it would be the old one."""

        def write():
            with open(self.path, "r+b") as file:
                file.write(b"x")

        self.interrupt(write)

    def interrupt(self, change):
        connection = self.open()
        connection.ask("/large.bin")
        change()
        self.turns()
        received = connection.received()
        self.assertIn(b"Content-Length: 3000000", received)
        self.assertLess(len(received), 3_000_000)
        self.assertTrue(connection.transport.aborted)
        self.assert_nothing_is_left()

    def test_a_file_that_is_replaced_meanwhile_is_sent_as_it_was(self):
        connection = self.open()
        connection.ask("/large.bin")
        self.write("other", "other").rename(self.path)
        self.turns()
        self.assertTrue(connection.received()[-3_000_000:] == LARGE or connection.transport.aborted)
        self.assertEqual(b"other", self.get("/large.bin")[2])

    def test_who_closes_his_half_still_gets_his_file(self):
        connection = self.open()
        connection.ask("/large.bin")
        IHalfCloseableProtocol(connection.protocol).readConnectionLost()
        self.turns()
        self.assertTrue(connection.received().endswith(LARGE[-100:]))
        self.assertFalse(connection.open)
        self.assertFalse(connection.transport.aborted)
        self.assert_nothing_is_left()

    def test_a_download_is_finished_while_the_gateway_drains(self):
        connection = self.open()
        connection.ask("/large.bin")
        drained = self.factory.drain()
        self.turns()
        self.assertTrue(connection.received().endswith(LARGE[-100:]))
        self.assertFalse(connection.open)
        connection.cut()
        self.successResultOf(drained)
        self.assert_nothing_is_left()

    def test_who_leaves_in_the_middle_leaves_no_file_open(self):
        connection = self.open()
        connection.ask("/large.bin")
        self.assertEqual(self.before + 1, open_files())
        connection.cut()
        self.assert_nothing_is_left()


class Pausing:
    """Lets a transport pause its producer as soon as something is written, as if nobody read."""

    def __init__(self, transport):
        self.transport = transport
        self._write = transport.write
        transport.write = self.write

    def write(self, data):
        self._write(data)
        if self.transport.producer is not None and len(data) > 1_000:
            self.transport.producer.pauseProducing()


def open_files():
    return len(os.listdir("/proc/self/fd"))
