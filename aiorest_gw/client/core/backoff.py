"""How long to wait before the next attempt: longer each time, and at random."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Backoff"]


class Backoff:
    """Exponential, with full jitter, so that the clients of a gateway that was restarted do not all
    come back in the same moment.

    :param random: gives a number from 0 up to 1.
    :param first: seconds that the first wait takes at most.
    :param most: seconds that any wait takes at most.
    :ivar attempts: since it began, or was reset.
    """

    def __init__(self, random: Callable[[], float], first: float = 0.5, most: float = 30.0) -> None:
        self._random = random
        self._first = first
        self._most = most
        self.attempts = 0

    def next(self, least: float = 0.0) -> float:
        """Seconds to wait now.

        :param least: what the wait takes at least, in seconds.
        """
        # Of a larger power nothing would be left to see.
        bound = min(self._most, self._first * 2.0 ** min(self.attempts, 32))
        self.attempts += 1
        return max(least, self._random() * bound)

    def reset(self) -> None:
        """It went well: begin anew."""
        self.attempts = 0
