"""WebSockets of Autobahn's, made by a ``ClientService`` one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)
from twisted.application.internet import ClientService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectionLost as TransportLost
from twisted.internet.interfaces import IProtocol, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from ...server.logs import CappedLog
from ...server.timers import Timers
from ...version import VERSION
from ..core.address import Address
from ..core.closing import BROKEN
from ..core.headers import checked_headers
from ..core.world import Line, nobody_answered

__all__ = ["Connector", "WebSocketOptions", "WebSocketService"]

# Seconds for the closing handshake.
_CLOSING = 2

# Makes the endpoint that leads to an address.
Connector = Callable[[Any, Address], IStreamClientEndpoint]


class WebSocketOptions:
    """What all WebSockets of a client have in common.

    :param headers: of the opening handshake.
    :param max_message_size: bytes of the largest message that is taken; 0: of any size.
    :param compression: whether messages may be compressed (RFC 7692).
    :param tls: what :func:`twisted.internet.ssl.optionsForClientTLS` gives; None: the system's
        certificates are trusted.
    :param connector: makes the endpoint, in place of a name that is looked up.
    """

    def __init__(
        self,
        headers: Mapping[str, str] | None,
        max_message_size: int,
        compression: bool,
        tls: Any,
        connector: Connector | None,
    ) -> None:
        self.headers = checked_headers(headers)
        self.names_agent = any(name.lower() == "user-agent" for name in self.headers)
        self.max_message_size = max_message_size
        self.compression = compression
        self._tls = tls
        self._connector = connector

    def endpoint(self, reactor: Any, address: Address) -> IStreamClientEndpoint:
        """What leads to an address."""
        if self._connector is not None:
            return self._connector(reactor, address)
        endpoint = HostnameEndpoint(reactor, address.host.encode("idna"), address.port)
        if not address.secure:
            return endpoint
        from twisted.internet.ssl import optionsForClientTLS

        return wrapClientTLS(self._tls or optionsForClientTLS(address.host), endpoint)


class _Silent:
    """Autobahn logs nearly every step."""

    def debug(self, *args: Any, **fields: Any) -> None:
        """Nothing."""

    trace = info = warn = error = failure = debug


class _WebSocket(WebSocketClientProtocol):  # type: ignore[misc]  # untyped
    """A WebSocket: what a client writes to, and what a ``ClientService`` takes for a transport."""

    log = _Silent()

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self._client: IProtocol | None = None
        self.attempt: Deferred[None] = Deferred(lambda _: self.abort())

    def onOpen(self) -> None:
        # The service has it when that returns.
        self.attempt.callback(None)
        self._line.opened(self)

    def serve(self, client: IProtocol) -> IProtocol:
        """It is open, and somebody's."""
        self._client = client
        client.makeConnection(self)
        return client

    def onMessageFrameData(self, payload: bytes) -> None:
        # A part of a large message is a sign of life too.
        self._line.alive(self)
        super().onMessageFrameData(payload)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self._line.received(self, payload)

    def onPing(self, payload: bytes) -> None:
        super().onPing(payload)
        self._line.alive(self)

    def onPong(self, payload: bytes) -> None:
        self._line.alive(self, payload)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        why = (reason if wasClean else self.wasNotCleanReason) or ""
        timeout: Any = self.closeHandshakeTimeoutCall
        if timeout is not None:
            # Autobahn leaves it to run where there was no closing handshake.
            timeout.cancel()
        if self._client is not None:
            if self.localCloseCode in BROKEN:
                # What we could not take counts, whatever the peer says to it.
                told: bytes = self.localCloseReason or b""
                code, why = self.localCloseCode, told.decode(errors="replace")
            self._line.lost(self, code or 1006, why)
            self._client.connectionLost(Failure(TransportLost(why)))
        elif not self.attempt.called:
            self.attempt.errback(ConnectionError(why or "the opening handshake failed"))

    # -- what is written

    def send(self, payload: bytes, binary: bool) -> None:
        if self.state == self.STATE_OPEN:
            self.sendMessage(payload, binary)

    def ping(self, payload: bytes) -> None:
        if self.state == self.STATE_OPEN:
            self.sendPing(payload)

    def close(self, code: int, reason: str) -> None:
        if self.state == self.STATE_OPEN:
            self.sendClose(code, reason)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abortConnection()

    def loseConnection(self) -> None:
        """What a ``ClientService`` calls that is stopped."""
        self.close(1000, "")


