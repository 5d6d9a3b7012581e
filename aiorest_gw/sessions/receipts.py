"""How publishers learn what became of a push."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from .entries import TOO_LATE, Ending
from .surroundings import Surroundings, Timer

__all__ = ["Reached", "Receipt"]


class Reached(int):
    """How many sessions of this gateway something reached. Awaited, it gives the number of those of all
    gateways that share its engine.

    :param here: of this gateway.
    :param elsewhere: of the others, where it is known.
    :param coming: ends with their number, where it is not.
    """

    def __new__(cls, here: int, elsewhere: int = 0, coming: Any = None) -> Reached:
        made = super().__new__(cls, here)
        made._elsewhere = elsewhere
        made._coming = coming
        return made

    _elsewhere: int
    _coming: Any

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call something when it is known, which may be now."""
        if self._coming is None:
            callback()
        else:
            self._coming.when_done(callback)

    @property
    def result(self) -> int:
        """What awaiting it gives, when it is known.

        :raises BaseException: the engine could not tell.
        """
        elsewhere = self._elsewhere if self._coming is None else self._coming.result
        return int(self) + int(elsewhere)

    def __await__(self) -> Generator[Any, Any, int]:
        if self._coming is not None:
            yield from self._coming.__await__()
        return self.result


class Receipt:
    """What became of a push, for each session that it went to.

    Awaited, it gives the :class:`~aiorest_gw.sessions.entries.Ending` of a push to one session, and
    otherwise a dictionary of them by session id, when all are known.

    :param surroundings: gives those that it waits in, when they are needed.
    :param single: it is of a push to one session.
    :ivar endings: those that are known.
    """

    def __init__(self, surroundings: Callable[[], Surroundings], single: bool) -> None:
        self._surroundings = surroundings
        self._single = single
        self._complete = False
        self._expected: set[str] = set()
        self._timers: dict[str, Timer] = {}
        self._callbacks: list[Callable[[], None]] = []
        self.endings: dict[str, Ending] = {}

    def __repr__(self) -> str:
        return f"<Receipt: {len(self.endings)} of {self.count} ended>"

    def expect(self, name: str) -> Callable[[Ending], None]:
        """One more session, and what takes its ending; of several, the first counts."""
        self._expected.add(name)
        return partial(self.end, name)

    def end(self, name: str, ending: Ending) -> None:
        """It has ended for one that was expected; nothing happens to others."""
        if name in self._expected:
            self._expected.discard(name)
            self.expires_elsewhere(name)
            self.endings[name] = ending
            self._tell()

    def expire(self, name: str, time: float) -> None:
        """At some time it will have ended for one that is expected, if it has not before."""
        if name in self._expected and name not in self._timers:
            surroundings = self._surroundings()
            remaining = time - surroundings.now()
            self._timers[name] = surroundings.later(remaining, self.end, name, TOO_LATE)

    def expires_elsewhere(self, name: str) -> None:
        """Its time is somebody else's to look at: nothing happens at the end of that."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def complete(self) -> None:
        """All sessions are known."""
        self._complete = True
        self._tell()

    @property
    def count(self) -> int:
        """To how many sessions it went."""
        return len(self.endings) + len(self._expected)

    @property
    def done(self) -> bool:
        """Whether all endings are known."""
        return self._complete and not self._expected

    @property
    def result(self) -> Any:
        """What awaiting it gives."""
        if self._single:
            return next(iter(self.endings.values()))
        return self.endings

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call something when all endings are known, which may be now; what it raises is logged."""
        self._callbacks.append(callback)
        self._tell()

    def _tell(self) -> None:
        if self.done:
            callbacks, self._callbacks = self._callbacks, []
            for callback in callbacks:
                try:
                    callback()
                except BaseException:  # sys.exit() in it ends no gateway
                    self._surroundings().failure("whoever waited for a receipt failed")

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self.done:
            awaitable, fire = self._surroundings().waiting()
            self.when_done(lambda: fire(None))
            yield from awaitable.__await__()
        return self.result
