"""What a transport promises: Twisted's own, the loops', and those with TLS."""

import asyncio
import gc
import socket
import struct
import weakref

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, ITCPTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from aiorest_gw.server.loops import address_from

from .transports import (
    TLS,
    Eager,
    Loop,
    OnAsyncio,
    OnUVLoop,
    Server,
    TransportCase,
    Twisteds,
    client_context,
    turns,
    until,
)

# More than the system's buffers of a connection hold.
MUCH = 16_777_216


@implementer(IHalfCloseableProtocol)
class Half(Server):
    """Knows of halves."""

    def readConnectionLost(self):
        self.calls.append("read lost")

    def writeConnectionLost(self):
        self.calls.append("write lost")


class Pull:
    """Writes so many pieces, each when it is asked."""

    def __init__(self, transport, pieces, piece=b"x" * 10_000):
        self.transport, self.left, self.piece = transport, pieces, piece
        self.stopped = False

    def resumeProducing(self):
        self.left -= 1
        self.transport.write(self.piece)
        if not self.left:
            self.transport.unregisterProducer()

    def stopProducing(self):
        self.stopped = True


def reset(writer):
    """Close a client's connection so that its peer is told of a reset."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def fill(server):
    """Write as its own producer until the peer's deafness shows."""
    while server.calls[-1:] != ["pause"]:
        server.transport.write(b"x" * 65_536)
        await turns(5)


