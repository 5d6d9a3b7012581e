"""One direction of a connection through a bad network: its bytes, its end and its reset, in order.

It reads no more than it may hold, so that whoever sends too much feels it, as on a network. Nothing
here waits: a pipe does what can be done and watches its sockets and the clock for the rest, so what is
set holds at once.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections import deque
from enum import Enum, auto
from typing import Literal, Protocol

import attrs

__all__ = ["Ends", "Pipe", "Towards", "Way"]

Towards = Literal["client", "server"]

_CHUNK = 65_536
# What a pipe holds, in bytes; a piece counts more than its bytes, else many small ones were free.
_HELD = 262_144
_PIECE = 256
# What has come is read before its sender is cut off, but not for ever from one that goes on sending.
_LAST = 4 * 1024 * 1024
# Slow reading goes in steps of so many seconds.
_STEP = 0.02


@attrs.define
class Way:
    """The network towards one kind of end.

    :ivar delay: how long each piece is held, in seconds.
    :ivar jitter: how much longer at most, by chance.
    :ivar rate: bytes that are read of each connection in a second; None is all that comes.
    :ivar passed: bytes of all connections that went by.
    """

    delay: float = 0
    jitter: float = 0
    rate: float | None = None
    passed: int = 0


class Ends(Protocol):
    """Who learns how a pipe ends."""

    def finished(self, pipe: Pipe) -> None:
        """The end of the stream was passed on."""

    def broken(self, pipe: Pipe) -> None:
        """The source has reset the connection, and it is the sink's turn."""

    def unwanted(self, pipe: Pipe) -> None:
        """The sink has reset the connection: it takes nothing any more."""

    def used_up(self, pipe: Pipe) -> None:
        """As many bytes went by as there were to be before the cut."""


class _State(Enum):
    OPEN = auto()
    # Nothing more is read; what is held is passed on, its end too.
    READ = auto()
    # The same, but there is no end to pass on.
    LEFT = auto()
    OVER = auto()


class _End(Enum):
    STREAM = auto()
    RESET = auto()


@attrs.define
class _Piece:
    content: memoryview | _End
    cost: int
    came: float
    # How much of the jitter it gets, from 0 to 1.
    chance: float


