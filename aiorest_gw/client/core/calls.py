"""What was asked and is not answered yet."""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs

from ..errors import ConnectionClosed, InvalidCommand

__all__ = ["Call", "Calls", "Command", "closed"]


@attrs.frozen(eq=False)
class Command:
    """A command that was checked, and is not asked yet.

    :param given: what the application gave; a copy.
    :param written: what is sent of it, as whoever sends it needs that.
    """

    given: dict[str, Any]
    written: Any


@attrs.define(eq=False)
class Call:
    """One request or command.

    :param message: what is sent, but for its id; never changed.
    :param future: ends with the answer. None: nobody waits for it.
    :param take_part: takes each part of an answer that comes in parts; without it they are collected.
    :ivar id: once it was sent.
    :ivar payload: as it was sent.
    :ivar parts: that came, where nobody takes them.
    :ivar ended: it is answered, or nobody wants it any more.
    """

    message: Any
    future: Any
    take_part: Any = None
    id: int | None = None
    payload: bytes = b""
    parts: list[Any] | None = None
    cancelled: bool = False
    ended: bool = False


class Calls:
    """Those that are open, and behind them those that wait until they may be sent.

    :param most_waiting: of those that wait.
    :ivar open: by id, in the order in which they were sent.
    """

    def __init__(self, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self.waiting: deque[Call] = deque()
        self.open: dict[int, Call] = {}

    def wait(self, call: Call) -> None:
        """It is sent later, behind those that wait already.

        :raises InvalidCommand: too many wait.
        """
        if len(self.waiting) >= self._most_waiting:
            raise InvalidCommand(f"{self._most_waiting} wait to be sent already")
        self.waiting.append(call)

    def forget(self, call: Call) -> None:
        """Nobody wants it any more; it may wait, be open, or have ended."""
        call.ended = True
        if call.id is not None:
            self.open.pop(call.id, None)
        elif call in self.waiting:
            self.waiting.remove(call)

    def take(self, id: Any) -> Call | None:
        """The open one that is answered now, if there is one."""
        call = self.open.pop(id, None)
        if call is not None:
            call.ended = True
        return call

    def take_open(self) -> list[Call]:
        """All that were sent."""
        calls = [*self.open.values()]
        self.open.clear()
        return _ended(calls)

    def take_all(self) -> list[Call]:
        """All that there are, in their order."""
        calls = [*self.open.values(), *self.waiting]
        self.open.clear()
        self.waiting.clear()
        return _ended(calls)


def _ended(calls: list[Call]) -> list[Call]:
    for call in calls:
        call.ended = True
    return calls


def closed() -> ConnectionClosed:
    """What everybody is told who still waits when the application closes."""
    return ConnectionClosed("the connection was closed", 1000)
