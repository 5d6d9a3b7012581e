"""What will be known later, awaited by a task of asyncio's as by a coroutine of Twisted's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any

__all__ = ["Expected"]

# Makes something to await, and what lets go whoever awaits it.
Waiting = Callable[[], tuple[Awaitable[Any], Callable[[Any], None]]]


class Expected:
    """A result, or an error, that is known later; nobody has to await it, and many may.

    :param waiting: makes what is awaited, in the form that whoever awaits it needs.
    :ivar done: whether it is known.
    """

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._callbacks: list[Callable[[Any], None]] = []
        self._result: Any = None
        self._error: Exception | None = None
        self.done = False

    def __repr__(self) -> str:
        if not self.done:
            return "<Expected: not known yet, and may be awaited>"
        return "<Expected: known>" if self._error is None else f"<Expected: {self._error!r:.100}>"

    @property
    def result(self) -> Any:
        """What awaiting it gives.

        :raises LookupError: it is not known yet.
        :raises Exception: the error that it ended with.
        """
        if not self.done:
            raise LookupError("it is not known yet")
        if self._error is not None:
            raise self._error
        return self._result

    def succeed(self, result: Any) -> None:
        """It is known; of several endings the first one counts."""
        self._end(result, None)

    def fail(self, error: Exception) -> None:
        """It ended with an error, likewise."""
        self._end(None, error)

    def _end(self, result: Any, error: Exception | None) -> None:
        if not self.done:
            self.done, self._result, self._error = True, result, error
            callbacks, self._callbacks = self._callbacks, []
            for callback in callbacks:
                callback(None)

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self.done:
            awaitable, fire = self._waiting()
            self._callbacks.append(fire)
            yield from awaitable.__await__()
        return self.result
