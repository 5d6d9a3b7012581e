"""What pure code asks of whoever runs it: the time, timers, and a way to wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

__all__ = ["CountedWarning", "Surroundings", "Timer", "in_background"]

# Seconds between two warnings of a kind.
_EVERY = 1.0


class Timer(Protocol):
    """Something that will be called."""

    def cancel(self) -> None:
        """Do not call it; it may have been called, or cancelled, before."""


class Surroundings(Protocol):
    """Whoever runs it."""

    def now(self) -> float:
        """The time, in seconds."""

    def later(self, seconds: float, function: Callable[..., Any], *args: Any) -> Timer:
        """Call something later."""

    def flush(self) -> None:
        """Write what connections hold back, so that what is written next comes behind it."""

    def waiting(self) -> tuple[Awaitable[Any], Callable[[Any], None]]:
        """Something to await, and what lets go whoever awaits it, with a result."""

    def begin(self, running: Coroutine[Any, Any, Any]) -> Awaitable[Any]:
        """Run something as far as it goes, and on by itself; what it raises then is logged.

        :returns: may be awaited for its result.
        :raises BaseException: what it raised at once.
        """

    def in_loop(self, function: Callable[[], Any]) -> Any:
        """Call something in the thread that everything else runs in; a future of its result."""

    def check_thread(self, what: str, instead: str | None = None) -> None:
        """
        :param what: is called.
        :param instead: is to be called in another thread; if not given, what the manager has for that.
        :raises RuntimeError: in another thread than all else.
        """

    def warn(self, format: str, **fields: Any) -> None:
        """What the operator should see to."""

    def failure(self, format: str, **fields: Any) -> None:
        """The exception that is being handled is the application's."""


def in_background(surroundings: Surroundings, running: Coroutine[Any, Any, Any]) -> None:
    """Run something that nobody waits for; what it raises is logged, at once or later."""
    surroundings.begin(_logged(surroundings, running))


async def _logged(surroundings: Surroundings, running: Coroutine[Any, Any, Any]) -> None:
    try:
        await running
    except Exception:
        surroundings.failure("what runs by itself failed")


class Warner(Protocol):
    """Whoever warns, now or later."""

    def later(self, seconds: float, function: Callable[..., Any], *args: Any) -> Timer:
        """Call something later."""

    def warn(self, format: str, **fields: Any) -> None:
        """What the operator should see to."""


class CountedWarning:
    """Tells how many there were, once a second at most; none is forgotten.

    :param surroundings: that are there when the first is to be told.
    :param format: with ``{count}``.
    """

    def __init__(self, surroundings: Callable[[], Warner], format: str) -> None:
        self._surroundings = surroundings
        self._format = format
        self._count = 0

    def add(self, count: int) -> None:
        """So many more."""
        if count and not self._count:
            self._surroundings().later(_EVERY, self.tell)
        self._count += count

    def tell(self) -> None:
        """Tell now of those that were not told yet."""
        count, self._count = self._count, 0
        if count:
            self._surroundings().warn(self._format, count=count)
