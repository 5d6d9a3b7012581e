"""What connections have to write leaves when the loop has given each of them its turn.

Then the answers to all that was read in one go are written one after the other: a connection's in one
write, and the system's way to the network is walked by all of them while it is warm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .logs import CappedLog
from .loops import loop_of

__all__ = ["Outgoing"]

# Bytes that are kept until the end of the turn: more would be memory that the system gives and takes
# back each time.
_MOST = 262_144
# Writes that do not wait after one that was alone in its turn: there is nothing to gain by waiting.
_ALONE = 3


class Writer(Protocol):
    """Who has something to write."""

    def flush(self) -> None:
        """Write it."""


class Outgoing:
    """Has connections write at the end of a turn of asyncio's loop; on other reactors at once.

    Where only one of them has something to write in a turn, the next ones need not wait.

    :param reactor: gives it when the first one has something to write.
    :param events: for errors.
    :ivar gathering: connections whose messages are being worked on together, the innermost last: what
        one of them answers may let another one read on.
    """

    __slots__ = ("_at_once", "_events", "_reactor", "_size", "_waiting", "gathering")

    def __init__(self, reactor: Callable[[], Any], events: CappedLog) -> None:
        self._reactor = reactor
        self._events = events
        self._waiting: list[Writer] = []
        self.gathering: list[Writer] = []
        self._size = 0
        self._at_once = 0

    def wait(self, writer: Writer, size: int) -> None:
        """Let a writer write, now or at the end of the turn.

        :param size: bytes that it has to write.
        """
        waiting = self._waiting
        if not waiting:
            loop = loop_of(self._reactor())
            if loop is None:
                writer.flush()
                return
            if self._at_once:
                self._at_once -= 1
                writer.flush()
                return
            self._size = 0
            loop.call_soon(self.leave)
        waiting.append(writer)
        self.grow(size)

    def grow(self, size: int) -> None:
        """One who waits has so many bytes more to write."""
        self._size += size
        if self._size > _MOST:
            self.leave()

    def leave(self) -> None:
        """Let all that wait write now."""
        waiting, self._waiting = self._waiting, []
        if len(waiting) == 1:
            self._at_once = _ALONE
        self._write(waiting)

    def leave_all(self) -> None:
        """Let whoever holds something back write it now."""
        self.leave()
        self._write(self.gathering)

    def _write(self, writers: list[Writer]) -> None:
        for writer in writers:
            try:
                writer.flush()
            except Exception:
                self._events.failure("writing failed")
