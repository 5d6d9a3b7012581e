"""How far a bench is, on the standard error while it runs; on terminals alone."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from .measured import Measured
from .output import wants_colours

__all__ = ["Progress"]


class Progress:
    """A bar where ``rich`` is installed, and a line that is written again and again else.

    :param measured: what it tells of.
    """

    def __init__(self, measured: Measured) -> None:
        self._measured = measured
        self._seconds = measured.seconds
        self._bar: Any = None
        self._shows = sys.stderr.isatty()
        if self._shows and wants_colours(sys.stderr) and find_spec("rich") is not None:
            self._bar = _bar(self._seconds)
            self._bar.start()

    def tell(self, seconds: float) -> None:
        """
        :param seconds: that were measured; less than 0: the time until it begins.
        """
        if not self._shows:
            return
        doing = "warming up" if seconds < 0 else f"{self._measured.requests:,} requests"
        if self._bar is None:
            at = f"{max(0.0, seconds):.0f} of {self._seconds:g} s"
            print(f"\r\x1b[K{at}, {doing}", end="", file=sys.stderr, flush=True)
        else:
            self._bar.update(self._bar.task_ids[0], completed=max(0.0, seconds), doing=doing)

    def end(self) -> None:
        """Leave nothing of it."""
        if self._bar is not None:
            self._bar.stop()
        elif self._shows:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _bar(seconds: float) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:g} s"),
        TextColumn("{task.fields[doing]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True, force_terminal=True),
        transient=True,
    )
    bar.add_task("", total=seconds, doing="")
    return bar
