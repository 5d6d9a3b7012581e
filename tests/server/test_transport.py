"""The loop's own transports behind Twisted's protocols, with real sockets on a real loop."""

import asyncio
import socket
import struct

from twisted.internet.error import (
    CannotListenError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
)
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from aiorest_gw.server.transport import LoopServerEndpoint, parse_endpoint

try:
    import uvloop
except ImportError:
    uvloop = None


class Reactor:
    """What the endpoint asks of asyncio's reactor."""

    def __init__(self):
        self._asyncioEventloop = asyncio.get_running_loop()

    def callWhenRunning(self, function):
        function()


class Server(Protocol):
    """Notes what it is told."""

    def connectionMade(self):
        self.factory.made.append(self)
        self.received = b""
        self.lost = asyncio.get_running_loop().create_future()
        self.calls = []

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.lost.set_result(type(reason.value))

    def pauseProducing(self):
        self.calls.append("pause")

    def resumeProducing(self):
        self.calls.append("resume")

    def stopProducing(self):
        self.calls.append("stop")


class ServerFactory(Factory):
    protocol = Server
    noisy = False

    def __init__(self):
        self.made = []
        self.started = self.stopped = 0

    def startFactory(self):
        self.started += 1

    def stopFactory(self):
        self.stopped += 1


