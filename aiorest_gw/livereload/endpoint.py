"""A tab's WebSocket: frames in and out, and the time. What they mean is decided elsewhere.

Nothing is sent but what the protocol has, and WebSocket pings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from zope.interface import implementer

from ..wire.budgets import TokenBucket
from .messages import MAX_FRAME, Close, Conversation, reload_message
from .reloading import Reload

if TYPE_CHECKING:
    from .live import LiveReload

__all__ = ["LiveReloadProtocol"]

# Bytes of a frame: a character has four at most.
_LARGEST = 4 * MAX_FRAME
# Seconds for a closing handshake.
_CLOSING = 5.0
# Frames a second, and twice that at once: a tab says hello and where it is, and answers pings.
_FRAMES = 50.0
# Bytes between two looks at how many frames came: a read holds thousands that are as small as can be.
_PIECE = 2_048


@implementer(IPushProducer)
class LiveReloadProtocol(Protocol):
    """The connection of one tab.

    :param live: that it belongs to.
    :ivar counted_as: the address that the connection is counted under; None of a UNIX socket.
    """

    counted_as: str | None = None
    transport: Any

    def __init__(self, live: LiveReload) -> None:
        self._live = live
        self._web = live.web
        self._socket = ServerProtocol(max_size=_LARGEST)
        self._conversation = Conversation(self._web.now())
        self._text = b""
        self._frames = TokenBucket(_FRAMES, self._web.now())
        self._reads = True
        self._caught_up = False
        self._heard = True
        self._timers: dict[str, Any] = {}

    @property
    def url(self) -> str | None:
        """Of the tab's page; None until it has said so."""
        url: str | None = self._conversation.url
        return url

    # -- what the transport tells

    def connectionMade(self) -> None:
        self._web.enter(self)
        self._live.enter(self)
        self.transport.registerProducer(self, True)
        due = self._conversation.due()
        if due is not None:
            self._set("hello", due - self._web.now(), self._waited)
        if self._web.limits.ping_interval:
            self._set("ping", self._web.limits.ping_interval, self._ping)

    def dataReceived(self, data: bytes) -> None:
        self._heard = True
        for start in range(0, len(data), _PIECE):
            self._socket.receive_data(data[start : start + _PIECE])
            for event in self._socket.events_received():
                if isinstance(event, Request):
                    self._socket.send_response(self._socket.accept(event))
                elif isinstance(event, Frame):
                    self._take(event)
        self._flush()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._live.leave(self)
        self._web.leave(self)

    def pauseProducing(self) -> None:
        """The tab does not read; of what it says, each ping would be answered."""
        self._reads = False
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        self._reads = True
        self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """The transport is gone."""

    # -- frames

    def _take(self, frame: Frame) -> None:
        if not self._frames.take(1, self._web.now()):
            # Nothing more is read; what this read had besides is passed over.
            self._socket.fail(1008, "too many frames")
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._text += frame.data
            if len(self._text) > _LARGEST:
                self._close(1009, "")
            elif frame.fin:
                # Binary frames are none of the protocol's, and no text either.
                text, self._text = self._text, b""
                self._answer(self._conversation.received(_decoded(frame, text), self._web.now()))
                self._catch_up()

    def _catch_up(self) -> None:
        """It has said which page it has: what changed since that was sent, it was not told."""
        if not self._caught_up and self._conversation.hears and self.url is not None:
            self._caught_up = True
            self._live.catch_up(self, self._conversation.snippet)

    def _answer(self, reply: str | Close | None) -> None:
        if isinstance(reply, Close):
            self._close(reply.code, reply.reason)
        elif reply is not None:
            self._send(reply)
        if self._conversation.due() is None:
            self._cancel("hello")

    def _send(self, text: str) -> None:
        if not self._reads:
            # It has not read thousands of reloads; it comes back when it wakes up.
            self.abort()
            return
        try:
            self._socket.send_text(text.encode())
        except InvalidState:
            return  # It is closing.
        self._flush()

    def _flush(self) -> None:
        for data in self._socket.data_to_send():
            if data:
                self.transport.write(data)
            else:
                self.transport.loseConnection()
        if self._socket.close_expected():
            self._set("close", _CLOSING, self.abort)

    # -- the time

    def _waited(self) -> None:
        self._answer(self._conversation.waited(self._web.now()))
        self._flush()

    def _ping(self) -> None:
        limits = self._web.limits
        if not self._heard and limits.ping_timeout:
            self._socket.send_ping(b"")
            self._flush()
            self._set("ping", limits.ping_timeout, self._look)
        else:
            self._heard = False
            self._set("ping", limits.ping_interval, self._ping)

    def _look(self) -> None:
        if self._heard:
            self._set("ping", self._web.limits.ping_interval, self._ping)
        else:
            self.abort()

    def _set(self, name: str, seconds: float, function: Any) -> None:
        self._cancel(name)
        self._timers[name] = self._web.later(max(seconds, 0.0), function)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    # -- what the application says

    def reload(self, what: Reload) -> None:
        """Show what has changed, if the tab has said hello."""
        if self._conversation.hears:
            self._send(reload_message(what.path, what.live_css, what.live_img))

    def say(self, text: str) -> None:
        """Send a message of the protocol's, likewise."""
        if self._conversation.hears:
            self._send(text)

    def drain(self) -> None:
        """Close in order; the tab looks for the server again."""
        self._close(1001, "going away")

    def abort(self) -> None:
        """Close now."""
        self.transport.abortConnection()

    def _close(self, code: int, reason: str) -> None:
        try:
            self._socket.send_close(code, reason)
        except InvalidState:
            return  # It is closing.
        self._flush()


def _decoded(frame: Frame, data: bytes) -> str | bytes:
    if frame.opcode is Opcode.BINARY:
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
