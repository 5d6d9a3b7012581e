"""Transports of every kind, to state what all of them promise: a listening port, and raw streams to it."""

from __future__ import annotations

import asyncio
import functools
import ssl
import tempfile
from pathlib import Path

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import globalLogPublisher

from aiorest_gw.server.listening import LoopServerEndpoint
from aiorest_gw.server.sending import send_eagerly
from aiorest_gw.server.tls import tls_context
from tests.end_to_end.certificates import make_certificate

try:
    import uvloop

    from aiorest_gw.server.uvloopreactor import UVLoopReactor
except ImportError:
    uvloop = None


class Reactor:
    """What the endpoint asks of asyncio's reactor."""

    def __init__(self):
        self._asyncioEventloop = asyncio.get_running_loop()


class Server(Protocol):
    """Notes what it is told, as a protocol and as a producer."""

    def connectionMade(self):
        self.received = b""
        self.reads = 0
        self.calls = []
        self.lost = asyncio.get_running_loop().create_future()
        self.factory.made.append(self)

    def dataReceived(self, data):
        self.received += data
        self.reads += 1

    def connectionLost(self, reason):
        self.lost.set_result(type(reason.value))

    def pauseProducing(self):
        self.calls.append("pause")

    def resumeProducing(self):
        self.calls.append("resume")

    def stopProducing(self):
        self.calls.append("stop")


class ServerFactory(Factory):
    noisy = False

    def __init__(self, protocol=Server):
        self.protocol = protocol
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


async def turns(number=50):
    """Let the loop run for some turns, in which something would happen that must not."""
    for _ in range(number):
        await asyncio.sleep(0)


@functools.cache
def certificate():
    """One for all tests: its file and its key's."""
    with tempfile.TemporaryDirectory() as folder:
        files = make_certificate(Path(folder))
        return tuple(Path(file).read_bytes() for file in files)


def certificate_in(folder):
    """The one for all tests as files in a folder."""
    written = Path(folder, "cert.pem"), Path(folder, "key.pem")
    for file, text in zip(written, certificate(), strict=True):
        file.write_bytes(text)
    return tuple(map(str, written))


@functools.cache
def server_context():
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificate_in(folder)
        return tls_context(privateKey=key, certKey=cert)


def client_context():
    context = ssl.create_default_context(cadata=certificate()[0].decode())
    context.check_hostname = False
    return context


class OnUVLoop:
    """Scenarios run on uvloop."""

    def reactor(self):
        return UVLoopReactor(asyncio.get_running_loop())

    if uvloop is None:
        skip = "there is no uvloop here"

    def run_on_loop(self, scenario):
        uvloop.run(scenario)


class OnAsyncio:
    """Scenarios run on asyncio's own loop."""

    def reactor(self):
        return AsyncioSelectorReactor(asyncio.get_running_loop())

    def run_on_loop(self, scenario):
        asyncio.run(scenario)


class Loop:
    """``loop:`` without TLS."""

    secure = twisteds = False
    context = None

    def endpoint(self, interface="127.0.0.1"):
        return LoopServerEndpoint(Reactor(), 0, interface, context=self.context)


class TLS(Loop):
    """``loop:`` with TLS."""

    secure = True

    @property
    def context(self):
        return server_context()


class Twisteds:
    """Twisted's own ``tcp:``, by which all are measured."""

    secure, twisteds = False, True

    def endpoint(self, interface="127.0.0.1"):
        reactor = self.reactor()
        self.addCleanup(reactor.waker.connectionLost, None)
        return TCP4ServerEndpoint(reactor, 0, interface=interface)


class Eager(Twisteds):
    """Twisted's own ``tcp:``, but that it sends at once."""

    def endpoint(self, interface="127.0.0.1"):
        return EagerEndpoint(super().endpoint(interface))


class EagerEndpoint:
    def __init__(self, endpoint):
        self.endpoint = endpoint

    def listen(self, factory):
        listening = self.endpoint.listen(factory)
        return listening.addCallback(lambda port: send_eagerly(port) or port)


class TransportCase:
    """Runs scenarios with a port and a client of it; mixed with what to run, on what."""

    def collect_events(self, about):
        """The events that are logged from now on with a word in them."""
        events = []

        def observe(event):
            if about in (event.get("log_format") or ""):
                events.append(event)

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        return events

    def run_connected(self, scenario, protocol=Server, interface="127.0.0.1"):
        """Run with a connected pair: a server's protocol, and a client's raw streams."""

        async def connected(factory, number):
            context = client_context() if self.secure else None
            reader, writer = await asyncio.open_connection(interface, number, ssl=context)
            await until(lambda: factory.made)
            await self.is_ready(factory.made[0])
            try:
                await scenario(factory.made[0], reader, writer)
            finally:
                writer.transport.abort()
                for server in factory.made:
                    server.transport.abortConnection()
                    await server.lost

        self.run_listening(connected, protocol, interface)

    async def is_ready(self, server):
        """A client has shaken hands before the server has."""
        if self.secure:
            await until(lambda: ISSLTransport.providedBy(server.transport))

    def run_listening(self, scenario, protocol=Server, interface="127.0.0.1"):
        """Run with a factory that is listened with, and the port's number."""

        async def listening():
            factory = ServerFactory(protocol)
            port = await self.endpoint(interface).listen(factory)
            try:
                await scenario(factory, port.getHost().port)
            finally:
                stopped = port.stopListening()
                await until(lambda: stopped.called)
                self.assertEqual((1, 1), (factory.started, factory.stopped))

        self.run_on_loop(listening())