class Pipe:
    """Carries to one socket what another one receives, once it is told to.

    :param way: how the network is in this direction.
    :param ends: who learns how it ends.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        way: Way,
        source: socket.socket,
        sink: socket.socket,
        ends: Ends,
    ) -> None:
        self._loop = loop
        self._way = way
        self._source = source
        self._sink: socket.socket | None = sink
        self._ends = ends
        self._state = _State.OPEN
        self._halted = True
        self._was_reset = False
        self._until_cut: int | None = None
        self._held: deque[_Piece] = deque()
        self._cost = 0
        self._last_read = (0.0, 0)
        self._blocked = False
        self._watches_source = self._watches_sink = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def source(self) -> socket.socket:
        return self._source

    @property
    def over(self) -> bool:
        """Whether no end of the stream is still to be passed on."""
        return self._state in (_State.LEFT, _State.OVER)

    # -- what is done with it

    def halt(self, halted: bool) -> None:
        """Let nothing pass, no bytes, no end and no reset; or let it all pass again."""
        self._halted = halted
        self.move()

    def cut_after(self, size: int | None) -> None:
        """Tell when so many more bytes have passed; None is never."""
        self._until_cut = size
        self.move()

    def leave_source(self) -> None:
        """Take what has come; no more will, and no end of the stream follows it."""
        taken = 0
        while self._state is _State.OPEN and taken < _LAST:
            size = self._read(_CHUNK)
            if not size:
                break
            taken += size
        if self._state is _State.OPEN:
            self._state = _State.LEFT
        self.move()

    def end_here(self) -> None:
        """Forget what is held, and let the stream end with what has passed."""
        self._drop_held()
        self._deliver_end(_End.STREAM)
        self._watch()

    def discard(self) -> None:
        """Read what comes, and pass it to nobody."""
        self._blocked = False
        self._watch()
        self._sink = None
        self.move()

    def source_was_reset(self) -> None:
        """The source took nothing any more, so the stream from it ends in a reset."""
        self._was_reset = True
        if self._state is not _State.OPEN:
            self._hold(_End.RESET)
            self._state = _State.READ
        self.move()

    def stop(self) -> None:
        """Do nothing any more."""
        self._drop_held()
        self._state = _State.OVER
        self._watch()

    def move(self) -> None:
        """Do what can be done now, and watch for the rest."""
        self._blocked = False
        if self._runs():
            self._write()
        self._watch()

    def _runs(self) -> bool:
        return not self._halted and self._state is not _State.OVER

    # -- reading

    def _readable(self) -> None:
        self._read(self._read_size())
        self.move()

    def _read_size(self) -> int:
        rate = self._way.rate
        return _CHUNK if rate is None else max(1, min(_CHUNK, int(rate * _STEP)))

    def _read(self, size: int) -> int:
        """Hold what comes next.

        :returns: how many bytes.
        """
        try:
            data = self._source.recv(size)
        except BlockingIOError:
            return 0
        except OSError:
            self._was_reset, data = True, b""
        self._last_read = (self._loop.time(), len(data))
        if data:
            self._hold(memoryview(data))
        else:
            self._hold(_End.RESET if self._was_reset else _End.STREAM)
            self._state = _State.READ
        return len(data)

    def _next_read(self) -> float:
        """When the bytes that were read last have taken the time that is theirs."""
        when, size = self._last_read
        rate = self._way.rate
        # What was read while the network was faster must not stop it for long.
        return when if rate is None else when + min(size, self._read_size()) / rate

    # -- holding

    def _hold(self, content: memoryview | _End) -> None:
        cost = _PIECE + (0 if isinstance(content, _End) else len(content))
        self._cost += cost
        self._held.append(_Piece(content, cost, self._loop.time(), random.random()))  # noqa: S311

    def _drop_first(self) -> None:
        self._cost -= self._held.popleft().cost

    def _drop_held(self) -> None:
        self._held.clear()
        self._cost = 0

    def _due(self, piece: _Piece) -> float:
        return piece.came + self._way.delay + piece.chance * self._way.jitter

    # -- writing

    def _write(self) -> None:
        while self._until_cut != 0 and self._held and self._is_due():
            piece = self._held[0]
            if isinstance(piece.content, _End):
                self._drop_first()
                self._deliver_end(piece.content)
            elif not self._deliver(piece, piece.content):
                return
            elif not piece.content:
                self._drop_first()
        if self._until_cut == 0:
            self._until_cut = None
            self._ends.used_up(self)

    def _is_due(self) -> bool:
        return self._due(self._held[0]) <= self._loop.time()

    def _deliver(self, piece: _Piece, content: memoryview) -> bool:
        """Pass bytes of a piece on, and keep the others.

        :returns: whether some were, so that it may go on.
        """
        if self._sink is None:
            piece.content = content[:0]
            return True
        try:
            sent = self._sink.send(content[: self._until_cut])
        except BlockingIOError:
            self._blocked = True
            return False
        except OSError:
            self.stop()
            self._ends.unwanted(self)
            return False
        self._way.passed += sent
        piece.content = content[sent:]
        if self._until_cut is not None:
            self._until_cut -= sent
        return True

    def _deliver_end(self, end: _End) -> None:
        self._state = _State.OVER
        if end is _End.RESET:
            self._ends.broken(self)
            return
        try:
            if self._sink is not None:
                self._sink.shutdown(socket.SHUT_WR)
        except OSError:
            self._ends.unwanted(self)
        else:
            self._ends.finished(self)

    # -- watching

    def _watch(self) -> None:
        now, runs = self._loop.time(), self._runs()
        wants = runs and self._state is _State.OPEN and self._cost < _HELD
        may_read = self._next_read()
        self._watch_source(wants and may_read <= now)
        self._watch_sink(runs and self._blocked)
        times = [may_read] if wants and may_read > now else []
        if runs and self._held and not self._blocked:
            times.append(self._due(self._held[0]))
        self._wake(min(times, default=None))

    def _watch_source(self, watched: bool) -> None:
        if watched != self._watches_source:
            self._watches_source = watched
            if watched:
                self._loop.add_reader(self._source, self._readable)
            else:
                self._loop.remove_reader(self._source)

    def _watch_sink(self, watched: bool) -> None:
        if watched != self._watches_sink and self._sink is not None:
            self._watches_sink = watched
            if watched:
                self._loop.add_writer(self._sink, self.move)
            else:
                self._loop.remove_writer(self._sink)

    def _wake(self, when: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if when is None else self._loop.call_at(when, self.move)
