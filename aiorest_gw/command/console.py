"""What whoever works on a site sees in the terminal: what happens, and how it stands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import IO

from ..livereload.bursts import Everything
from ..server.foreground import discard_output
from .output import printable, wants_colours

__all__ = ["Terminal"]

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2"}
# Paths that are named in one line.
_NAMED = 3


class Terminal:
    """Writes on the standard output; where that is a terminal, its last line says how it stands.

    :param standing: tells that.
    :param folder: that paths are told relative to.
    :param stream: to write on.
    :param errors: for the log.
    """

    def __init__(
        self,
        standing: Callable[[], str],
        folder: str,
        stream: IO[str] | None = None,
        errors: IO[str] | None = None,
    ) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._errors = sys.stderr if errors is None else errors
        self._standing = standing
        self._folder = folder
        self._colours = wants_colours(self._stream)
        self._lives = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._status = ""

    # -- what happens

    def shown(self, paths: tuple[str, ...] | Everything, tabs: Mapping[str, int]) -> None:
        """Changes were shown in tabs."""
        count = max(tabs.values(), default=0)
        told = f"shown in {count} tab{'' if count == 1 else 's'}" if count else "no tab shows it"
        self._line("cyan" if count else "dim", self._named(paths), told)

    def reloaded(self) -> None:
        """The application is another one."""
        self._line("green", "the application is loaded", "")

    def building(self, command: str) -> None:
        """A build has begun."""
        self._line("cyan", f"$ {command}", "")

    def wrote(self, line: str) -> None:
        """It wrote a line."""
        self._write("    " + self._painted("dim", printable(line)))

    def built(self) -> None:
        """It has succeeded."""
        self._line("green", "built", "")

    def failed(self, text: str) -> None:
        """Something is wrong."""
        first, *others = text.splitlines() or [""]
        self._line("red", first, "")
        for line in others:
            self._write("    " + printable(line))

    def say(self, text: str) -> None:
        """A line of its own."""
        self._write(printable(text))

    # -- writing

    def refresh(self) -> None:
        """Tell how it stands, if that has changed."""
        standing = self._standing()
        if self._lives and standing != self._status:
            self._status = standing
            self._put(f"\r\x1b[2K{self._painted('dim', standing)}")

    def end(self) -> None:
        """How it stands is told no more."""
        self._clear()
        self._lives = False

    def write(self, text: str) -> int:
        """Of the log, whose stream it is, above how it stands."""
        self._clear()
        self._errors.write(text)
        self.refresh()
        return len(text)

    def flush(self) -> None:
        """Of the log."""
        self._errors.flush()

    def _line(self, colour: str, what: str, more: str) -> None:
        now = self._painted("dim", datetime.now().strftime("%H:%M:%S"))
        end = f"  {self._painted('dim', more)}" if more else ""
        self._write(f"{now}  {self._painted(colour, printable(what))}{end}")

    def _write(self, line: str) -> None:
        self._clear()
        self._put(f"{line}\n")
        self.refresh()

    def _clear(self) -> None:
        if self._status:
            self._status = ""
            self._put("\r\x1b[2K")

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # nobody reads it any more: a closed terminal, or the end of a pipe
            discard_output()

    def _painted(self, colour: str, text: str) -> str:
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self._colours else text

    def _named(self, paths: tuple[str, ...] | Everything) -> str:
        if isinstance(paths, Everything):
            return "many files"
        names = [os.path.relpath(path, self._folder) for path in paths[:_NAMED]]
        more = len(paths) - len(names)
        # A name may hold what ends a line, and forge another one.
        return ", ".join(names).replace("\n", "\\n") + (f" and {more} more" if more else "")
