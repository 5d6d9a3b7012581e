"""What a bad network lets pass is whole and in order, and nothing else passes."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from .proxied import NOISE, PATIENCE, ProxyTestCase, fill, noise, receive, send_until_cut


class DelayTests(ProxyTestCase):
    def test_order_is_kept_though_each_piece_takes_another_time(self):
        client, server = self.pair()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.proxy.delay(0.01, jitter=0.02)
        lines = b"".join(b"%d\n" % number for number in range(500))
        began = time.monotonic()
        for line in lines.splitlines(keepends=True):
            client.sendall(line)
        self.assertEqual(lines, receive(server, len(lines)))
        self.assertGreaterEqual(time.monotonic() - began, 0.01)

    def test_it_is_a_time_of_each_piece_and_not_between_pieces(self):
        client, server = self.pair()
        self.proxy.delay(0.5, towards="server")
        began = time.monotonic()
        # Three pieces at least, as none has more than 64 KiB.
        self.hears(server, client, NOISE[:196_608])
        self.assertTrue(0.5 <= time.monotonic() - began < 3 * 0.5)

    def test_one_direction_may_be_fast(self):
        client, server = self.pair()
        self.proxy.delay(3600, towards="server")
        client.sendall(b"late")
        self.hears(client, server)
        self.is_quiet(server)

    def test_the_end_of_a_connection_comes_behind_its_bytes(self):
        client, server = self.pair()
        self.proxy.delay(0.05)
        client.sendall(b"last")
        client.close()
        self.assertEqual(b"last", receive(server, 5))

    def test_what_is_held_is_bounded_and_passes_when_all_is_well(self):
        client, server = self.pair()
        self.proxy.delay(3600)
        sent = fill(client)
        self.is_quiet(server)
        self.assertLess(sent, 16 * 1024 * 1024)
        self.proxy.heal()
        self.assertEqual(noise(sent), receive(server, sent))


class CutTests(ProxyTestCase):
    def test_all_connections_are_reset_at_both_ends(self):
        ends = [*self.pair(), *self.pair()]
        self.assertEqual(2, self.proxy.cut())
        self.assertEqual(0, self.proxy.open)
        for end in ends:
            self.is_reset(end)
        self.works(*self.pair())

    def test_one_that_was_made_a_moment_ago_is_cut(self):
        for _ in range(50):
            client = self.client()
            self.assertEqual(1, self.proxy.cut())
            self.is_reset(client)

    def test_exactly_so_many_bytes_arrive(self):
        for towards in ("client", "server"):
            for size in (0, 1, 1000, 500_000):
                client, server = self.pair()
                self.works(client, server)
                sender, receiver = (client, server) if towards == "server" else (server, client)
                before = self.proxy.passed(towards)
                self.assertEqual(1, self.proxy.cut(after=size, towards=towards))
                with ThreadPoolExecutor() as threads:
                    cut = threads.submit(send_until_cut, sender)
                    self.assertEqual(NOISE[:size], receive(receiver, len(NOISE)))
                    self.assertRaises(ConnectionError, cut.result, PATIENCE)
                self.assertEqual(size, self.proxy.passed(towards) - before)
                receiver.close()
                self.until(lambda: self.proxy.open == 0)

    def test_a_receiver_that_reads_late_gets_them_all(self):
        client, server = self.pair()
        self.proxy.cut(after=100_000, towards="client")
        self.assertRaises(ConnectionError, send_until_cut, server)
        client.sendall(b"nobody gets that")
        self.assertEqual(NOISE[:100_000], receive(client, 200_000))

    def test_without_a_connection_the_next_one_is_cut_and_only_that(self):
        self.assertEqual(0, self.proxy.cut(after=3, towards="server"))
        client, server = self.pair()
        client.sendall(b"hello")
        self.assertEqual(b"hel", receive(server, 5))
        self.works(*self.pair())

    def test_a_cut_that_has_not_come_does_not_come_on_a_good_network(self):
        self.proxy.cut(after=3, towards="server")
        self.proxy.heal()
        client, server = self.pair()
        self.proxy.cut(after=3, towards="server")
        self.proxy.heal()
        self.works(client, server)

    def test_nothing_gets_through_until_all_is_well(self):
        ends = self.pair()
        self.assertEqual(1, self.proxy.refuse())
        for end in ends:
            self.is_reset(end)
        for _ in range(3):
            self.is_cut_at_once()
        self.assertEqual((1, 0), (self.proxy.connections, self.proxy.open))
        self.proxy.heal()
        self.works(*self.pair())


class HalfOpenTests(ProxyTestCase):
    def test_nothing_passes_neither_bytes_nor_an_end(self):
        client, server = self.pair()
        self.works(client, server)
        self.assertEqual(1, self.proxy.half_open())
        client.sendall(b"hello?")
        client.close()
        self.is_quiet(server)
        server.sendall(b"hello?")
        self.is_quiet(server)

    def test_no_reset_passes(self):
        client, server = self.pair()
        self.works(client, server)
        self.proxy.half_open()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        server.close()
        client.sendall(b"hello?")
        self.is_quiet(client)

    def test_one_direction_may_go_on(self):
        client, server = self.pair()
        self.proxy.half_open(towards="client")
        server.sendall(b"hello?")
        self.hears(server, client)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(b"", server.recv(1))
        self.is_quiet(client)

    def test_a_reset_where_only_the_other_direction_goes_on_does_not_pass(self):
        client, server = self.pair()
        self.works(client, server)
        self.proxy.half_open(towards="client")
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        server.close()
        for _ in range(3):
            client.sendall(b"hello?")
            self.is_quiet(client)
        self.proxy.heal()
        self.is_reset(client)

    def test_who_comes_back_finds_a_good_network_and_what_waited_comes_late(self):
        client, server = self.pair()
        self.proxy.half_open()
        client.sendall(b"late")
        client.close()
        self.works(*self.pair())
        self.is_quiet(server)
        self.proxy.heal()
        self.assertEqual(b"late", receive(server, 5))


class DuplicateTests(ProxyTestCase):
    def test_the_servers_side_stays_open_while_the_client_comes_back(self):
        client, old = self.pair()
        self.works(client, old)
        self.assertEqual(1, self.proxy.duplicate())
        self.is_reset(client)
        self.is_quiet(old)
        self.works(*self.pair())
        self.assertEqual(2, self.proxy.open)
        old.sendall(NOISE)
        old.close()
        self.until(lambda: self.proxy.open == 1)

    def test_what_the_client_had_sent_is_delivered(self):
        for size in (1, 50_000):
            client = self.client()
            client.sendall(NOISE[:size])
            self.proxy.duplicate()
            server = self.accepted()
            self.assertEqual(NOISE[:size], receive(server, size))
            self.is_quiet(server)

    def test_one_is_duplicated_once(self):
        self.pair()
        self.assertEqual([1, 0], [self.proxy.duplicate(), self.proxy.duplicate()])


class SlowTests(ProxyTestCase):
    def test_the_senders_socket_is_soon_full_and_loses_nothing(self):
        client, server = self.pair()
        self.proxy.slow(1000, towards="client")
        sent = fill(server)
        self.assertLess(sent, 8 * 1024 * 1024)
        self.hears(server, client)
        self.assertLess(self.proxy.passed("client"), 100_000)
        self.proxy.heal()
        self.assertEqual(noise(sent), receive(client, sent))

    def test_bytes_come_as_fast_as_was_said(self):
        client, server = self.pair()
        self.proxy.slow(200_000)
        began = time.monotonic()
        threading.Thread(target=server.sendall, args=(NOISE[:60_000],)).start()
        self.assertEqual(NOISE[:60_000], receive(client, 60_000))
        self.assertTrue(0.25 <= time.monotonic() - began < 5)

    def test_what_passed_before_does_not_count(self):
        client, server = self.pair()
        self.hears(server, client, NOISE[:60_000])
        self.proxy.slow(5000)
        began = time.monotonic()
        self.hears(server, client, NOISE[:1000])
        self.assertLess(time.monotonic() - began, 5)
