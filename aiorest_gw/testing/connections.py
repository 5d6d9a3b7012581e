"""A client and a gateway in one process, with memory for a network: no socket, no waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateResponseAccept
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, execute
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IProtocol, IPushProducer, ITransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from ..server.factory import RequestHandlerFactory
from ..server.timers import Timers
from .calls import Answer

__all__ = ["InlineCalls", "MemoryClient", "connect"]

T = TypeVar("T")

# As Twisted's own transports: more than this is held back from the producer.
_FULL = 65_536


class InlineCalls:
    """Runs ``@blocking`` views at once and in order, in place of threads."""

    def run(self, function: Callable[[], T]) -> Deferred[T]:
        return execute(function)

    def close(self) -> None:
        """Nothing to close."""


@implementer(ITransport, IConsumer, IPushProducer)
class _Transport:
    """One end of a connection: keeps what was written until :func:`_move` takes it over."""

    disconnecting = False

    def __init__(self, protocol: Any, host: IPv4Address, peer: IPv4Address) -> None:
        self.protocol = protocol
        self.host = host
        self.peer = peer
        self.written = bytearray()
        self.aborted = False
        self.reading = True
        self.lost = False
        self._producer: IPushProducer | None = None
        self._held_back = False

    def write(self, data: bytes) -> None:
        if not self.lost and not self.disconnecting:
            self.written += data
            if len(self.written) > _FULL and self._producer is not None and not self._held_back:
                self._held_back = True
                self._producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def take(self) -> bytes:
        data = bytes(self.written)
        self.written.clear()
        if self._held_back and self._producer is not None:
            self._held_back = False
            self._producer.resumeProducing()
        return data

    def loseConnection(self) -> None:
        self.disconnecting = True

    def abortConnection(self) -> None:
        self.written.clear()
        self.disconnecting = self.aborted = True

    def getHost(self) -> IPv4Address:
        return self.host

    def getPeer(self) -> IPv4Address:
        return self.peer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True

    def stopProducing(self) -> None:
        self.loseConnection()

    def lose(self, reason: type[Exception]) -> None:
        if not self.lost:
            self.lost = True
            IProtocol(self.protocol).connectionLost(Failure(reason()))


class _ClientProtocol(WebSocketClientProtocol):  # type: ignore[misc]
    client: MemoryClient

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.client.messages.append(payload)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.client.close_code = code
        self.client.close_reason = reason

    def failHandshake(self, reason: str) -> None:
        self.client.refusal = bytes(self.data).decode("latin-1")
        super().failHandshake(reason)


class MemoryClient:
    """A client that is connected to a gateway in memory.

    :ivar messages: what the gateway sent and was not received yet, oldest first.
    :ivar refusal: the answer of HTTP, where the handshake was refused.
    :ivar close_code: why the connection was closed, once it is.
    :ivar deaf: set it to read nothing more from the gateway.
    """

    def __init__(self, protocol: Any, ours: _Transport, theirs: _Transport) -> None:
        self._protocol = protocol
        self._ours = ours
        self._theirs = theirs
        self.messages: list[bytes] = []
        self.refusal: str | None = None
        self.close_code: int | None = None
        self.close_reason: str | None = None
        self.deaf = False

    @property
    def connected(self) -> bool:
        """Whether the opening handshake was done and the connection is not closed."""
        return self._protocol.state == self._protocol.STATE_OPEN and not self._ours.lost

    @property
    def server(self) -> Any:
        """The connection's protocol on the side of the gateway."""
        return self._theirs.protocol

    @property
    def paused(self) -> bool:
        """Whether the gateway has stopped reading this connection."""
        return not self._theirs.reading

    def send(self, message: Any, binary: bool = False) -> None:
        """Send a message: bytes as they are, everything else as JSON.

        :raises ConnectionRefusedError: the handshake was refused; ``refusal`` says why.
        """
        if self.refusal is not None:
            raise ConnectionRefusedError(self.refusal.replace("\r\n", " "))
        payload = message if isinstance(message, bytes) else msgspec.json.encode(message)
        self._protocol.sendMessage(payload, binary)
        self.move()

    def send_octets(self, octets: bytes) -> None:
        """Send bytes as they are, below WebSocket's frames."""
        self._ours.write(octets)
        self.move()

    def receive(self) -> Answer:
        """The oldest answer that was not received yet.

        Where there is none, all that needs further turns of the clock, but no time, has them first.

        :raises LookupError: there is none.
        """
        self.settle()
        if not self.messages:
            if self.close_code is not None:
                raise LookupError(
                    f"it was closed: {self.close_code} {self.close_reason or ''}".rstrip()
                )
            raise LookupError("the gateway has sent nothing (yet); is there time to be advanced?")
        return Answer.read(self.messages.pop(0))

    def request(self, method: str, url: str, **keys: Any) -> Answer:
        """Send a request and receive its answer, where the view gives it at once.

        :param keys: further keys of the message: ``data``, ``args``, ``id``, ``token`` …
        """
        self.send({"method": method, "url": url, "id": 1} | keys)
        return self.receive()

    def close(self, code: int = 1000) -> None:
        """Close in order."""
        self._protocol.sendClose(code)
        self.move()

    def cut(self) -> None:
        """Lose the connection, as when the network goes."""
        self._ours.lose(ConnectionLost)
        self._theirs.lose(ConnectionLost)

    def settle(self) -> None:
        """Let come what needs turns of the clock, but no time, if nothing has come."""
        self.move()
        clock = self.server.factory.reactor
        if not self.messages and isinstance(clock, Clock):
            clock.advance(0)
            self.move()

    def move(self) -> None:
        """Let the bytes flow both ways until none is on its way any more."""
        while self._step(self._ours, self._theirs) or (
            (not self.deaf or self._theirs.aborted) and self._step(self._theirs, self._ours)
        ):
            pass

    def _step(self, source: _Transport, target: _Transport) -> bool:
        if source.written and target.reading and not target.lost:
            target.protocol.dataReceived(source.take())
            return True
        if source.disconnecting and not source.lost and (source.aborted or not source.written):
            source.lose(ConnectionAborted if source.aborted else ConnectionDone)
            target.lose(ConnectionLost if source.aborted else ConnectionDone)
            return True
        return False


