"""A worker's process as its supervisor sees it: started, told what to do, waited for."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Callable
from threading import Thread
from typing import Protocol

import attrs

from .jobs import Job, Report

__all__ = ["Ended", "Event", "Process", "WorkerProcess", "Wrote"]

# The worker finds modules where its supervisor does, and nowhere else.
_START = "import sys; sys.path[:] = sys.argv[2:]; from aiorest_gw.server.worker import main; main()"


@attrs.frozen
class Wrote:
    """A line of a worker's output."""

    line: str


@attrs.frozen
class Ended:
    """A worker's process is gone.

    :param status: as :class:`subprocess.Popen` tells it.
    """

    status: int


Event = Report | Wrote | Ended


class Process(Protocol):
    """What a supervisor asks of a worker's process."""

    pid: int

    def order(self, order: bytes) -> None: ...

    def kill(self) -> None: ...

    def wait(self) -> None: ...


class WorkerProcess:
    """A fresh interpreter, in a session of its own: CTRL-C in a terminal reaches the supervisor alone.

    :param job: of the worker.
    :param tell: is called with each event, from other threads; :class:`Ended` is the last but for
        what the worker wrote.
    :raises OSError: it cannot be started.
    """

    def __init__(self, job: Job, tell: Callable[[Event], None]) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-c", _START, str(number), *sys.path],
                pass_fds=(number, job.counts, *job.sockets),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if job.piped else None,
                stderr=subprocess.STDOUT if job.piped else None,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._send(job.line())
        Thread(target=self._follow, args=(tell,), daemon=True).start()
        if job.piped:
            Thread(target=self._read, args=(tell,), daemon=True).start()

    def _follow(self, tell: Callable[[Event], None]) -> None:
        """Wait for what has become of the start, and then for the end."""
        with self._channel.makefile("rb") as lines, contextlib.suppress(OSError):
            for line in lines:
                tell(Report.of(line))
                break
        tell(Ended(self._process.wait()))

    def _read(self, tell: Callable[[Event], None]) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                tell(Wrote(line.decode(errors="replace").rstrip("\n")))

    def order(self, order: bytes) -> None:
        """Tell the worker what to do; one that cannot be told any more is ended."""
        self._send(order + b"\n")

    def _send(self, line: bytes) -> None:
        try:
            self._channel.sendall(line)
        except OSError:
            self.kill()

    def kill(self) -> None:
        """End the worker, which does not end itself."""
        self._process.kill()

    def wait(self) -> None:
        """Wait for the end."""
        self._process.wait()
