"""A server endpoint whose transports are the asyncio loop's own, for protocols of Twisted's.

On asyncio's reactor Twisted writes to sockets itself and asks the loop only when it may; a loop like
uvloop does the whole way faster. Beside ``tcp:``, as ``loop:8080:interface=127.0.0.1``.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import (
    CannotListenError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
)
from twisted.internet.interfaces import (
    IListeningPort,
    IStreamServerEndpoint,
    ITCPTransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from .sharing import SharedSockets

__all__ = ["LoopServerEndpoint", "LoopTransport", "loop_of", "parse_endpoint", "waiting_in"]

# As Twisted's own transports: more than this is held back from a producer.
_HIGH_WATER = 65_536

_Address = IPv4Address | IPv6Address


def loop_of(reactor: Any) -> asyncio.AbstractEventLoop | None:
    """The asyncio loop that a reactor runs on, or None."""
    return getattr(reactor, "_asyncioEventloop", None)


def parse_endpoint(
    reactor: Any, port: str, interface: str = "", backlog: str = "1024"
) -> LoopServerEndpoint:
    """The endpoint of a description, ``loop:8080:interface=127.0.0.1:backlog=50``.

    :raises ValueError: a number is none, or the reactor runs on no asyncio loop.
    """
    if loop_of(reactor) is None:
        raise ValueError("loop: needs asyncio's reactor; use tcp: on this one")
    for name, text in (("port", port), ("backlog", backlog)):
        if not text.isdecimal():
            raise ValueError(f"the {name} should be a number, not {text!r}")
    return LoopServerEndpoint(reactor, int(port), interface, int(backlog))


@implementer(IStreamServerEndpoint)
class LoopServerEndpoint:
    """Listens with ``loop.create_server``.

    :param reactor: asyncio's.
    :param interface: an IPv4 or IPv6 address; empty for all of IPv4.
    :param backlog: connections that may wait to be accepted.
    """

    def __init__(self, reactor: Any, port: int, interface: str = "", backlog: int = 1024) -> None:
        self._reactor = reactor
        self._port = port
        self._interface = interface
        self._backlog = backlog

    def listen(self, protocolFactory: Any) -> Deferred[IListeningPort]:
        """Listen now; connections are accepted as soon as the reactor runs.

        :returns: fires at once, with the port or with CannotListenError.
        """
        if isinstance(self._reactor, SharedSockets):
            return succeed(self._reactor.listen(protocolFactory, self._adopt, self._backlog))
        try:
            listening = _listening_socket(self._interface, self._port, self._backlog)
        except (OSError, OverflowError) as error:
            return fail(CannotListenError(self._interface, self._port, error))
        port = _Port(self._reactor, listening, protocolFactory, self._backlog)
        port.start()
        return succeed(port)

    def _adopt(self, accepted: socket.socket, factory: Any) -> Deferred[Any]:
        """Make a transport for a socket that was accepted."""
        loop = loop_of(self._reactor)
        assert loop is not None
        host = _address(accepted.getsockname())
        making = loop.connect_accepted_socket(lambda: _Bridge(factory, host), accepted)
        return Deferred.fromFuture(loop.create_task(making))


def _listening_socket(interface: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in interface else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((interface, port))
        listening.listen(backlog)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


@implementer(IListeningPort)
class _Port:
    """A socket that is listened on.

    The loop takes it over once it runs, since only then it can make a server.
    """

    def __init__(self, reactor: Any, listening: socket.socket, factory: Any, backlog: int) -> None:
        self._reactor = reactor
        self._socket = listening
        self._factory = factory
        self._backlog = backlog
        self._address = _address(listening.getsockname())
        self._server: asyncio.Server | None = None
        self._held = False
        self._stopped = False

    def start(self) -> None:
        self._factory.doStart()
        self._reactor.callWhenRunning(self.startListening)

    def stopReading(self) -> None:
        """Accept nothing here, said before the loop runs: others accept from the socket."""
        self._held = True

    def fileno(self) -> int:
        return self._socket.fileno()

    def startListening(self) -> None:
        """Accept connections."""
        if self._held:
            return
        loop = loop_of(self._reactor)
        assert loop is not None
        making = loop.create_task(
            loop.create_server(self._accept, sock=self._socket, backlog=self._backlog)
        )
        making.add_done_callback(self._made)

    def _made(self, making: asyncio.Task[asyncio.Server]) -> None:
        if not making.cancelled() and making.exception() is None:
            self._server = making.result()
            if self._stopped:
                self._server.close()

    def _accept(self) -> _Bridge:
        return _Bridge(self._factory, self._address)

    def stopListening(self) -> Deferred[None]:
        """Accept no more; connections stay.

        :returns: has fired.
        """
        if not self._stopped:
            self._stopped = True
            if self._server is not None:
                self._server.close()
            else:
                self._socket.close()
            self._factory.doStop()
        return succeed(None)

    def getHost(self) -> _Address:
        return self._address


class _Bridge(asyncio.Protocol):
    """Hands what the loop tells to a protocol of Twisted's."""

    def __init__(self, factory: Any, host: _Address) -> None:
        self._factory = factory
        self._host = host

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        facade = LoopTransport(transport, self._host)
        self._facade = facade
        protocol = self._factory.buildProtocol(facade.getPeer())
        if protocol is None:
            transport.abort()  # type: ignore[attr-defined]
            return
        self._protocol = protocol
        # Loops look the method up when a protocol is set: the shortest way is Twisted's own method.
        self.data_received = protocol.dataReceived  # type: ignore[method-assign]
        transport.set_protocol(self)
        protocol.makeConnection(facade)

    def eof_received(self) -> bool:
        """The peer has closed its half: this closes ours, as Twisted's transports do."""
        return False

    def pause_writing(self) -> None:
        self._facade.hold_back()

    def resume_writing(self) -> None:
        self._facade.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        protocol = getattr(self, "_protocol", None)
        if protocol is None:
            return
        del self._protocol
        reason: Exception
        if self._facade.aborted:
            reason = ConnectionAborted()
        elif exc is None:
            reason = ConnectionDone()
        else:
            reason = ConnectionLost(str(exc))
        self._facade.connected = False
        self._facade.write = _ignore
        # Else the two would hold each other until the collector comes.
        del self.data_received
        protocol.connectionLost(Failure(reason))