class Promises(TransportCase):
    # -- writing

    def test_bytes_both_ways_and_a_close_in_order(self):
        async def scenario(server, reader, writer):
            writer.write(b"hello")
            await until(lambda: server.received == b"hello")
            server.transport.write(b"one,")
            server.transport.writeSequence([b"two", b",three"])
            server.transport.writeSequence([])
            server.transport.write(b"")
            server.transport.loseConnection()
            server.transport.loseConnection()
            self.assertTrue(server.transport.disconnecting)
            self.assertEqual(b"one,two,three", await reader.read())
            writer.close()
            self.assertIs(ConnectionDone, await server.lost)
            self.assertFalse(server.transport.connected)
            server.transport.write(b"never")
            server.transport.writeSequence([b"never"])
            server.transport.loseConnection()
            server.transport.abortConnection()
            server.transport.pauseProducing()
            server.transport.resumeProducing()

        self.run_connected(scenario)

    def test_all_that_was_written_is_sent_before_the_close(self):
        async def scenario(server, reader, writer):
            server.transport.write(b"x" * MUCH)
            server.transport.loseConnection()
            self.assertEqual(MUCH, len(await reader.read()))
            writer.close()
            self.assertIs(ConnectionDone, await server.lost)

        self.run_connected(scenario)

    def test_what_is_no_bytes_is_refused(self):
        async def scenario(server, reader, writer):
            self.assertRaises(TypeError, server.transport.write, "text")
            self.assertRaises(TypeError, server.transport.writeSequence, ["text"])
            self.assertRaises(TypeError, server.transport.write, None if self.twisteds else 5)
            server.transport.write(b"good")
            self.assertEqual(b"good", await reader.readexactly(4))

        self.run_connected(scenario)

    def test_a_sequence_is_copied(self):
        """So that its parts may be changed; of these, Twisted's own takes none."""

        async def scenario(server, reader, writer):
            part = bytearray(b"x" * MUCH)
            if self.twisteds:
                self.assertRaises(TypeError, server.transport.writeSequence, [part])
                self.assertRaises(TypeError, server.transport.write, memoryview(part))
                return
            server.transport.writeSequence([part, memoryview(part)[:5]])
            part[:] = b"y" * MUCH
            server.transport.write(memoryview(part)[:5])
            server.transport.write(bytearray(b"z"))
            server.transport.loseConnection()
            received = await reader.read()
            self.assertTrue(received == b"x" * (MUCH + 5) + b"yyyyyz")

        self.run_connected(scenario)

    # -- ends

    def test_an_abort_drops_what_is_not_sent_and_resets(self):
        async def scenario(server, reader, writer):
            server.transport.write(b"x" * MUCH)
            server.transport.abortConnection()
            server.transport.abortConnection()
            server.transport.write(b"never")
            self.assertFalse(server.lost.done(), "it is told later, as what others do is")
            self.assertIs(ConnectionAborted, await server.lost)
            with self.assertRaises(ConnectionError):
                while await reader.read(65_536):
                    pass
                raise ConnectionError if self.secure else AssertionError

        self.run_connected(scenario)

    def test_a_close_that_waits_for_the_peer_can_be_cut_short(self):
        async def scenario(server, reader, writer):
            writer.transport.pause_reading()
            server.transport.write(b"x" * MUCH)
            server.transport.loseConnection()
            await turns()
            self.assertFalse(server.lost.done())
            server.transport.abortConnection()
            self.assertIs(ConnectionAborted, await server.lost)

        self.run_connected(scenario)

    def test_why_a_connection_ended(self):
        async def closed_there(server, reader, writer):
            writer.close()
            self.assertIs(ConnectionDone, await server.lost)

        async def reset_there(server, reader, writer):
            writer.write(b"x")
            await until(lambda: server.received)
            reset(writer)
            self.assertIs(ConnectionLost, await server.lost)

        for scenario in (closed_there, reset_there):
            self.run_connected(scenario)

    def test_writing_to_a_peer_that_reset(self):
        async def scenario(server, reader, writer):
            server.transport.pauseProducing()
            reset(writer)
            while not server.lost.done():
                server.transport.write(b"x" * 65_536)
                await asyncio.sleep(0)
            self.assertIs(ConnectionLost, server.lost.result())

        self.run_connected(scenario)

    # -- halves

    def test_our_half_can_be_closed_alone(self):
        async def scenario(server, reader, writer):
            server.transport.write(b"x" * MUCH)
            server.transport.loseWriteConnection()
            server.transport.loseWriteConnection()
            self.assertEqual(MUCH, len(await reader.read()))
            if self.secure:
                writer.close()
                self.assertIs(ConnectionDone, await server.lost)
                return
            await until(lambda: server.calls == ["write lost"])
            server.transport.write(b"never")
            writer.write(b"still read")
            await until(lambda: server.received == b"still read")
            server.transport.loseConnection()
            self.assertIs(ConnectionDone, await server.lost)

        self.run_connected(scenario, Half)

    def test_our_half_closes_at_once_where_nothing_waits(self):
        async def scenario(server, reader, writer):
            server.transport.loseWriteConnection()
            self.assertEqual([], server.calls)
            self.assertEqual(b"", await reader.read())
            await until(lambda: self.secure or server.calls == ["write lost"])

        self.run_connected(scenario, Half)

    def test_the_peers_half_is_told_to_whoever_knows_of_halves(self):
        if self.secure:
            return

        async def scenario(server, reader, writer):
            writer.write(b"all")
            writer.write_eof()
            await until(lambda: server.calls == ["read lost"])
            self.assertEqual(b"all", server.received)
            server.transport.write(b"answer")
            self.assertEqual(b"answer", await reader.readexactly(6))
            server.transport.loseConnection()
            self.assertIs(ConnectionDone, await server.lost)

        async def unknown(server, reader, writer):
            writer.write_eof()
            self.assertIs(ConnectionDone, await server.lost)

        self.run_connected(scenario, Half)
        self.run_connected(unknown)

    def test_an_error_about_a_half_ends_the_connection(self):
        if self.secure:
            return

        class Fails(Half):
            def readConnectionLost(self):
                raise ValueError

            writeConnectionLost = readConnectionLost

        async def reading(server, reader, writer):
            writer.write_eof()
            await server.lost

        async def writing(server, reader, writer):
            server.transport.loseWriteConnection()
            await server.lost

        for scenario in (reading, writing):
            self.run_connected(scenario, Fails)
            self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    # -- what it is

    def test_addresses_and_options(self):
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
            server.transport.abortConnection()
            await server.lost
            self.assertEqual(peer, server.transport.getPeer())

        self.run_connected(scenario)
        if socket.has_ipv6 and not self.twisteds:
            self.run_connected(scenario, interface="::1")

    # -- reading

    def test_a_paused_transport_does_not_read(self):
        async def scenario(server, reader, writer):
            server.transport.pauseProducing()
            server.transport.pauseProducing()
            writer.write(b"x")
            await turns()
            self.assertEqual(b"", server.received)
            server.transport.resumeProducing()
            server.transport.resumeProducing()
            await until(lambda: server.received == b"x")
            server.transport.stopProducing()
            writer.close()
            await server.lost

        self.run_connected(scenario)

    def test_reading_may_be_paused_from_the_start(self):
        class Paused(Server):
            def connectionMade(self):
                super().connectionMade()
                self.transport.pauseProducing()

        async def scenario(server, reader, writer):
            writer.write(b"x")
            await turns()
            writer.write(b"y")
            await turns()
            self.assertEqual(b"", server.received)
            server.transport.resumeProducing()
            server.transport.pauseProducing()
            await turns()
            self.assertEqual(b"", server.received)
            server.transport.resumeProducing()
            await until(lambda: server.received == b"xy")
            writer.write(b"z")
            await until(lambda: server.received == b"xyz")

        async def nothing_came(server, reader, writer):
            server.transport.resumeProducing()
            writer.write(b"x")
            await until(lambda: server.received == b"x")

        self.run_connected(scenario, Paused)
        self.run_connected(nothing_came, Paused)

    def test_nothing_is_read_any_more_after_the_close(self):
        async def scenario(server, reader, writer):
            writer.transport.pause_reading()
            server.transport.write(b"x" * MUCH)
            server.transport.loseConnection()
            server.transport.resumeProducing()
            writer.write(b"late")
            await turns()
            self.assertEqual(b"", server.received)

        self.run_connected(scenario)

    # -- producers

    def test_a_producer_waits_for_a_peer_that_does_not_read(self):
        async def scenario(server, reader, writer):
            writer.transport.pause_reading()
            server.transport.registerProducer(server, True)
            self.assertRaises(RuntimeError, server.transport.registerProducer, server, True)
            await fill(server)
            writer.transport.resume_reading()
            while server.calls[-1] == "pause":
                await reader.read(65_536)
            server.transport.write(b"last")
            server.transport.unregisterProducer()
            server.transport.loseConnection()
            rest = await reader.read()
            self.assertEqual(b"last", rest[-4:])
            writer.close()
            self.assertIs(ConnectionDone, await server.lost)
            self.assertNotIn("stop", server.calls)

        self.run_connected(scenario)

    def test_a_close_waits_for_a_paused_producer(self):
        async def scenario(server, reader, writer):
            writer.transport.pause_reading()
            server.transport.registerProducer(server, True)
            await fill(server)
            server.transport.loseConnection()
            server.transport.write(b"still")
            server.transport.unregisterProducer()
            writer.transport.resume_reading()
            rest = await reader.read()
            self.assertEqual(b"still", rest[-5:])

        if not (self.twisteds and self.secure):
            self.run_connected(scenario)

    def test_a_close_waits_until_a_paused_producer_has_gone_on(self):
        class Last(Server):
            def resumeProducing(self):
                super().resumeProducing()
                self.transport.write(b"last")

        async def scenario(server, reader, writer):
            writer.transport.pause_reading()
            server.transport.registerProducer(server, True)
            await fill(server)
            server.transport.loseConnection()
            writer.transport.resume_reading()
            self.assertEqual(b"last", (await reader.read())[-4:])
            writer.close()
            self.assertIs(ConnectionDone, await server.lost)

        if not self.secure:
            self.run_connected(scenario, Last)

    def test_a_close_does_not_wait_for_a_producer_that_is_not_paused(self):
        async def scenario(server, reader, writer):
            server.transport.registerProducer(server, True)
            server.transport.write(b"bye")
            server.transport.loseConnection()
            self.assertEqual(b"bye", await reader.read())
            writer.close()
            self.assertIs(ConnectionDone, await server.lost)

        self.run_connected(scenario)

    def test_a_producer_that_is_pulled_is_asked_for_each_piece(self):
        async def scenario(server, reader, writer):
            pull = Pull(server.transport, 2_000)
            server.transport.registerProducer(pull, False)
            self.assertRaises(RuntimeError, server.transport.registerProducer, pull, False)
            server.transport.loseConnection()
            self.assertEqual(20_000_000, len(await reader.read()))
            self.assertEqual(0, pull.left)
            writer.close()
            self.assertIs(ConnectionDone, await server.lost)
            self.assertFalse(pull.stopped)

        self.run_connected(scenario)

    def test_a_producer_that_is_pulled_is_not_asked_while_the_peer_does_not_read(self):
        async def scenario(server, reader, writer):
            writer.transport.pause_reading()
            pull = Pull(server.transport, 1_000_000)
            server.transport.registerProducer(pull, False)
            left = None
            while left != pull.left:
                left = pull.left
                await turns(2)
            await turns()
            self.assertEqual(left, pull.left)
            server.transport.abortConnection()
            await server.lost
            self.assertTrue(pull.stopped)
            await turns()
            self.assertEqual(left, pull.left)

        self.run_connected(scenario)

    def test_a_producer_is_stopped_when_the_connection_is_lost(self):
        async def scenario(server, reader, writer):
            server.transport.registerProducer(server, True)
            writer.close()
            await server.lost
            self.assertEqual(["stop"], server.calls)
            server.transport.unregisterProducer()
            for streaming in (True, False):
                server.transport.registerProducer(server, streaming)
            self.assertEqual(["stop"] * 3, server.calls)

        self.run_connected(scenario)

    # -- errors of the protocol

    def test_an_error_while_reading_ends_that_connection_alone(self):
        for error in (ValueError("mine"), OSError("mine too")):

            class Fails(Server):
                def dataReceived(self, data, error=error):
                    super().dataReceived(data)
                    if data == b"wrong":
                        raise error

            async def scenario(server, reader, writer, error=error):
                context = writer.get_extra_info("sslcontext")
                number = writer.get_extra_info("peername")[1]
                _, other = await asyncio.open_connection("127.0.0.1", number, ssl=context)
                await until(lambda: len(server.factory.made) == 2)
                writer.write(b"wrong")
                self.assertIs(type(error), await server.lost)
                other.write(b"right")
                await until(lambda: server.factory.made[1].received == b"right")
                other.transport.abort()

            # Loops tell it by the module logging, but for an OSError.
            if self.twisteds or isinstance(error, OSError):
                self.run_connected(scenario, Fails)
                self.assertEqual([error], [e.value for e in self.flushLoggedErrors(type(error))])
            else:
                with self.assertLogs("asyncio") as logged:
                    self.run_connected(scenario, Fails)
                self.assertEqual([error], [record.exc_info[1] for record in logged.records])

    def test_an_error_of_a_protocol_is_logged(self):
        class FailsToBegin(Server):
            def connectionMade(self):
                super().connectionMade()
                raise ValueError

        class FailsToEnd(Server):
            def connectionLost(self, reason):
                super().connectionLost(reason)
                raise ValueError

        async def begins(server, reader, writer):
            if not self.twisteds:
                self.assertIs(ConnectionAborted, await server.lost)

        async def ends(server, reader, writer):
            server.transport.loseConnection()
            writer.close()
            await server.lost

        if not self.secure:  # else the client's handshake fails
            self.run_connected(begins, FailsToBegin)
            self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.run_connected(ends, FailsToEnd)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_nothing_is_left_of_a_protocol_whose_connection_is_lost(self):
        """It does not wait for the collector."""

        async def scenario(factory, number):
            context = client_context() if self.secure else None
            for abort in (False, True):
                _, writer = await asyncio.open_connection("127.0.0.1", number, ssl=context)
                await until(lambda: factory.made)
                await self.is_ready(factory.made[0])
                if abort:
                    factory.made[0].transport.abortConnection()
                writer.transport.abort()
                await self.all_goes(factory)
            if self.secure:
                _, writer = await asyncio.open_connection("127.0.0.1", number)
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
                await self.all_goes(factory)

        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        if not self.twisteds:
            self.run_listening(scenario)

    async def all_goes(self, factory):
        await until(lambda: factory.made)
        server = factory.made.pop()
        await server.lost
        kept = weakref.ref(server)
        del server
        await turns()
        self.assertIsNone(kept())

    def test_a_factory_that_makes_no_protocol(self):
        def refuses(address):
            return None

        def fails(address):
            raise ValueError

        for build in (refuses, fails):

            async def scenario(factory, number, build=build):
                made, factory.buildProtocol = factory.buildProtocol, build
                reader, writer = await asyncio.open_connection("127.0.0.1", number)
                try:
                    self.assertEqual(b"", await reader.read())
                except ConnectionResetError:
                    pass
                factory.buildProtocol = made
                writer.close()
                context = None if not self.secure else False
                if context is None:
                    _, writer = await asyncio.open_connection("127.0.0.1", number)
                    await until(lambda: factory.made)
                    writer.transport.abort()
                    await factory.made[0].lost

            if build is refuses or not self.twisteds:  # Twisted's own leaves it open
                self.run_listening(scenario)
        self.assertEqual(not self.twisteds, len(self.flushLoggedErrors(ValueError)))


