"""How publishers learn what became of a push."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any

from .outbox import Ending

__all__ = ["Receipt", "Sent", "Waiting"]

# Makes something to await, and what lets go whoever awaits it.
Waiting = Callable[[], tuple[Awaitable[Any], Callable[[Any], None]]]


class Sent(int):
    """To how many sessions a push goes. It may be awaited, which takes no time and gives the number."""

    def __await__(self) -> Generator[Any, Any, int]:
        return int(self)
        yield


class Receipt:
    """What became of a push, for each session that it went to.

    Awaited, it gives the :class:`~aiorest_gw.sessions.outbox.Ending` of a push to one session, and
    otherwise a dictionary of them by session id, when all are known.

    :ivar count: to how many sessions it went.
    :ivar endings: those that are known.
    """

    def __init__(self, waiting: Waiting, single: bool) -> None:
        self._waiting = waiting
        self._single = single
        self._open = 1
        self._awaiting: list[Callable[[Any], None]] = []
        self._callbacks: list[Callable[[], None]] = []
        self.count = 0
        self.endings: dict[str, Ending] = {}

    def __repr__(self) -> str:
        return f"<Receipt: {len(self.endings)} of {self.count} ended>"

    def expect(self, session_id: str) -> Callable[[Ending], None]:
        """One more session, and what takes its ending."""
        self.count += 1
        self._open += 1

        def told(ending: Ending) -> None:
            self.endings[session_id] = ending
            self._ended()

        return told

    def complete(self) -> None:
        """All sessions are known."""
        self._ended()

    @property
    def done(self) -> bool:
        """Whether all endings are known."""
        return not self._open

    @property
    def result(self) -> Any:
        """What awaiting it gives."""
        if self._single:
            return next(iter(self.endings.values()))
        return self.endings

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call something when all endings are known, which may be now."""
        if self.done:
            callback()
        else:
            self._callbacks.append(callback)

    def _ended(self) -> None:
        self._open -= 1
        if not self._open:
            callbacks, self._callbacks = self._callbacks, []
            for callback in callbacks:
                callback()

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self.done:
            awaitable, fire = self._waiting()
            self.when_done(lambda: fire(None))
            yield from awaitable.__await__()
        return self.result
