"""What an open connection does with the bytes it reads: in order, in turns, and never more than it may.

Frames that are whole are taken fast (:mod:`aiorest_gw.wire.frames`), all else goes to Autobahn's state
machine, which goes on from exactly that byte. A connection works for a millisecond at a time, so that
a peer which sends more than can be worked off delays itself and nobody else. What it may not work on
yet waits; of what waits no more is read ahead than shows that the peer is still there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autobahn.websocket.protocol import FrameHeader
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from ..errors import CloseCode
from ..wire.budgets import TokenBucket
from ..wire.frames import BINARY, TEXT, read_frames, read_message
from .opening import OpeningProtocol
from .turns import Turn
from .unmasking import unmasked

__all__ = ["ReadingProtocol"]

# Seconds that a connection works before the others have their turn, and the frames read for it.
_TURN = 0.001
_FRAMES = 32
# Bytes of messages between two looks at the time, and what a frame counts for beside its payload.
_LOOK, _FRAME = 2_048, 64
# Of a read that is so large that the loop may read on at once: libuv does so 32 times in a row.
_PART = _TURN / 32
# Bytes that are read ahead of what may be worked on: a closed connection shows only to who reads it.
_READ_AHEAD = 65_536
# RFC 6455 section 5.2: two bytes, eight of length, four of mask.
_LONGEST_HEAD = 14
# Enough for any control frame.
_PIECE = 256
# Of a compressed message: zlib may make a thousand times as much of it, and holds that twice.
_DEFLATED = 512
_DATA = (TEXT, BINARY)

# Autobahn's hooks below whole messages: a subclass with one of them reads by Autobahn alone.
_STREAMING = (
    "onMessageBegin", "onMessageFrameBegin", "onMessageFrameData", "onMessageFrameEnd",
    "onMessageFrame", "onMessageEnd", "onFrameBegin", "onFrameData", "onFrameEnd",
)  # fmt: skip


class ReadingProtocol(OpeningProtocol):
    """A connection that reads."""

    _reads_slowly = False
    # Autobahn sets it with each message.
    _isMessageCompressed = False
    # What was read and not worked on; a bytearray where there is something.
    _rest: bytes | bytearray = b""
    _paused = False
    _straight = False
    # Set by whoever answers.
    _may_work = True
    _working = False
    _turn: Turn | None = None
    _controls: TokenBucket | None = None
    _messages: TokenBucket | None = None
    _octets: TokenBucket | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._reads_slowly = any(
            getattr(cls, name) is not getattr(ReadingProtocol, name) for name in _STREAMING
        )

    def connectionMade(self) -> None:
        limits, now = self.factory.limits, self.factory.reactor.seconds()
        self._messages = _bucket(limits.messages_per_second, now)
        self._octets = _bucket(limits.bytes_per_second, now)
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._straight = False
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        self._rest = b""
        super().connectionLost(reason)

    def _must_hold(self) -> bool:
        """Whether what was read has to wait; a peer that closes is heard out."""
        return not self._may_work and self.state == self.STATE_OPEN

    def _must_stop(self) -> bool:
        """Whether nothing more may be taken of what was read, or not before a turn of its own."""
        return self._turn is not None or self.state == self.STATE_CLOSED or self._must_hold()

    def flush(self) -> None:
        """Write what was held back to leave in one write."""
        raise NotImplementedError

    # -- from the transport

    def dataReceived(self, data: bytes) -> None:
        if self._straight and not self._listeners:
            deflate = self._perMessageCompress is not None
            payload = read_message(data, self.maxMessagePayloadSize, unmasked, deflate)
            stats = self.trafficStats
            stats.incomingOctetsWireLevel += len(data)
            if payload is not None:
                stats.incomingWebSocketFrames += 1
                stats.incomingWebSocketMessages += 1
                if self.autoPingTimeoutCall is not None:
                    self._cancelAutoPingTimeoutCall()
                self._onMessage(payload, not data[0] & 0x01)
            elif len(data) > _LOOK:
                self._work(data)
            else:
                self._work(data, self._take(self._read(data, 0), 0))
        elif self.state == self.STATE_OPEN or self.state == self.STATE_CLOSING:
            self._receive(data)
        else:
            self._dataReceived(data)

    def _receive(self, data: bytes) -> None:
        """A read that cannot be worked on straight away, or is counted."""
        self.trafficStats.incomingOctetsWireLevel += len(data)
        if self._octets is not None and not self._octets.take(len(data), self._now()):
            self._over_budget("bytes")
        if self._rest or self._turn is not None or self._must_hold():
            self._keep(data)
            self._read_or_not()
        else:
            self._work(data)

    def _see_straight(self) -> None:
        """Whether the next read can be worked on straight away: nothing waits, and it begins a frame."""
        self._straight = (
            self._may_work
            and self.state == self.STATE_OPEN
            and self._octets is None
            and self._turn is None
            and not self._rest
            and self._between
        )

    def consumeData(self) -> None:
        """Autobahn calls this where octets wait: what came with the handshake."""
        if self.state in (self.STATE_OPEN, self.STATE_CLOSING):
            self._read_on()
        else:
            super().consumeData()

    def _read_on(self) -> None:
        """Go on with what waits, if it need not wait any more."""
        if self._turn is None and not self._working and not self._must_hold():
            waiting = self.data + self._rest
            self.data = self._rest = b""
            self._work(waiting)

    def _do_in_turn(self, work: Callable[[], None]) -> None:
        """Do some work when the others had their turn; until then nothing is taken.

        A loop looks at its sockets behind the first turn, and so before the second.
        """

        def again() -> None:
            self._turn = self.factory.turns.wait(lambda: self._next_turn(work))

        self._straight = False
        self._turn = self.factory.turns.wait(again)

    def _next_turn(self, work: Callable[[], None] | None = None) -> None:
        self._turn = None
        if work is not None:
            work()
        self._read_on()
        self._read_or_not()

    def _work(self, data: bytes, at: int = 0) -> None:
        """Take one frame after the other until the turn is over."""
        size, began, until = len(data), 0.0, 0.0
        if size - at > _LOOK:
            began = self._now()
            until = began if self.factory.turns.waiting else began + _TURN
        self._working = True
        try:
            while at < size and not self._must_stop():
                at = self._step(data, at, until)
                if at < size and self._turn is None:
                    now = self._now()
                    until = until or (now if self.factory.turns.waiting else now + _TURN)
                    if now >= until:
                        self._turn = self.factory.turns.wait(self._next_turn)
                        break
        finally:
            self._working = False
        if self.state != self.STATE_CLOSED:
            if at < size:
                self._keep(memoryview(data)[at:])
            if size > _READ_AHEAD and self._turn is None and self._now() > began + _PART:
                self._turn = self.factory.turns.wait(self._next_turn)
        self._read_or_not()
        self._see_straight()

    @property
    def _between(self) -> bool:
        """Whether Autobahn holds no octets and stands between frames and messages."""
        return (
            self.current_frame is None
            and not self.data
            and not self.inside_message
            and not self._reads_slowly
        )

    def _keep(self, data: bytes | memoryview) -> None:
        """For later."""
        if self._rest:
            self._rest += data
        else:
            self._rest = bytearray(data)

    def _read_or_not(self) -> None:
        """Read on only where what was read does not pile up."""
        pause = self._turn is not None or len(self._rest) > _READ_AHEAD
        if pause != self._paused:
            self._paused = pause
            if pause:
                self.transport.pauseProducing()
            else:
                # Twisted's transports may read the end of the connection now.
                self.flush()
                self.transport.resumeProducing()

    def _now(self) -> float:
        now: float = self.factory.reactor.seconds()
        return now

    def sendCloseFrame(self, *args: Any, **kwargs: Any) -> None:
        super().sendCloseFrame(*args, **kwargs)
        self._straight = False
        # The peer's own close frame lies behind what waits.
        self._read_on()

    def dropConnection(self, abort: bool = False) -> None:
        self._straight = False
        if not abort:
            # What was answered by then is answered.
            self.flush()
        super().dropConnection(abort)

    # -- frames

    def _step(self, data: bytes, at: int, until: float) -> int:
        """Take some frames.

        Autobahn's machine copies all that waits behind each frame, so it gets no more than it needs to
        come to the end of one; else a read of many tiny frames would cost the square of its length.

        :returns: where the first byte is that was not taken.
        """
        if self.current_frame is not None:
            piece: int = self.current_frame.length - self.current_frame_masker.pointer()
            if self._isMessageCompressed:
                piece = min(piece, _DEFLATED)
        elif self.data:
            piece = _LONGEST_HEAD - len(self.data)
        else:
            piece = _PIECE
            if self._between and not self._listeners and (frames := self._read(data, at)):
                return self._take(frames, at, until)
        end = at + max(piece, 1)  # the machine keeps what it refuses, and asks for nothing more
        self.data += data[at:end]
        super().consumeData()
        return end if end < len(data) else len(data)

    def _read(self, data: bytes, at: int) -> list[tuple[int, bytes, int]]:
        """Frames that are whole."""
        most, deflate = self.maxMessagePayloadSize, self._perMessageCompress is not None
        return read_frames(data, at, _FRAMES, most, unmasked, deflate)

    def _take(self, frames: list[tuple[int, bytes, int]], at: int, until: float = math.inf) -> int:
        """Take frames that are whole, as far as there is time; their answers leave in one write."""
        stats = self.trafficStats
        if not frames:
            return at
        self._begin_batch()
        unlooked = 0
        try:
            for first, payload, end in frames:
                if self._must_stop():
                    break
                at = end
                if first in _DATA:
                    stats.incomingWebSocketFrames += 1
                    stats.incomingWebSocketMessages += 1
                    if self.autoPingTimeoutCall is not None:
                        self._cancelAutoPingTimeoutCall()
                    if not self.failedByMe:
                        self._onMessage(payload, first == BINARY)
                else:
                    self.current_frame = FrameHeader(first & 0x0F, True, 0, len(payload), None)
                    self.control_frame_data = [payload]
                    self.processControlFrame()
                    self.current_frame = None
                # Time is looked at where there was enough to do to need some.
                unlooked += len(payload) + _FRAME
                if unlooked > _LOOK:
                    unlooked = 0
                    if self._now() >= until:
                        break
        finally:
            self._end_batch()
        return at

    def _max_message_size_exceeded(self, size: int, most: int, reason: str) -> None:
        """Autobahn calls this where a message is, or will be, too large."""
        self._fail_connection(
            self.CLOSE_STATUS_CODE_MESSAGE_TOO_BIG,
            f"a message of more than {most} bytes (max_message_size)",
        )

    def _begin_batch(self) -> None:
        raise NotImplementedError

    def _end_batch(self) -> None:
        raise NotImplementedError

    def processData(self) -> bool:
        """One step of Autobahn's machine."""
        if self._must_hold():
            return False
        more: bool = super().processData()
        return more

    # -- budgets

    def _onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Every message, however it was read."""
        if self._messages is not None and not self._messages.take(1, self._now()):
            self._over_budget("messages")
            return
        try:
            self.onMessage(payload, isBinary)
        except BaseException:  # sys.exit() in a hook ends no gateway
            self._hook_failed("onMessage")

    def _onMessageBegin(self, isBinary: bool) -> None:
        self._fragments = 0
        super()._onMessageBegin(isBinary)

    def _onMessageFrameBegin(self, length: int) -> None:
        super()._onMessageFrameBegin(length)
        self._fragments += 1
        most = self.factory.limits.max_fragments
        if self._fragments > most and not self.failedByMe:
            self._max_message_size_exceeded(
                self._fragments, most, f"a message in more than {most} fragments"
            )

    def processControlFrame(self) -> bool:
        now, rate = self._now(), self.factory.limits.control_frames_per_second
        if self._controls is None:
            self._controls = TokenBucket(rate, now)
        if self.current_frame.opcode != 8 and not self._controls.take(1, now):
            self._over_budget("control frames")
            return True
        more: bool = super().processControlFrame()
        return more

    def _over_budget(self, what: str) -> None:
        if self.state == self.STATE_OPEN:
            self._fail_connection(int(CloseCode.RATE_LIMIT), f"too many {what} in a second")


def _bucket(rate: float, now: float) -> TokenBucket | None:
    return TokenBucket(rate, now) if rate else None