class TwistedsOnUVLoopTests(Promises, Twisteds, OnUVLoop, SynchronousTestCase):
    """What else listens or connects by Twisted on the reactor that is the default."""


class TwistedsTests(Promises, Twisteds, OnAsyncio, SynchronousTestCase):
    """The measure itself."""


class EagerOnUVLoopTests(Promises, Eager, OnUVLoop, SynchronousTestCase):
    """What the gateway listens with by Twisted's ``tcp:`` on the reactor that is the default."""


class EagerTests(Promises, Eager, OnAsyncio, SynchronousTestCase):
    pass


class LoopOnUVLoopTests(Promises, Loop, OnUVLoop, SynchronousTestCase):
    pass


class LoopOnAsyncioTests(Promises, Loop, OnAsyncio, SynchronousTestCase):
    pass


class TLSOnUVLoopTests(Promises, TLS, OnUVLoop, SynchronousTestCase):
    pass


class TLSOnAsyncioTests(Promises, TLS, OnAsyncio, SynchronousTestCase):
    pass


class AddressTests(SynchronousTestCase):
    def test_an_address_of_either_family(self):
        self.assertEqual("192.0.2.1", address_from(("192.0.2.1", 80)).host)
        self.assertEqual(("::1", 80), (lambda a: (a.host, a.port))(address_from(("::1", 80, 0, 0))))
