"""Who has more to do than may be done at once waits for a turn; all who wait share the time there is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IReactorTime

__all__ = ["Turn", "Turns"]

# Seconds that all turns together take, before who does not wait for one is served again.
_TOGETHER = 0.004


@attrs.define(eq=False)
class Turn:
    """One that waits.

    :param work: what is to be done; None where it is not to be done any more.
    """

    work: Callable[[], None] | None

    def cancel(self) -> None:
        """Do not do it."""
        self.work = None


class Turns:
    """Gives turns in the order in which they were asked for.

    :param clock: gives the reactor when the first turn is asked for.
    """

    def __init__(self, clock: Callable[[], IReactorTime]) -> None:
        self._clock = clock
        self._waiting: deque[Turn] = deque()
        self._called = False

    @property
    def waiting(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def wait(self, work: Callable[[], None]) -> Turn:
        """Ask for a turn.

        :param work: called once, later.
        """
        turn = Turn(work)
        self._waiting.append(turn)
        self._call()
        return turn

    def _call(self) -> None:
        if self._waiting and not self._called:
            self._called = True
            self._clock().callLater(0, self._give)

    def _give(self) -> None:
        self._called = False
        seconds = self._clock().seconds
        until = seconds() + _TOGETHER
        try:
            # Who comes again waits for the next time.
            for _ in range(len(self._waiting)):
                work = self._waiting.popleft().work
                if work is not None:
                    work()
                    if seconds() >= until:
                        break
        finally:
            self._call()