class _WebSocketFactory(WebSocketClientFactory):  # type: ignore[misc]  # untyped
    """Makes one WebSocket."""

    noisy = False
    log = _Silent()

    def __init__(
        self, reactor: Any, address: Address, options: WebSocketOptions, line: Line
    ) -> None:
        super().__init__(
            address.url,
            protocols=[*line.subprotocols],
            useragent=None if options.names_agent else f"aiorest_gw/{VERSION}",
            headers=options.headers,
            reactor=reactor,
        )
        self._line = line
        # Autobahn's own leave delayed calls behind in the reactor when they are cancelled.
        self._batched_timer = Timers(lambda: reactor, CappedLog(reactor.seconds))
        self.setProtocolOptions(
            failByDrop=False,
            openHandshakeTimeout=0,
            closeHandshakeTimeout=_CLOSING,
            serverConnectionDropTimeout=_CLOSING,
            maxMessagePayloadSize=options.max_message_size,
            maxFramePayloadSize=options.max_message_size,
            tcpNoDelay=True,
            **_COMPRESSED if options.compression else {},
        )

    def buildProtocol(self, addr: Any) -> _WebSocket:
        made = _WebSocket(self._line)
        made.factory = self
        return made


def _accept(response: Any) -> Any:
    if isinstance(response, PerMessageDeflateResponse):
        return PerMessageDeflateResponseAccept(response)
    return None


_COMPRESSED = {
    "perMessageCompressionOffers": [PerMessageDeflateOffer()],
    "perMessageCompressionAccept": _accept,
}


@implementer(IStreamClientEndpoint)
class _WebSocketEndpoint:
    """Connects to wherever a line leads at that moment; connected is what is open."""

    def __init__(self, reactor: Any, options: WebSocketOptions, line: Line) -> None:
        self._reactor = reactor
        self._options = options
        self._line = line

    def connect(self, factory: Any) -> Deferred[Any]:
        line = self._line
        connecting = Deferred.fromCoroutine(self._connect(factory))
        connecting.addTimeout(line.opening, self._reactor, _too_late)
        connecting.addErrback(self._failed)
        return connecting

    async def _connect(self, factory: Any) -> Any:
        # A ClientService cannot be stopped within the call that starts it: it would go on trying.
        await deferLater(self._reactor, 0)
        address = await self._line.address()
        made = _WebSocketFactory(self._reactor, address, self._options, self._line)
        endpoint = self._options.endpoint(self._reactor, address)
        websocket: Any = await endpoint.connect(made)
        await websocket.attempt
        return websocket.serve(factory.buildProtocol(None))

    def _failed(self, failure: Failure) -> Failure:
        error = failure.value
        self._line.failed(error if isinstance(error, Exception) else ConnectionError(str(error)))
        return failure


def _too_late(result: Any, seconds: float) -> Any:
    """What becomes of one that was cancelled because it took too long."""
    if isinstance(result, Failure):
        raise nobody_answered(seconds)
    return result


class _ShortenedWait:
    """The clock of a service; what it waits for can be had now."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._waiting: Any = None

    def callLater(self, seconds: float, function: Callable[..., Any], *args: Any) -> Any:
        self._waiting = self._reactor.callLater(seconds, function, *args)
        return self._waiting

    def end(self) -> None:
        """Wait no longer."""
        if self._waiting is not None and self._waiting.active():
            self._waiting.reset(0)


class WebSocketService:
    """Makes WebSockets for a line, with a ``ClientService`` (:class:`~..core.world.Keeper`)."""

    def __init__(self, reactor: Any, options: WebSocketOptions, line: Line) -> None:
        self._wait = _ShortenedWait(reactor)
        self._service = ClientService(
            _WebSocketEndpoint(reactor, options, line),
            Factory.forProtocol(Protocol),
            retryPolicy=lambda _: line.delay(),
            clock=self._wait,  # type: ignore[arg-type]  # it needs nothing else of a clock
        )
        self._stopping: Deferred[Any] | None = None

    def start(self) -> None:
        self._service.startService()

    def hurry(self) -> None:
        self._wait.end()

    def stop(self) -> Deferred[Any]:
        # A ClientService cannot be stopped by whoever is told that it has been, within that call.
        if self._stopping is None:
            self._stopping = maybeDeferred(self._service.stopService)
        stopped: Deferred[None] = Deferred()

        def tell(result: Any) -> Any:
            if not stopped.called:
                stopped.callback(None)
            return result

        self._stopping.addBoth(tell)
        return stopped
