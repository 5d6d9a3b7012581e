"""How much of something a peer may do in a time."""

from __future__ import annotations

__all__ = ["TokenBucket"]

# Seconds' worth that may be used at once.
_BURST = 2.0


class TokenBucket:
    """Fills with ``rate`` tokens a second, up to two seconds' worth; what is done takes some out.

    What is done while anything is left in it may take more than that: it is owed. So a message that
    is larger than the bucket can be sent, and then nothing until it is paid for.

    :param rate: tokens a second; 0 is no limit.
    :param now: seconds.
    """

    __slots__ = ("_level", "_seen", "rate")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._level = rate * _BURST
        self._seen = now

    def take(self, amount: float, now: float) -> bool:
        """Use some; whether there was any left. Where not, nothing is used."""
        if not self.rate:
            return True
        self._fill(now)
        if self._level <= 0:
            return False
        self._level -= amount
        return True

    def full(self, now: float) -> bool:
        """Whether it is as if nothing had been used."""
        self._fill(now)
        return self._level >= self.rate * _BURST

    def _fill(self, now: float) -> None:
        self._level = min(self.rate * _BURST, self._level + (now - self._seen) * self.rate)
        self._seen = now