async def until(condition):
    """Let the loop run until something is so."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


class LoopTransportTests(SynchronousTestCase):
    def run_on_loops(self, scenario, interface="127.0.0.1"):
        """Run with a connected pair: a server's protocol, and a client's raw streams."""

        async def connected():
            factory = ServerFactory()
            port = await LoopServerEndpoint(Reactor(), 0, interface).listen(factory)
            number = port.getHost().port
            reader, writer = await asyncio.open_connection(interface, number)
            await until(lambda: factory.made)
            try:
                await scenario(factory.made[0], reader, writer)
            finally:
                writer.transport.abort()
                port.stopListening()
                port.stopListening()
                self.assertEqual((1, 1), (factory.started, factory.stopped))

        asyncio.run(connected())
        if uvloop is not None:
            uvloop.run(connected())

    def test_bytes_both_ways_and_a_close_in_order(self):
        async def scenario(server, reader, writer):
            writer.write(b"hello")
            await until(lambda: server.received == b"hello")
            server.transport.write(b"one,")
            server.transport.writeSequence([b"two", b",three"])
            server.transport.loseConnection()
            server.transport.loseConnection()
            server.transport.write(b"never")
            self.assertEqual(b"one,two,three", await reader.read())
            self.assertIs(ConnectionDone, await server.lost)
            server.transport.write(b"never")
            server.transport.abortConnection()
            server.transport.resumeProducing()

        self.run_on_loops(scenario)

    def test_it_is_a_transport_of_twisteds(self):
        async def scenario(server, reader, writer):
            verifyObject(ITCPTransport, server.transport)
            here, there = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
            peer, host = server.transport.getPeer(), server.transport.getHost()
            self.assertEqual((here[0], here[1]), (peer.host, peer.port))
            self.assertEqual((there[0], there[1]), (host.host, host.port))
            for name in ("TcpNoDelay", "TcpKeepAlive"):
                for value in (True, False, True):
                    getattr(server.transport, f"set{name}")(value)
                    self.assertEqual(value, getattr(server.transport, f"get{name}")())

        self.run_on_loops(scenario)
        if socket.has_ipv6:
            self.run_on_loops(scenario, "::1")

    def test_why_a_connection_ended(self):
        async def aborted_here(server, reader, writer):
            server.transport.abortConnection()
            server.transport.abortConnection()
            self.assertIs(ConnectionAborted, await server.lost)

        async def closed_there(server, reader, writer):
            writer.close()
            self.assertIs(ConnectionDone, await server.lost)

        async def half_closed_there(server, reader, writer):
            writer.write_eof()
            self.assertIs(ConnectionDone, await server.lost)

        async def reset_there(server, reader, writer):
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            self.assertIn(await server.lost, (ConnectionLost, ConnectionDone))

        for scenario in (aborted_here, closed_there, half_closed_there, reset_there):
            self.run_on_loops(scenario)

    def test_our_half_can_be_closed_alone(self):
        async def scenario(server, reader, writer):
            server.transport.write(b"all")
            server.transport.loseWriteConnection()
            self.assertEqual(b"all", await reader.read())
            writer.write(b"still read")
            await until(lambda: server.received == b"still read")

        self.run_on_loops(scenario)

    def test_a_paused_transport_does_not_read(self):
        async def scenario(server, reader, writer):
            server.transport.pauseProducing()
            server.transport.pauseProducing()
            writer.write(b"x")
            await writer.drain()
            for _ in range(50):
                await asyncio.sleep(0)
            self.assertEqual(b"", server.received)
            server.transport.resumeProducing()
            await until(lambda: server.received == b"x")
            server.transport.stopProducing()
            await server.lost

        self.run_on_loops(scenario)

    def test_a_producer_waits_for_a_peer_that_does_not_read(self):
        async def scenario(server, reader, writer):
            writer.transport.pause_reading()
            server.transport.registerProducer(server, True)
            self.assertRaises(RuntimeError, server.transport.registerProducer, server, True)
            while "pause" not in server.calls:
                server.transport.write(b"x" * 65_536)
                await asyncio.sleep(0)
            other = Server()
            other.calls = []
            server.transport.unregisterProducer()
            server.transport.registerProducer(other, True)
            self.assertEqual(["pause"], other.calls)
            writer.transport.resume_reading()
            while "resume" not in other.calls:
                await reader.read(65_536)
            server.transport.loseConnection()
            self.assertFalse(server.lost.done())
            server.transport.unregisterProducer()
            while await reader.read(65_536):
                pass
            self.assertIs(ConnectionDone, await server.lost)
            server.transport.registerProducer(other, True)
            self.assertEqual("stop", other.calls[-1])

        async def pulled(server, reader, writer):
            """One that is asked each time, and that a closing transport waits for."""
            server.transport.registerProducer(server, False)
            self.assertEqual(["resume"], server.calls)
            server.transport.loseConnection()
            server.transport.unregisterProducer()
            self.assertIs(ConnectionDone, await server.lost)

        self.run_on_loops(scenario)
        self.run_on_loops(pulled)


class LoopEndpointTests(SynchronousTestCase):
    def test_a_factory_that_wants_no_connection(self):
        async def scenario():
            factory = ServerFactory()
            factory.buildProtocol = lambda address: None
            port = await LoopServerEndpoint(Reactor(), 0, "127.0.0.1").listen(factory)
            reader, _ = await asyncio.open_connection("127.0.0.1", port.getHost().port)
            try:
                self.assertEqual(b"", await reader.read())
            except ConnectionResetError:
                pass
            port.stopListening()

        asyncio.run(scenario())

    def test_a_port_that_is_taken_is_told_at_once(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            endpoint = LoopServerEndpoint(None, taken.getsockname()[1], "127.0.0.1")
            self.failureResultOf(endpoint.listen(ServerFactory()), CannotListenError)
        self.failureResultOf(
            LoopServerEndpoint(None, 70_000).listen(ServerFactory()), CannotListenError
        )

    def test_it_can_be_stopped_before_the_loop_runs(self):
        """Whether the reactor never ran, or just began to."""

        class NotRunning:
            def callWhenRunning(self, function):
                """Never comes."""

        port = self.successResultOf(
            LoopServerEndpoint(NotRunning(), 0, "127.0.0.1").listen(ServerFactory())
        )
        port.stopListening()

        async def scenario():
            port = await LoopServerEndpoint(Reactor(), 0, "127.0.0.1").listen(ServerFactory())
            number = port.getHost().port
            port.stopListening()
            for _ in range(20):
                await asyncio.sleep(0)
            with self.assertRaises(OSError):
                await asyncio.open_connection("127.0.0.1", number)

        asyncio.run(scenario())

    def test_descriptions_are_read(self):
        class OnALoop:
            _asyncioEventloop = object()

        endpoint = parse_endpoint(OnALoop, "80", "127.0.0.1", "5")
        self.assertEqual(
            (80, "127.0.0.1", 5), (endpoint._port, endpoint._interface, endpoint._backlog)
        )
        self.assertRaises(ValueError, parse_endpoint, OnALoop, "eighty")
        self.assertRaises(ValueError, parse_endpoint, object(), "80")
