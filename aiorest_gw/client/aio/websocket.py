"""WebSockets on asyncio's transports, one after another; the ``websockets`` library reads and writes.

Its pure part is used, ``websockets.client``: what came is handed on in the call that read it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import CLOSED, OPEN
from websockets.uri import parse_uri

from ...version import VERSION
from ..core.address import Address
from ..core.closing import BROKEN
from ..core.headers import checked_headers
from ..core.world import Line, nobody_answered

__all__ = ["Connector", "WebSocketKeeper", "WebSocketOptions"]

# Seconds for the closing handshake.
_CLOSING = 2

# Connects a protocol to an address, as ``loop.create_connection`` does.
Connector = Callable[[Callable[[], asyncio.Protocol], Address], Awaitable[Any]]


class WebSocketOptions:
    """What all WebSockets of a client have in common.

    :param headers: of the opening handshake.
    :param max_message_size: bytes of the largest message that is taken; 0: of any size.
    :param compression: whether messages may be compressed (RFC 7692).
    :param tls: None: the system's certificates are trusted.
    :param connector: connects, in place of the loop.
    """

    def __init__(
        self,
        headers: Mapping[str, str] | None,
        max_message_size: int,
        compression: bool,
        tls: ssl.SSLContext | None,
        connector: Connector | None,
    ) -> None:
        self.headers = checked_headers(headers)
        self.max_message_size = max_message_size or None
        self.extensions = [ClientPerMessageDeflateFactory()] if compression else None
        self._tls = tls
        self._connector = connector

    async def connect(self, made: Callable[[], asyncio.Protocol], address: Address) -> None:
        """Connect to an address."""
        if self._connector is not None:
            await self._connector(made, address)
        else:
            tls = (self._tls or ssl.create_default_context()) if address.secure else None
            loop = asyncio.get_running_loop()
            await loop.create_connection(made, address.host, address.port, ssl=tls)


class _WebSocket(asyncio.Protocol):
    """A WebSocket, and what a client writes to (:class:`~..core.world.Wire`)."""

    def __init__(self, address: Address, options: WebSocketOptions, line: Line) -> None:
        loop = asyncio.get_running_loop()
        self._line = line
        self._headers = options.headers
        self._protocol = ClientProtocol(
            parse_uri(address.url),
            subprotocols=[*line.subprotocols] or None,  # type: ignore[list-item]  # a NewType of theirs
            extensions=options.extensions,
            max_size=options.max_message_size,
        )
        self._transport: asyncio.Transport | None = None
        # Whole it is, however many pieces a message has, no larger than they are.
        self._pieces = bytearray()
        self._in_pieces = False
        self._most = options.max_message_size
        self._timer: asyncio.TimerHandle | None = None
        self._is_open = False
        self.opening: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    # -- of asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Of uvloop it is one in all but its class.
        self._transport = cast(asyncio.Transport, transport)
        request = self._protocol.connect()
        request.headers["User-Agent"] = f"aiorest_gw/{VERSION}"
        for name, value in self._headers.items():
            with contextlib.suppress(KeyError):
                del request.headers[name]
            request.headers[name] = value
        self._protocol.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        protocol = self._protocol
        protocol.receive_data(data)
        events = protocol.events_received()
        if not events and self._is_open:
            # A part of a large message is a sign of life too.
            self._line.alive(self)
        for event in events:
            if isinstance(event, Frame):
                self._take(event)
            else:
                self._shaken()
        self._flush()
        if protocol.close_expected() and self._timer is None:
            self._close_within()

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: BaseException | None) -> None:
        protocol = self._protocol
        if protocol.state is not CLOSED:
            protocol.receive_eof()
        if self._timer is not None:
            self._timer.cancel()
        if not self.opening.done():
            why = protocol.handshake_exc or exc
            self.opening.set_exception(
                ConnectionError(_refusal(why) if why else "the opening handshake failed")
            )
        if self._is_open:
            self._is_open = False
            self._line.lost(self, *self._closing())
        if not self.closed.done():
            self.closed.set_result(None)

    def _closing(self) -> tuple[int, str]:
        """Code and reason."""
        sent = self._protocol.close_sent
        if sent is not None and sent.code in BROKEN:
            # What we could not take counts, whatever the peer says to it.
            return int(sent.code), sent.reason
        return self._protocol.close_code or 1006, self._protocol.close_reason or ""

    # -- what comes

    def _shaken(self) -> None:
        error = self._protocol.handshake_exc
        if error is not None or self.opening.done():
            self.abort()
            return
        self._is_open = True
        self.opening.set_result(None)
        self._line.opened(self)

    def _take(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY or opcode is Opcode.CONT:
            if frame.fin and not self._in_pieces:
                self._line.received(self, bytes(frame.data))
            else:
                self._take_fragment(frame)
        elif opcode is Opcode.PONG:
            self._line.alive(self, bytes(frame.data))
        elif opcode is Opcode.PING:
            self._line.alive(self)

    def _take_fragment(self, frame: Frame) -> None:
        self._pieces += frame.data
        self._in_pieces = not frame.fin
        if self._most is not None and len(self._pieces) > self._most:
            self._pieces.clear()
            self._protocol.fail(CloseCode.MESSAGE_TOO_BIG)
        elif frame.fin:
            whole = bytes(self._pieces)
            self._pieces.clear()
            self._line.received(self, whole)

    # -- what is written

    def send(self, payload: bytes, binary: bool) -> None:
        if self._protocol.state is OPEN:
            if binary:
                self._protocol.send_binary(payload)
            else:
                self._protocol.send_text(payload)
            self._flush()

    def ping(self, payload: bytes) -> None:
        if self._protocol.state is OPEN:
            self._protocol.send_ping(payload)
            self._flush()

    def close(self, code: int, reason: str) -> None:
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, reason)
            self._flush()
            self._close_within()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        transport = self._transport
        assert transport is not None
        for data in self._protocol.data_to_send():
            if transport.is_closing():
                # It was reset, which is told soon; asyncio would log each attempt to write.
                continue
            if data:
                transport.write(data)
            elif transport.can_write_eof():
                transport.write_eof()
            else:
                transport.close()

    def _close_within(self) -> None:
        """Whoever does not close is cut off (RFC 6455 section 7.1.1)."""
        self._timer = asyncio.get_running_loop().call_later(_CLOSING, self.abort)


def _refusal(error: BaseException) -> str:
    """Why a handshake failed."""
    response = getattr(error, "response", None)
    if isinstance(error, InvalidHandshake) and isinstance(response, Response):
        body = bytes(response.body or b"")[:200].decode("latin-1").strip()
        if response.status_code == 200 or body.startswith("<"):
            # A page, whose source tells nobody what is wrong.
            body = f"{response.reason_phrase}; a web server answers there, not a WebSocket"
        return f"the handshake was refused: {response.status_code} {body or response.reason_phrase}"
    return str(error) or type(error).__name__


class WebSocketKeeper:
    """Makes WebSockets for a line (:class:`~..core.world.Keeper`).

    :ivar loop: that it runs in.
    :ivar stopped: it makes no more.
    """

    def __init__(self, options: WebSocketOptions, line: Line) -> None:
        self.loop = asyncio.get_running_loop()
        self._options = options
        self._line = line
        self._websocket: _WebSocket | None = None
        self._hurried = asyncio.Event()
        self.stopped = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep())

    def hurry(self) -> None:
        self._hurried.set()

    async def stop(self) -> None:
        self.stopped = True
        task = self._task
        if task is None or task is asyncio.current_task():
            return
        if self._websocket is not None:
            self._websocket.close(1000, "")
        else:
            task.cancel()
        # Whoever is cancelled who waits for this, is; the task ends nevertheless.
        await asyncio.wait([task])

    async def _keep(self) -> None:
        while not self.stopped:
            try:
                async with asyncio.timeout(self._line.opening):
                    self._websocket = await self._connect()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # What the application waits for was, and not this.
                self._line.failed(
                    ConnectionError("what finds the address, or connects, was cancelled")
                )
            except Exception as error:
                self._line.failed(self._named(error))
            else:
                await self._websocket.closed
            self._websocket = None
            if not self.stopped:
                self._hurried.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._line.delay()):
                        await self._hurried.wait()

    async def _connect(self) -> _WebSocket:
        address = await self._line.address()
        made = _WebSocket(address, self._options, self._line)
        try:
            await self._options.connect(lambda: made, address)
            await made.opening
        except BaseException:
            made.abort()
            raise
        return made

    def _named(self, error: Exception) -> Exception:
        """An error whose text says what is wrong."""
        if isinstance(error, TimeoutError) and not str(error):
            return nobody_answered(self._line.opening)
        if isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
            return ConnectionError("what answers there speaks no TLS; is ws:// meant, not wss://?")
        return error
