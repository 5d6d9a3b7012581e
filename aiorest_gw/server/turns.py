"""Who has more to do than may be done at once waits for a turn; all who wait share the time there is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs

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

    :param soon: has a function called when others were served.
    :param seconds: tells the time.
    :param most: how many are given before others are served, however short they are; None: no limit.
    """

    def __init__(
        self,
        soon: Callable[[Callable[[], None]], object],
        seconds: Callable[[], float],
        most: int | None = None,
    ) -> None:
        self._soon = soon
        self._seconds = seconds
        self._most = most
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
            self._soon(self._give)

    def _give(self) -> None:
        self._called = False
        seconds = self._seconds
        until = seconds() + _TOGETHER
        try:
            # Who comes again waits for the next time.
            for _ in range(min(len(self._waiting), self._most or len(self._waiting))):
                work = self._waiting.popleft().work
                if work is not None:
                    work()
                    if seconds() >= until:
                        break
        finally:
            self._call()