@implementer(ITCPTransport)
class LoopTransport:
    """A loop's transport in the words of Twisted.

    :param transport: the loop's.
    :param host: the address that was listened on.
    """

    __slots__ = (
        "_held", "_host", "_peer", "_producer", "_streaming", "_transport", "aborted", "connected",
        "disconnecting", "write",
    )  # fmt: skip

    def __init__(self, transport: Any, host: _Address) -> None:
        self._transport = transport
        self._host = host
        self._peer = _address(transport.get_extra_info("peername"))
        self._producer: Any = None
        self._streaming = False
        self._held = False
        self.connected = True
        self.disconnecting = False
        self.aborted = False
        self.write: Callable[[bytes], None] = transport.write
        transport.set_write_buffer_limits(high=_HIGH_WATER)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    @property
    def waiting(self) -> int:
        """Bytes that the peer has not read."""
        size: int = self._transport.get_write_buffer_size()
        return size

    def loseConnection(self) -> None:
        """Close when everything is written."""
        if not self.disconnecting:
            self.disconnecting = True
            self.write = _ignore
            if self._producer is None:
                self._transport.close()

    def abortConnection(self) -> None:
        """Close now; what is not written is lost."""
        if self.connected:
            self.disconnecting = self.aborted = True
            self.write = _ignore
            self._transport.abort()

    def loseWriteConnection(self) -> None:
        """Close our half when everything is written."""
        self.write = _ignore
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def getPeer(self) -> _Address:
        return self._peer

    def getHost(self) -> _Address:
        name = self._transport.get_extra_info("sockname")
        return self._host if name is None else _address(name)

    # -- producers: who writes to us waits while we hold too much; who reads from us may pause us

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self._producer is not None:
            raise RuntimeError(f"{self._producer!r} is registered already")
        if self.disconnecting or not self.connected:
            producer.stopProducing()
            return
        self._producer, self._streaming = producer, streaming
        if not streaming:
            producer.resumeProducing()
        elif self._held:
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        self._producer = None
        if self.disconnecting:
            self._transport.close()

    def hold_back(self) -> None:
        """The loop's transport holds more than the peer reads."""
        self._held = True
        if self._producer is not None and self._streaming:
            self._producer.pauseProducing()

    def go_on(self) -> None:
        """The peer has read."""
        self._held = False
        if self._producer is not None:
            self._producer.resumeProducing()

    def pauseProducing(self) -> None:
        if self.connected and not self._transport.is_closing():
            self._transport.pause_reading()

    def resumeProducing(self) -> None:
        if self.connected and not self._transport.is_closing():
            self._transport.resume_reading()

    def stopProducing(self) -> None:
        self.loseConnection()

    # -- options of the socket

    def setTcpNoDelay(self, enabled: bool) -> None:
        self._option(socket.IPPROTO_TCP, socket.TCP_NODELAY, enabled)

    def getTcpNoDelay(self) -> bool:
        return self._is_set(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    def setTcpKeepAlive(self, enabled: bool) -> None:
        self._option(socket.SOL_SOCKET, socket.SO_KEEPALIVE, enabled)

    def getTcpKeepAlive(self) -> bool:
        return self._is_set(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    def _option(self, level: int, name: int, enabled: bool) -> None:
        self._transport.get_extra_info("socket").setsockopt(level, name, int(enabled))

    def _is_set(self, level: int, name: int) -> bool:
        return bool(self._transport.get_extra_info("socket").getsockopt(level, name))


def waiting_in(transport: Any, otherwise: int) -> int:
    """How many bytes a transport holds that its peer has not read.

    :param otherwise: where the transport does not tell.
    """
    if isinstance(transport, LoopTransport):
        return transport.waiting
    try:
        return len(transport.dataBuffer) - int(transport.offset)
    except AttributeError:
        return otherwise


def _ignore(data: bytes) -> None:
    """Takes the place of writing on a transport that closes."""


def _address(name: Any) -> _Address:
    """What ``getsockname`` gives, as an address of Twisted's."""
    host, port, *scope = name
    return IPv6Address("TCP", host, port, *scope) if scope else IPv4Address("TCP", host, port)
