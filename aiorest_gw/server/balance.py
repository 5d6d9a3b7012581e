"""Who accepts a connection: each of several processes takes one that no other with fewer should have."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable

__all__ = ["ConnectionCounts", "leaves_to_another"]

_ABSENT = -1


def leaves_to_another(own: int, others: Iterable[int]) -> bool:
    """Whether a process leaves a connection to another.

    With few connections they are counted out exactly; with many an eighth more is as good, and a storm
    of them is not held up.

    :param own: connections of this process.
    :param others: of the other ones that accept.
    """
    fewest = min(others, default=own)
    return own > fewest + fewest // 8


class ConnectionCounts:
    """How many connections each process has, in memory that they share.

    :param processes: how many there are.
    :param descriptor: of the memory; it is made where none is given.
    """

    def __init__(self, processes: int, descriptor: int | None = None) -> None:
        made = None
        if descriptor is None:
            made = tempfile.TemporaryFile()  # noqa: SIM115 - it lasts as long as the counts
            made.truncate(processes * 8)
            descriptor = made.fileno()
        self._file = made
        self.descriptor = descriptor
        self._counts = memoryview(mmap.mmap(descriptor, processes * 8)).cast("q")
        self._processes = range(processes)
        if self._file is not None:
            for process in self._processes:
                self.leave(process)

    def set(self, process: int, count: int) -> None:
        self._counts[process] = count

    def leave(self, process: int) -> None:
        """The process accepts no more."""
        self._counts[process] = _ABSENT

    def others(self, process: int) -> list[int]:
        """The counts of the other processes that accept."""
        counts = (self._counts[other] for other in self._processes if other != process)
        return [count for count in counts if count != _ABSENT]
