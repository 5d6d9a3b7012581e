"""Any number of latencies in a few kilobytes: they are counted by size, and no size is wrong by 1 %."""

from __future__ import annotations

from math import ceil, log

__all__ = ["Histogram"]

# Seconds that the first bucket ends at, and how much wider each is than the one before. A thousandth of
# a millisecond to an hour, in some 1,100 buckets.
_FIRST = 1e-6
_WIDER = 1.02
_LONGEST = 3_600.0
_LOG = log(_WIDER)
_COUNT = ceil(log(_LONGEST / _FIRST) / _LOG) + 1


class Histogram:
    """Of latencies, in seconds.

    :ivar count: of all that were added.
    :ivar total: their sum.
    :ivar most: the longest, exactly; 0 where there is none.
    """

    def __init__(self) -> None:
        self._buckets = [0] * _COUNT
        self.count = 0
        self.total = 0.0
        self.most = 0.0

    def add(self, seconds: float) -> None:
        """Count one more; of more than an hour only :attr:`most` is exact."""
        index = 0 if seconds <= _FIRST else min(_COUNT - 1, ceil(log(seconds / _FIRST) / _LOG))
        self._buckets[index] += 1
        self.count += 1
        self.total += seconds
        self.most = max(self.most, seconds)

    @property
    def mean(self) -> float:
        """Exactly; 0 where there is none."""
        return self.total / self.count if self.count else 0.0

    def percentile(self, percent: float) -> float:
        """What so many of a hundred do not exceed.

        :param percent: from 0 to 100.
        :returns: seconds; 0 where there is none.
        """
        wanted = max(1, ceil(self.count * percent / 100 - 1e-9))
        if wanted >= self.count:
            return self.most
        seen = 0
        for index, count in enumerate(self._buckets):
            seen += count
            if seen >= wanted:
                return min(self.most, _middle(index))
        raise AssertionError("more are wanted than there are")


def _middle(index: int) -> float:
    """Of the sizes that a bucket counts: wrong by half its width at most."""
    return float(_FIRST * _WIDER ** (index - 0.5))
