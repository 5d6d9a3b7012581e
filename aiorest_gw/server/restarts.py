"""When a worker that has ended is started again: at once, or after a pause where none of them lasts."""

from __future__ import annotations

import signal

import attrs

__all__ = ["Restarts", "how_ended"]

# Seconds that a worker has to serve until its end counts as the first again.
_LASTING = 1.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


@attrs.define
class Restarts:
    """The processes that are one worker, one after the other.

    The first end is followed by a start at once. Where the next one ends before it served, or just
    after, there is a pause, and each time a longer one.
    """

    _in_a_row: int = 0
    _serving_since: float | None = None

    def serves(self, now: float) -> None:
        """The process serves."""
        self._serving_since = now

    def pause(self, now: float) -> float:
        """The process has ended.

        :returns: seconds until the next one is to be started.
        """
        since, self._serving_since = self._serving_since, None
        if since is not None and now - since >= _LASTING:
            self._in_a_row = 0
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (self._in_a_row - 1))
        self._in_a_row = min(self._in_a_row + 1, 10)
        return pause if self._in_a_row > 1 else 0


def how_ended(status: int) -> str:
    """The end of a process in words.

    :param status: as :class:`subprocess.Popen` tells it: a signal is a negative number.
    """
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:  # real-time signals have no names
        return f"was ended by signal {-status}"
