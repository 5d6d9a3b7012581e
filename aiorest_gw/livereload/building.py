"""A command that makes a site: run when something changes, its output told as it comes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import BoundedSemaphore, Thread
from typing import IO, Any

import attrs

__all__ = ["Build", "Builder"]

# Lines of what a command wrote that its failure is told with.
_LAST_LINES = 12
_LONGEST_LINE = 500
# Lines that are read and not told yet: a command that writes without end waits, and nobody else does.
_UNTOLD = 100
# Of what cannot be begun, as shells have it.
_NOT_BEGUN = 127
# Seconds for what a command has written at last; what it left running may hold its output open.
_REST = 1.0


@attrs.frozen
class Build:
    """A command that has ended.

    :param status: as :class:`subprocess.Popen` tells it: a signal is a negative number.
    :param last: the end of what it wrote.
    """

    status: int
    last: str


class Builder:
    """Runs a command of the shell's.

    :param reactor: in whose thread all is told.
    :param command: as it would be typed.
    :param folder: that it runs in.
    :param wrote: is called with each line that it writes.
    :param ended: is called with the :class:`Build`.
    """

    def __init__(
        self,
        reactor: Any,
        command: str,
        folder: str,
        wrote: Callable[[str], object],
        ended: Callable[[Build], object],
    ) -> None:
        self._reactor = reactor
        self._command = command
        self._folder = folder
        self._wrote = wrote
        self._ended = ended
        self._process: subprocess.Popen[str] | None = None

    @property
    def runs(self) -> bool:
        """Whether it runs now."""
        return self._process is not None

    def start(self) -> None:
        """Run it; one that cannot be begun, as in a folder that is gone, ends at once.

        :raises RuntimeError: it runs already.
        """
        if self._process is not None:
            raise RuntimeError("it runs already")
        try:
            self._process = process = self._begun()
        except OSError as error:
            build = Build(_NOT_BEGUN, str(error))
            self._reactor.callFromThread(self._ended, build)
            return
        last: deque[str] = deque(maxlen=_LAST_LINES)
        reading = Thread(target=self._read, args=(process, last), daemon=True)
        reading.start()
        Thread(target=self._wait, args=(process, reading, last), daemon=True).start()

    def _begun(self) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S602 - it is whose shell this is that wrote it
            self._command,
            shell=True,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # What it starts ends with it.
            start_new_session=True,
        )

    def _read(self, process: subprocess.Popen[str], last: deque[str]) -> None:
        assert process.stdout is not None
        untold = BoundedSemaphore(_UNTOLD)
        with process.stdout:
            for line in _lines(process.stdout):
                last.append(line)
                untold.acquire()
                self._reactor.callFromThread(self._line, process, line, untold)

    def _wait(self, process: subprocess.Popen[str], reading: Thread, last: Iterable[str]) -> None:
        status = process.wait()
        reading.join(_REST)
        build = Build(status, "\n".join(tuple(last)))
        self._reactor.callFromThread(self._end, process, build)

    def _line(self, process: subprocess.Popen[str], text: str, untold: BoundedSemaphore) -> None:
        untold.release()
        if self._process is process:
            self._wrote(text)

    def _end(self, process: subprocess.Popen[str], build: Build) -> None:
        if self._process is process:
            self._process = None
            self._ended(build)

    def stop(self) -> None:
        """End it, if it runs; nothing is told of it any more."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGTERM)


def _lines(stream: IO[str]) -> Iterator[str]:
    """The beginning of each line, however long it is."""
    begins = True
    while piece := stream.readline(_LONGEST_LINE):
        if begins:
            yield piece.rstrip("\n")
        begins = piece.endswith("\n")
