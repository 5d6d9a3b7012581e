"""The asyncio loop's own transports in the words of Twisted, for Twisted's protocols.

On asyncio's reactor Twisted writes to sockets itself and asks the loop only when it may; a loop like
uvloop does the whole way faster.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import Any, Protocol

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer, ITCPTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from .lobby import Lobby
from .logs import CappedLog
from .loops import Address, address_from, is_of_the_network
from .pulling import Pulled
from .turns import Turns

__all__ = ["LoopTransport", "Port"]

# As Twisted's own transports: more than this is held back from a producer.
_HIGH_WATER = 65_536
# SO_LINGER of no time: what is closed is reset (tcp(7)).
_RESET = struct.pack("ii", 1, 0)


class Port(Protocol):
    """What connections share."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...

    @property
    def events(self) -> CappedLog: ...

    @property
    def turns(self) -> Turns: ...

    @property
    def lobby(self) -> Lobby: ...

    def build(self, address: Address) -> Any:
        """A protocol for a connection from an address, or None for no connection."""

    def getHost(self) -> Address: ...


class _State(Enum):
    OPEN = auto()
    HALF_CLOSING = auto()
    CLOSING = auto()
    ABORTED = auto()
    LOST = auto()


@implementer(ITCPTransport, IPushProducer)
class LoopTransport(asyncio.Protocol):
    """A connection: to Twisted's protocol its transport, and to the loop's transport its protocol.

    ``write`` is the loop's own method, and what the loop reads goes to ``dataReceived`` with nothing
    between. From Twisted's ``tcp:`` it differs in this:

    * ``write`` takes a ``bytearray`` or a ``memoryview`` too, and may keep it: it must not be changed
      afterwards. ``writeSequence`` copies.
    * What is written after ``loseConnection`` is never sent, unless a producer is paused or pulled
      from: then the connection is closed when that has written what it has.
    * A producer that is registered while the peer does not read is paused at once.
    * An error in ``dataReceived`` is logged by the loop, one in ``connectionMade`` ends the connection.

    :param port: what accepted the connection.
    :param peer: its other end, as ``accept`` gave it.
    """

    __slots__ = (
        "_held", "_kept", "_peer", "_port", "_producer", "_protocol", "_state", "_transport",
        "data_received", "write",
    )  # fmt: skip

    def __init__(self, port: Port, peer: tuple[Any, ...]) -> None:
        self._port = port
        self._peer = peer
        self._protocol: Any = None
        self._producer: Any = None
        self._transport: Any = None
        self._state = _State.OPEN
        self._held = False
        self._kept: bytes | None = None
        self.write: Callable[[bytes], None] = _ignore

    # -- what the loop tells

    def connection_made(self, transport: Any) -> None:
        protocol = self._port.build(self.getPeer())
        if protocol is None:
            transport.abort()
            return
        self._carry_on(transport)
        self._begin(protocol)
        # Loops look the method up when a protocol is set.
        transport.set_protocol(self)

    def _carry_on(self, transport: Any) -> None:
        """This is the loop's transport from now on."""
        self._transport = transport
        self.write = transport.write
        transport.set_write_buffer_limits(high=_HIGH_WATER)

    def _begin(self, protocol: Any) -> None:
        self._protocol = protocol
        self.data_received = protocol.dataReceived  # type: ignore[method-assign]
        try:
            protocol.makeConnection(self)
        except Exception:
            self._port.events.failure("connectionMade failed")
            self.abortConnection()

    def change_hands(self, protocol: Any) -> None:
        """The connection is another protocol's, whose ``makeConnection`` is still to be called."""
        self._port.lobby.leave(self)
        self._protocol = protocol
        self.data_received = protocol.dataReceived  # type: ignore[method-assign]
        self._transport.set_protocol(self)

    def eof_received(self) -> bool:
        """The peer has closed its half; what follows from that waits for its turn.

        A loop tells all that end in the same moment without looking at others in between, and closing
        a socket takes the system long.
        """
        self._port.turns.wait(self._peer_has_written_all)
        return True

    def _peer_has_written_all(self) -> None:
        """Close our half too, unless the protocol knows of halves."""
        half = IHalfCloseableProtocol(self._protocol, None)
        try:
            if half is not None:
                half.readConnectionLost()
                return
        except Exception:
            self._port.events.failure("readConnectionLost failed")
        if not self._transport.is_closing():
            self._transport.close()

    def pause_writing(self) -> None:
        """The loop's transport holds more than the peer reads."""
        self._held = True
        if self._producer is not None:
            self._producer.pauseProducing()

    def resume_writing(self) -> None:
        self._held = False
        if self._producer is not None:
            self._producer.resumeProducing()
        if self._state is _State.HALF_CLOSING:
            self._port.loop.call_soon(self._half_closed)
        elif self._state is _State.CLOSING and self._has_written_all:
            # asyncio looks at its transport once more behind this call.
            self._port.loop.call_soon(self._close)

    @property
    def _has_written_all(self) -> bool:
        """Whether no producer has more to write than it has written."""
        return self._producer is None or not (self._held or isinstance(self._producer, Pulled))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._protocol is None or self._state is _State.LOST:
            return
        reason = self._reason(exc)
        self._state = _State.LOST
        self.write = _ignore
        # Else the two would hold each other until the collector comes.
        del self.data_received
        self._port.lobby.leave(self)
        self._port.turns.wait(partial(self._tell, reason))

    def _tell(self, reason: Exception) -> None:
        """Nothing comes of this connection any more."""
        protocol, self._protocol = self._protocol, None
        producer, self._producer = self._producer, None
        try:
            if producer is not None:
                producer.stopProducing()
        except Exception:
            self._port.events.failure("stopProducing failed")
        try:
            protocol.connectionLost(Failure(reason))
        except Exception:
            self._port.events.failure("connectionLost failed")

    def _reason(self, exc: Exception | None) -> Exception:
        if self._state is _State.ABORTED:
            return ConnectionAborted()
        if exc is None:
            return ConnectionDone()
        if not isinstance(exc, OSError):
            return exc
        if is_of_the_network(exc.__traceback__):
            return ConnectionLost(str(exc))
        # Loops take it for the network's, and say nothing.
        self._port.events.failure("dataReceived failed", Failure(exc))
        return exc

    # -- what the protocol asks for

    @property
    def connected(self) -> bool:
        return self._state is not _State.LOST

    @property
    def disconnecting(self) -> bool:
        return self._state in (_State.CLOSING, _State.ABORTED)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    @property
    def waiting(self) -> int:
        """Bytes that the peer has not read."""
        size: int = self._transport.get_write_buffer_size()
        return size

    def loseConnection(self) -> None:
        """Close when everything is written."""
        if self._state in (_State.OPEN, _State.HALF_CLOSING):
            self._state = _State.CLOSING
            if self._has_written_all:
                self._close()
            else:
                self._transport.pause_reading()

    def _close(self) -> None:
        if self._state is not _State.CLOSING:
            return
        self.write = _ignore
        # asyncio hands on what it reads of TLS until everything is written.
        self.data_received = _ignore  # type: ignore[method-assign]
        if not self._transport.is_closing():
            self._transport.close()

    def abortConnection(self) -> None:
        """Close now, with a reset; what is not written is lost."""
        if self._state not in (_State.ABORTED, _State.LOST):
            self._state = _State.ABORTED
            self.write = _ignore
            with suppress(OSError):  # It may be gone already.
                self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()

    def loseWriteConnection(self) -> None:
        """Close our half when everything is written."""
        if self._state is _State.OPEN:
            self._state = _State.HALF_CLOSING
            self.write = _ignore
            # The loop tells when nothing waits any more.
            self._transport.set_write_buffer_limits(high=0)
            self._transport.write_eof()
            if not self.waiting:
                self._port.loop.call_soon(self._half_closed)

    def _half_closed(self) -> None:
        half = IHalfCloseableProtocol(self._protocol, None)
        if half is not None and self._state is _State.HALF_CLOSING:
            try:
                half.writeConnectionLost()
            except Exception:
                self._port.events.failure("writeConnectionLost failed")
                self.abortConnection()

    def getPeer(self) -> Address:
        return address_from(self._peer)

    def getHost(self) -> Address:
        name = self._transport.get_extra_info("sockname") if self.connected else None
        return self._port.getHost() if name is None else address_from(name)

    # -- producers: who writes to us waits while we hold too much; who reads from us may pause us

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let a producer write as fast as the peer reads.

        :param streaming: whether it writes until it is paused; one that does not is asked each time.
        :raises RuntimeError: there is one already.
        """
        if self._producer is not None:
            raise RuntimeError(f"{self._producer!r} is registered already")
        if not self.connected:
            producer.stopProducing()
            return
        self._producer = producer if streaming else Pulled(producer, self._port.loop)
        if self._held:
            self._producer.pauseProducing()
        elif not streaming:
            self._producer.resumeProducing()

    def unregisterProducer(self) -> None:
        producer, self._producer = self._producer, None
        if isinstance(producer, Pulled):
            producer.pauseProducing()
        if self._state is _State.CLOSING:
            self._close()

    def pauseProducing(self) -> None:
        self._port.lobby.leave(self)
        if self.connected and not self._transport.is_closing():
            if not self._transport.is_reading():
                # uvloop begins to read after connectionMade, whatever was asked there.
                self._kept = self._kept or b""
                self.data_received = self._keep  # type: ignore[method-assign]
            self._transport.pause_reading()

    def _keep(self, data: bytes) -> None:
        self._kept = (self._kept or b"") + data
        self._transport.pause_reading()

    def resumeProducing(self) -> None:
        self._port.lobby.leave(self)
        if self.connected and not self.disconnecting and not self._transport.is_closing():
            kept, self._kept = self._kept, None
            if kept:
                self._port.loop.call_soon(self._catch_up, kept)
            else:
                self._read_on()

    def _read_on(self) -> None:
        if self.data_received == self._keep:
            self.data_received = self._protocol.dataReceived  # type: ignore[method-assign]
            self._transport.set_protocol(self)
        self._transport.resume_reading()

    def _catch_up(self, kept: bytes) -> None:
        if self._kept is not None:  # It was paused again.
            self._kept = kept + self._kept
        elif self.connected and not self.disconnecting:
            self._read_on()
            try:
                self._protocol.dataReceived(kept)
            except Exception:
                self._port.events.failure("dataReceived failed")
                self.abortConnection()

    def stopProducing(self) -> None:
        self.loseConnection()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that reads and writes."""
        return self._port.loop

    def read_in_turn(self) -> None:
        """Read on when there is something to be read, and others had their turn before."""
        reads = self._state is _State.OPEN and self._transport.is_reading()
        if reads and self._port.lobby.wait(self):
            self._transport.pause_reading()

    def come_in(self) -> None:
        """The turn has come."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def fileno(self) -> int:
        """The descriptor of the socket."""
        return self._socket().fileno()

    # -- options of the socket

    def setTcpNoDelay(self, enabled: bool) -> None:
        self._socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(enabled))

    def getTcpNoDelay(self) -> bool:
        return bool(self._socket().getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def setTcpKeepAlive(self, enabled: bool) -> None:
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(enabled))

    def getTcpKeepAlive(self) -> bool:
        return bool(self._socket().getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    def _socket(self) -> socket.socket:
        found: socket.socket = self._transport.get_extra_info("socket")
        return found


def _ignore(data: bytes) -> None:
    """Takes the place of writing on a transport that closes."""
