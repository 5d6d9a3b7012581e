"""A proxy on a good network is not noticed, and any test can use it, wherever it runs."""

import asyncio
import contextlib
import socket
import threading

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.trial.unittest import TestCase

from aiorest_gw.testing import FlakyProxy

from .proxied import NOISE, PATIENCE, ProxyTestCase, fill, noise, receive


class GoodNetworkTests(ProxyTestCase):
    def test_bytes_pass_whole_and_in_order_both_ways(self):
        client, server = self.pair()
        for sender, receiver in ((client, server), (server, client)):
            sending = threading.Thread(target=sender.sendall, args=(NOISE,))
            sending.start()
            self.assertEqual(NOISE, receive(receiver, len(NOISE)))
            sending.join()
        self.assertEqual((1, 1), (self.proxy.connections, self.proxy.open))
        self.assertEqual(len(NOISE), self.proxy.passed("client"))
        self.assertEqual(len(NOISE), self.proxy.passed(towards="server"))

    def test_who_has_said_all_may_still_hear(self):
        client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(b"", server.recv(1))
        self.hears(client, server)
        server.close()
        self.assertEqual(b"", client.recv(1))
        self.until(lambda: self.proxy.open == 0)

    def test_a_reset_of_one_end_reaches_the_other(self):
        for which in (0, 1):
            ends = self.pair()
            self.works(*ends)
            ends[which].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            ends[which].close()
            self.is_reset(ends[not which])

    def test_whoever_does_not_read_makes_the_sender_wait(self):
        client, server = self.pair()
        sent = fill(client)
        self.assertLess(sent, 32 * 1024 * 1024)
        self.assertEqual(noise(sent), receive(server, sent))

    def test_a_server_that_is_not_there_cuts_the_client(self):
        self.listening.close()
        self.is_cut_at_once()
        self.assertEqual(0, self.proxy.open)

    def test_connections_go_to_another_server_from_now_on(self):
        old = self.pair()
        other = self.kept(socket.create_server(("127.0.0.1", 0)))
        self.proxy.to = other.getsockname()
        self.assertEqual(other.getsockname(), self.proxy.to)
        client = self.client()
        self.works(client, self.kept(other.accept()[0]))
        self.works(*old)

    def test_a_proxy_that_is_closed_has_let_go_of_everything(self):
        client, server = self.pair()
        with self.proxy as proxy:
            self.works(client, server)
        self.is_reset(client)
        self.is_reset(server)
        self.assertRaises(ConnectionRefusedError, self.client)
        self.assertNotIn("FlakyProxy", [thread.name for thread in threading.enumerate()])
        proxy.close()
        self.assertEqual((1, 0), (proxy.connections, proxy.open))
        with self.assertRaisesRegex(RuntimeError, "the proxy is closed"):
            proxy.heal()


class IPv6Tests(ProxyTestCase):
    host = "::1"

    def test_the_server_may_be_of_ipv6(self):
        self.works(*self.pair())

    if not socket.has_dualstack_ipv6():
        skip = "no IPv6 here"


class ElsewhereTests(ProxyTestCase):
    def test_a_test_on_a_loop_of_asyncio_uses_it_from_there(self):
        async def talk():
            reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
            server = self.accepted()
            writer.write(b"hello")
            self.assertEqual(b"hello", await asyncio.to_thread(receive, server, 5))
            self.proxy.cut(after=2, towards="client")
            server.sendall(b"hello")
            self.assertEqual(b"he", await reader.read())
            writer.close()

        asyncio.run(asyncio.wait_for(talk(), PATIENCE))

    def test_many_threads_use_it_at_once(self):
        failures = []

        def use():
            try:
                for _ in range(20):
                    self.proxy.delay(0.001)
                    # Another thread may cut it before it knows that it is connected.
                    with contextlib.suppress(ConnectionResetError):
                        self.client().close()
                    self.proxy.cut()
                    self.proxy.heal()
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], failures)
        self.assertEqual(80, self.proxy.connections)

    def test_its_url_is_that_of_its_port(self):
        self.assertEqual(f"ws://127.0.0.1:{self.proxy.port}/", self.proxy.url)


class ReactorTests(TestCase):
    def test_a_test_on_the_reactor_uses_it_from_there(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        proxy = FlakyProxy(listening.getsockname()[1])
        self.addCleanup(proxy.close)
        lost = Deferred()

        class Client(Protocol):
            def connectionMade(self):
                proxy.cut()

            def connectionLost(self, reason):
                lost.callback(proxy.connections)

        reactor.connectTCP("127.0.0.1", proxy.port, ClientFactory.forProtocol(Client))
        return lost.addTimeout(PATIENCE, reactor).addCallback(self.assertEqual, 1)


class MistakeTests(ProxyTestCase):
    def test_what_makes_no_sense_is_told_and_changes_nothing(self):
        client, server = self.pair()
        proxy = self.proxy
        for error, words, call in (
            (ValueError, "seconds should be a number from 0 up, not -1", lambda: proxy.delay(-1)),
            (TypeError, "seconds should be a number, not '1'", lambda: proxy.delay("1")),
            (TypeError, "jitter should be a number, not None", lambda: proxy.delay(1, None)),
            (ValueError, "not nan", lambda: proxy.delay(float("nan"))),
            (ValueError, "not 'up'", lambda: proxy.delay(1, towards="up")),
            (ValueError, "more than 0", lambda: proxy.slow(0)),
            (ValueError, "not inf", lambda: proxy.slow(float("inf"))),
            (ValueError, "'client' or 'server'", lambda: proxy.slow(1, towards="gateway")),
            (ValueError, "0 or more bytes, not -1", lambda: proxy.cut(after=-1, towards="client")),
            (TypeError, "number of bytes, not 1.5", lambda: proxy.cut(after=1.5, towards="client")),
            (TypeError, "which bytes", lambda: proxy.cut(after=1)),
            (TypeError, "needs after=", lambda: proxy.cut(towards="client")),
            (ValueError, "not 'both'", lambda: proxy.cut(after=1, towards="both")),
            (ValueError, "not 'both'", lambda: proxy.half_open("both")),
            (ValueError, "not None", lambda: proxy.passed(None)),
            (TypeError, "tuple of host and port, not 80", lambda: setattr(proxy, "to", 80)),
            (ValueError, "1 to 65535, not 0", lambda: setattr(proxy, "to", ("127.0.0.1", 0))),
            (TypeError, "port should be an integer, not '80'", lambda: FlakyProxy("80")),
            (ValueError, "1 to 65535, not 65536", lambda: FlakyProxy(65536)),
            (TypeError, "host should be a text, not None", lambda: FlakyProxy(80, None)),
            (ValueError, "there is no host '::x'", lambda: FlakyProxy(80, "::x")),
        ):
            with self.assertRaisesRegex(error, words):
                call()
        self.works(client, server)
