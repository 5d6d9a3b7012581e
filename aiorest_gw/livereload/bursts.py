"""Joins changes that come together: a save, a checkout or a build writes many files, and some twice."""

from __future__ import annotations

from enum import Enum
from typing import Final

from ..errors import ConfigurationError

__all__ = ["EVERYTHING", "Bursts", "Everything"]

# Timers are not exacter, and a sum of floating point numbers is not either.
_GRAIN = 0.001


class Everything(Enum):
    """Stands in the place of paths that are too many, or were not told."""

    EVERYTHING = "everything"


EVERYTHING: Final = Everything.EVERYTHING


class Bursts:
    """Gives the changes of a burst when it is over, so that the last write of it is always in what is
    given; and of one that does not end, what there is from time to time.

    :param quiet: seconds without a change after which a burst is over.
    :param most: seconds that a change waits at most.
    :param most_paths: that are kept; of more, only that everything may have changed.
    :raises ConfigurationError: a number is none, or makes no sense.
    """

    def __init__(self, quiet: float = 0.05, most: float = 1.0, most_paths: int = 1_000) -> None:
        if not 0 <= quiet <= most < float("inf") or most_paths < 1:
            raise ConfigurationError(
                "a burst is over after some seconds of quiet, and within a time that is no shorter; not "
                f"{quiet!r} within {most!r}, of at most {most_paths!r} paths"
            )
        self._quiet = quiet
        self._most = most
        self._most_paths = most_paths
        self._paths: dict[str, None] = {}
        self._everything = False
        self._first = self._last = 0.0

    def add(self, change: str | Everything, now: float) -> None:
        """Something has changed.

        :param change: the path of a file, or :data:`EVERYTHING` where it is not known what.
        :param now: seconds, of a clock that never goes back.
        """
        if self.due() is None:
            self._first = now
        self._last = now
        if isinstance(change, Everything):
            self._forget_paths()
            return
        # Behind all others, also where it is there already.
        self._paths.pop(change, None)
        self._paths[change] = None
        if len(self._paths) > self._most_paths:
            self._forget_paths()

    def _forget_paths(self) -> None:
        self._everything = True
        self._paths.clear()

    def due(self) -> float | None:
        """When :meth:`take` gives something, or None where nothing has changed. Each change may put it
        off, so it is asked for anew after each, and after each :meth:`take`."""
        if not self._paths and not self._everything:
            return None
        return min(self._last + self._quiet, self._first + self._most)

    def take(self, now: float) -> tuple[str, ...] | Everything:
        """What has changed, where it is time.

        :returns: the paths in the order of their last change, each once; none where it is too early;
            or :data:`EVERYTHING`.
        """
        due = self.due()
        if due is None or now < due - _GRAIN:
            return ()
        taken = EVERYTHING if self._everything else tuple(self._paths)
        self._paths.clear()
        self._everything = False
        return taken
