"""A gateway within another program: where it listens, and how it is left."""

import asyncio
import contextlib
import errno
import json
import socket

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from aiorest_gw import ConfigurationError, RequestHandlerFactory, SimpleRouter
from aiorest_gw.server.embedded import EmbeddedServer

# Seconds after which a test has failed.
PATIENCE = 20


def has_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as one:
        one.bind(("::1", 0))
        return True
    return False


def ask(method, url):
    return json.dumps({"method": method, "url": url})


class EmbeddedTestCase(SynchronousTestCase):
    def run_loop(self, coroutine):
        return asyncio.run(asyncio.wait_for(coroutine, PATIENCE))


class AddressTests(EmbeddedTestCase):
    def reached(self, *where):
        """The families that it is reached by, and its address."""

        async def main():
            found = []
            async with EmbeddedServer(RequestHandlerFactory(), *where) as server:
                for host in ("127.0.0.1", "::1"):
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_connection(host, server.port)
                        writer.close()
                        found.append(host)
                return found, server.location, server.port

        return self.run_loop(main())

    def test_localhost_is_both_of_its_addresses(self):
        found, location, port = self.reached()
        self.assertEqual(["127.0.0.1", "::1"][: 1 + has_ipv6()], found)
        self.assertEqual(f"localhost:{port}", location)

    def test_an_address_is_that_one_alone(self):
        found, location, port = self.reached("127.0.0.1")
        self.assertEqual((["127.0.0.1"], f"127.0.0.1:{port}"), (found, location))

    def test_an_ipv6_address_is_in_brackets(self):
        if not has_ipv6():
            self.skipTest("there is no IPv6")
        found, location, port = self.reached("::1")
        self.assertEqual((["::1"], f"[::1]:{port}"), (found, location))

    def test_all_addresses_are_localhost_to_a_browser_here(self):
        _, location, port = self.reached("0.0.0.0")
        self.assertEqual(f"localhost:{port}", location)

    def test_what_is_no_address_is_refused_at_once(self):
        for where in (("http://localhost",), ("",), (None,), ("localhost", -1), ("::1", "80"),
                      ("::1", 65536), ("localhost", True)):  # fmt: skip
            with self.assertRaises(ConfigurationError):
                EmbeddedServer(RequestHandlerFactory(), *where)

    def test_a_port_that_is_taken_is_told(self):
        async def main():
            async with EmbeddedServer(RequestHandlerFactory()) as first:
                second = EmbeddedServer(RequestHandlerFactory(), port=first.port)
                with self.assertRaises(ConfigurationError) as caught:
                    await second.__aenter__()
                return str(caught.exception), first.port

        told, port = self.run_loop(main())
        expected = f"cannot listen on localhost:{port}: Address already in use; choose another port"
        self.assertEqual(expected, told)

    def test_a_port_that_is_taken_at_one_of_the_addresses_is_not_shared(self):
        """The page of another program would be what some browsers are shown."""
        if not has_ipv6():
            self.skipTest("there is no IPv6")

        async def main(other):
            server = EmbeddedServer(RequestHandlerFactory(), port=other.getsockname()[1])
            with self.assertRaises(ConfigurationError):
                await server.__aenter__()
            with self.assertRaises(RuntimeError):
                self.fail(f"it listens at the other one, {server.location}")

        with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
            self.run_loop(main(other))


class FewPorts(MemoryReactorClock):
    """A machine on which some ports of ::1 cannot be had."""

    def __init__(self, *errors):
        super().__init__()
        self.errors = list(errors)

    def listenTCP(self, port, factory, backlog=50, interface=""):
        from twisted.internet.error import CannotListenError

        if interface == "::1" and self.errors:
            number = self.errors.pop(0)
            raise CannotListenError(interface, port, OSError(number, "no"))
        return super().listenTCP(port, factory, backlog, interface)


class LocalhostTests(SynchronousTestCase):
    def listen(self, *errors, port=0):
        self.reactor = FewPorts(*errors)
        server = EmbeddedServer(RequestHandlerFactory(), port=port, reactor=self.reactor)
        entering = Deferred.fromCoroutine(server.__aenter__())
        self.addCleanup(lambda: Deferred.fromCoroutine(server.__aexit__(None, None, None)))
        return entering

    def interfaces(self):
        return [server[3] for server in self.reactor.tcpServers]

    def test_where_there_is_no_ipv6_it_goes_without(self):
        for number in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            self.successResultOf(self.listen(number))
            self.assertEqual(["127.0.0.1"], self.interfaces())

    def test_of_free_ports_one_is_taken_that_is_free_at_both(self):
        self.successResultOf(self.listen(errno.EADDRINUSE, errno.EADDRINUSE))
        self.assertEqual([*["127.0.0.1"] * 3, "::1"], self.interfaces())

    def test_it_does_not_look_for_one_for_ever(self):
        failure = self.failureResultOf(self.listen(*[errno.EADDRINUSE] * 100), ConfigurationError)
        self.assertIn("cannot listen on localhost", str(failure.value))

    def test_a_port_that_was_asked_for_is_not_exchanged(self):
        self.failureResultOf(self.listen(errno.EADDRINUSE, port=8080), ConfigurationError)
        self.assertEqual(["127.0.0.1"], self.interfaces())


class LeavingTests(EmbeddedTestCase):
    def test_what_was_asked_is_answered_before_the_block_is_left(self):
        router = SimpleRouter()
        asked, go_on = [], asyncio.Event()

        @router.get("/slow")
        async def slow(request):
            asked.append(True)
            await go_on.wait()
            return "done"

        async def main():
            async with EmbeddedServer(RequestHandlerFactory(router=router)) as server:
                client = await connect(f"ws://{server.location}/")
                await client.send(ask("GET", "/slow"))
                while not asked:
                    await asyncio.sleep(0)
                asyncio.get_running_loop().call_later(0.01, go_on.set)
            answer = json.loads(await client.recv())
            with self.assertRaises(ConnectionClosed):
                await client.recv()
            return answer["data"], client.close_code

        self.assertEqual(("done", 4001), self.run_loop(main()))

    def test_nothing_listens_behind_the_block(self):
        async def main():
            async with EmbeddedServer(RequestHandlerFactory()) as server:
                port = server.port
            with self.assertRaises(RuntimeError):
                print(server.location)
            with self.assertRaises(OSError):
                await asyncio.open_connection("127.0.0.1", port)
            async with EmbeddedServer(RequestHandlerFactory(), port=port) as again:
                return again.port == port

        self.assertTrue(self.run_loop(main()))

    def test_it_is_entered_once(self):
        async def main():
            async with EmbeddedServer(RequestHandlerFactory()) as server:
                with self.assertRaises(RuntimeError):
                    await server.__aenter__()

        self.run_loop(main())