def connect(
    factory: RequestHandlerFactory,
    reactor: Any,
    *,
    path: str = "/",
    origin: str | None = None,
    protocols: list[str] | None = None,
    headers: dict[str, str] | None = None,
    address: str = "127.0.0.1",
    host: str = "gateway.example",
    compress: bool = False,
) -> MemoryClient:
    """Connect a client to a factory in memory.

    :param reactor: the clock of both sides.
    :param address: that the client seems to come from.
    :param host: by which the client knows the gateway.
    :param compress: offer permessage-deflate.
    :raises ConnectionRefusedError: the factory takes no connection.
    :raises TypeError: it is no factory.
    """
    if not isinstance(factory, RequestHandlerFactory):
        raise TypeError(f"{factory!r} is no factory: RequestHandlerFactory(router=…) makes one")
    url = f"ws://{host}{path}"
    client_factory = WebSocketClientFactory(
        url, origin=origin, protocols=protocols, headers=headers, reactor=reactor
    )
    client_factory._batched_timer = Timers(lambda: reactor, factory.events)
    client_factory.setProtocolOptions(
        failByDrop=False,
        perMessageCompressionOffers=[PerMessageDeflateOffer()] if compress else [],
        perMessageCompressionAccept=PerMessageDeflateResponseAccept,
    )
    here, peer = IPv4Address("TCP", "127.0.0.1", 80), IPv4Address("TCP", address, 50_000)
    server = factory.buildProtocol(peer)
    if server is None:
        raise ConnectionRefusedError("the factory takes no connection")
    protocol = _ClientProtocol()
    protocol.factory = client_factory
    ours, theirs = _Transport(protocol, peer, here), _Transport(server, here, peer)
    client = protocol.client = MemoryClient(protocol, ours, theirs)
    server.makeConnection(theirs)
    protocol.makeConnection(ours)
    client.move()
    return client
