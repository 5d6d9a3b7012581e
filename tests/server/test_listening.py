"""The port of the loop's own transports, with real sockets on a real loop."""

import asyncio
import os
import resource
import socket
import struct
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from twisted.internet.error import (
    CannotListenError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
)
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import RequestHandlerFactory, RequestHandlerProtocol, SimpleRouter
from aiorest_gw.server.listening import LoopServerEndpoint, parse_endpoint
from tests.wire.test_handshake import head

from .test_fast_path import frame
from .transports import (
    Loop,
    OnAsyncio,
    OnUVLoop,
    Server,
    ServerFactory,
    TransportCase,
    turns,
    until,
)


class OnALoop:
    """A reactor on a loop that is not asked for anything."""

    _asyncioEventloop = object()


def connecting(port):
    """A client's socket that connects, and is not waited for."""
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port.getHost().port))
    return client


def pollers():
    """How many descriptors of epoll(7) are open."""
    links = (Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd"))
    return sum("eventpoll" in os.readlink(link) for link in links if link.is_symlink())


@contextmanager
def no_descriptors():
    """The process can open no more files."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


class PortPromises(TransportCase, Loop):
    def test_it_can_be_stopped_and_started_again(self):
        async def scenario():
            factory = ServerFactory()
            port = await self.endpoint().listen(factory)
            for times in (1, 2, 3):
                number = port.getHost().port
                _, writer = await asyncio.open_connection("127.0.0.1", number)
                await until(lambda times=times: len(factory.made) == times)
                port.stopListening()
                port.stopListening()
                self.assertEqual((times, times), (factory.started, factory.stopped))
                with self.assertRaises(ConnectionRefusedError):
                    await asyncio.open_connection("127.0.0.1", number)
                server = factory.made[-1]
                server.transport.write(b"x")
                writer.write(b"connections stay")
                await until(lambda server=server: server.received == b"connections stay")
                writer.transport.abort()
                await server.lost
                port.startListening()
                port.startListening()
            port.stopListening()

        self.run_on_loop(scenario())

    def test_without_file_descriptors_it_rests_and_goes_on(self):
        """Those who come wait in the system's queue, and one line tells of it."""

        warned = self.collect_events("cannot accept")

        async def scenario():
            factory = ServerFactory()
            port = await self.endpoint().listen(factory)
            client = connecting(port)
            with no_descriptors():
                await until(lambda: warned)
                await turns(200)
            self.assertEqual(["Too many open files"], [event["reason"] for event in warned])
            self.assertEqual([], factory.made)
            await until(lambda: factory.made)
            client.close()
            await factory.made[0].lost
            port.stopListening()

        self.run_on_loop(scenario())

    def test_it_can_be_stopped_while_it_rests(self):
        warned = self.collect_events("cannot accept")

        async def scenario():
            port = await self.endpoint().listen(ServerFactory())
            client = connecting(port)
            with no_descriptors():
                await until(lambda: warned)
            port.stopListening()
            client.close()

        self.run_on_loop(scenario())

    def test_many_that_end_in_the_same_moment_leave_turns_to_others(self):
        """Closed or reset: each costs the system and the application some time."""
        lost = []

        class Leaving(Server):
            def connectionLost(self, reason):
                super().connectionLost(reason)
                lost.append(turn)

        async def scenario():
            nonlocal turn
            factory = ServerFactory(Leaving)
            port = await self.endpoint().listen(factory)
            for linger in (struct.pack("ii", 0, 0), struct.pack("ii", 1, 0)):
                clients = [connecting(port) for _ in range(200)]
                await until(lambda: len(factory.made) == 200)
                for client in clients:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    client.close()
                while len(lost) < 200:
                    turn += 1
                    await asyncio.sleep(0)
                self.assertLessEqual(max(Counter(lost).values()), 50)
                lost.clear()
                factory.made.clear()
            port.stopListening()

        turn = 0
        self.run_on_loop(asyncio.wait_for(scenario(), 30))

    def test_of_those_that_are_read_in_turn_a_few_are_read_at_a_time(self):
        """However many send in the same moment; each is read as often as it sends, and told its end."""
        read = []

        class Patient(Server):
            def connectionMade(self):
                super().connectionMade()
                self.transport.loop.call_soon(self.transport.read_in_turn)

            def dataReceived(self, data):
                super().dataReceived(data)
                read.append(turn)
                self.transport.read_in_turn()

        async def scenario():
            nonlocal turn
            before = pollers()
            factory = ServerFactory(Patient)
            port = await self.endpoint().listen(factory)
            clients = [connecting(port) for _ in range(100)]
            await until(lambda: len(factory.made) == 100)
            await turns()
            for octets in (b"a", b"bc", b"d"):
                for client in clients:
                    client.send(octets)
                while len(read) < 100:
                    turn += 1
                    await asyncio.sleep(0)
                self.assertLessEqual(max(Counter(read).values()), 16)
                read.clear()
            port.stopListening()
            factory.made[0].transport.abortConnection()
            factory.made[1].transport.loseConnection()
            for client in clients[:50]:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for client in clients:
                client.close()
            for server in factory.made:
                self.assertIn(
                    await server.lost, (ConnectionAborted, ConnectionDone, ConnectionLost)
                )
                self.assertEqual(b"abcd", server.received)
            self.assertEqual(before, pollers())

        turn = 0
        self.run_on_loop(asyncio.wait_for(scenario(), 30))

    def test_who_is_paused_while_it_waits_is_read_when_it_is_resumed_and_not_before(self):
        async def scenario():
            factory = ServerFactory()
            port = await self.endpoint().listen(factory)
            client = connecting(port)
            await until(lambda: factory.made)
            (server,) = factory.made
            await turns()
            for octets in (b"a", b"b", b"c"):
                server.transport.read_in_turn()
                server.transport.pauseProducing()
                before = server.received
                client.send(octets)
                await turns(200)
                self.assertEqual(before, server.received)
                server.transport.resumeProducing()
                await until(lambda before=before: server.received != before)
                server.transport.read_in_turn()
            server.transport.resumeProducing()
            server.transport.read_in_turn()
            client.send(b"d")
            await until(lambda: server.received == b"abcd")
            port.stopListening()
            client.close()
            await server.lost

        self.run_on_loop(asyncio.wait_for(scenario(), 30))

    def test_without_file_descriptors_they_are_read_without_turns(self):
        async def scenario():
            factory = ServerFactory()
            port = await self.endpoint().listen(factory)
            client = connecting(port)
            await until(lambda: factory.made)
            (server,) = factory.made
            await turns()
            with no_descriptors():
                server.transport.read_in_turn()
            client.send(b"a")
            await until(lambda: server.received == b"a")
            port.stopListening()
            client.close()
            await server.lost

        self.run_on_loop(asyncio.wait_for(scenario(), 30))

    def test_of_those_that_are_read_in_turn_one_may_end_another(self):
        ended = []

        class Ending(Server):
            def connectionMade(self):
                super().connectionMade()
                self.transport.loop.call_soon(self.transport.read_in_turn)

            def dataReceived(self, data):
                super().dataReceived(data)
                for server in self.factory.made:
                    if server is not self:
                        server.transport.abortConnection()

        async def scenario():
            asyncio.get_running_loop().set_exception_handler(lambda _, told: ended.append(told))
            factory = ServerFactory(Ending)
            port = await self.endpoint().listen(factory)
            clients = [connecting(port) for _ in range(10)]
            await until(lambda: len(factory.made) == 10)
            await turns()
            for client in clients:
                client.send(b"a")
            await until(lambda: any(server.received for server in factory.made))
            (left,) = [server for server in factory.made if server.received]
            for server in factory.made:
                if server is not left:
                    self.assertIs(ConnectionAborted, await server.lost)
            port.stopListening()
            for client in clients:
                client.close()
            await left.lost

        self.run_on_loop(asyncio.wait_for(scenario(), 30))
        self.assertEqual([], ended)

    def test_a_factory_may_stop_it_while_connections_wait(self):
        async def scenario():
            factory = ServerFactory()
            port = await self.endpoint().listen(factory)
            build = factory.buildProtocol

            def only_one(address):
                port.stopListening()
                return build(address)

            factory.buildProtocol = only_one
            clients = [socket.create_connection(("127.0.0.1", port.getHost().port)) for _ in "ab"]
            await until(lambda: factory.made)
            for client in clients:
                client.close()
            for server in factory.made:
                await server.lost

        self.run_on_loop(scenario())


class OnUVLoopTests(PortPromises, OnUVLoop, SynchronousTestCase):
    pass


class OnAsyncioTests(PortPromises, OnAsyncio, SynchronousTestCase):
    pass


class GatewayPromises(TransportCase, Loop):
    def test_handshakes_in_the_same_moment_take_turns_and_what_follows_them_is_answered(self):
        """Each client says all at once: handshake, request, close, and that it sends no more."""
        opened, received = [], []
        request = b'{"method": "GET", "url": "/", "id": 1}'
        octets = head() + frame(0x81, request) + frame(0x88, b"\x03\xe8")

        class Noting(RequestHandlerProtocol):
            def onConnect(self, request):
                opened.append(turn)
                return super().onConnect(request)

        async def scenario():
            nonlocal turn
            router = SimpleRouter()
            router.get("/")(lambda request: "here")
            factory = RequestHandlerFactory(router=router, reactor=self.reactor(), protocol=Noting)
            port = await self.endpoint().listen(factory)
            number = port.getHost().port
            clients = [await asyncio.open_connection("127.0.0.1", number) for _ in range(100)]
            await until(lambda: len(factory.connections) == 100)
            await turns()
            for _, writer in clients:
                writer.write(octets)
                writer.write_eof()
            while factory.connections:
                turn += 1
                await asyncio.sleep(0)
            for reader, writer in clients:
                received.append(await reader.read())
                writer.close()
            port.stopListening()

        turn = 0
        self.run_on_loop(asyncio.wait_for(scenario(), 30))
        self.assertEqual(100, len(opened))
        self.assertLessEqual(max(Counter(opened).values()), 16)
        for octets in received:
            status, _, frames = octets.partition(b"\r\n\r\n")
            self.assertIn(b" 101 ", status)
            self.assertIn(b'"data":"here"', frames)
            self.assertTrue(frames.endswith(b"\x88\x02\x03\xe8"), frames)


class GatewayOnUVLoopTests(GatewayPromises, OnUVLoop, SynchronousTestCase):
    pass


class GatewayOnAsyncioTests(GatewayPromises, OnAsyncio, SynchronousTestCase):
    pass


class EndpointTests(SynchronousTestCase):
    def test_a_port_that_is_taken_is_told_at_once(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            endpoint = LoopServerEndpoint(OnALoop, taken.getsockname()[1], "127.0.0.1")
            self.failureResultOf(endpoint.listen(ServerFactory()), CannotListenError)
        self.failureResultOf(
            LoopServerEndpoint(OnALoop, 70_000).listen(ServerFactory()), CannotListenError
        )

    def test_it_listens_before_the_loop_runs(self):
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)

        class NotRunning:
            _asyncioEventloop = loop

        factory = ServerFactory()
        port = self.successResultOf(LoopServerEndpoint(NotRunning, 0, "127.0.0.1").listen(factory))
        with socket.create_connection(("127.0.0.1", port.getHost().port)):
            loop.run_until_complete(until(lambda: factory.made))
        loop.run_until_complete(until(lambda: factory.made[0].lost.done()))
        port.stopListening()

    def test_descriptions_are_read(self):
        endpoint = parse_endpoint(OnALoop, "80", "127.0.0.1", "5")
        self.assertEqual(
            (80, "127.0.0.1", 5), (endpoint._port, endpoint._interface, endpoint._backlog)
        )
        for wrong, told in (
            (("eighty",), "the port should be a number, not 'eighty'"),
            (("80", "", "some"), "the backlog should be a number"),
            (("80", "", "5", "key.pem"), "what is 'key.pem'?"),
        ):
            error = self.assertRaises(ValueError, parse_endpoint, OnALoop, *wrong)
            self.assertIn(told, str(error))
        error = self.assertRaises(ValueError, parse_endpoint, object(), "80")
        self.assertIn("needs asyncio's reactor", str(error))
