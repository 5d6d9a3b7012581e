"""Work for threads as Deferreds: bounded in how much of it runs, and in how much waits for its turn."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import ServiceUnavailable

__all__ = ["Bound", "begun_at_once"]

P = ParamSpec("P")
T = TypeVar("T")


class Bound:
    """Lets so much work run, and so much more wait, first come first served.

    :param at_once: pieces of work that run.
    :param waiting: pieces that wait.
    """

    log = Logger()

    def __init__(self, at_once: int, waiting: int = 0) -> None:
        self._at_once = at_once
        self._most = waiting
        self._running = 0
        self._waiting: dict[Deferred[Any], Callable[[], Deferred[Any]]] = {}

    @property
    def idle(self) -> bool:
        """Whether there is no work."""
        return not self._running and not self._waiting

    def admit(self, begin: Callable[[], Deferred[T]]) -> Deferred[T]:
        """Do a piece of work, at once or in its turn.

        :param begin: begins it.
        :returns: fires with its result. Cancelled before its turn, the work is never begun, and its
            place is free; afterwards it goes on, since a thread cannot be interrupted, and its result
            is dropped.
        :raises ServiceUnavailable: there is no room for it to wait; raised through the Deferred.
        """
        if self._running >= self._at_once and len(self._waiting) >= self._most:
            return fail(ServiceUnavailable())
        outer: Deferred[T] = Deferred(self._forget)
        self._waiting[outer] = begin
        self._go_on()
        return outer

    def _forget(self, outer: Deferred[Any]) -> None:
        self._waiting.pop(outer, None)

    def _go_on(self) -> None:
        while self._waiting and self._running < self._at_once:
            outer = next(iter(self._waiting))
            begin = self._waiting.pop(outer)
            self._running += 1
            begin().addBoth(self._ended, outer)

    def _ended(self, result: Any, outer: Deferred[Any]) -> None:
        self._running -= 1
        if not outer.called:
            outer.callback(result)
        elif isinstance(result, Failure):
            self.log.failure("work failed that nobody waits for any more", result)
        self._go_on()


def begun_at_once(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Deferred[T]]:
    """Make an ``async def`` return a Deferred, so that it runs also where nobody awaits it."""

    @wraps(method)
    def begin(*args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        return Deferred.fromCoroutine(method(*args, **kwargs))

    return begin
