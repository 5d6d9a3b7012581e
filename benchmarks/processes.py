"""A server in a process of its own: started on its cores, looked at, stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from .wire import NotUsable

__all__ = ["ServerProcess"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_WORDS = 4_096  # octets of its standard error that are looked at
_START = 20  # seconds that a server may take until it listens


class ServerProcess:
    """A server while the context lasts.

    :param command: that starts it, ``PORT`` in the place of the port.
    :param cores: the only ones that it may use.
    :raises NotUsable: it does not start.
    """

    def __init__(self, command: Sequence[str], cores: Collection[int]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lasts as long as the server
        self.port = _free_port()
        self._process = subprocess.Popen(
            [part.replace("PORT", str(self.port)) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )

    def __enter__(self) -> ServerProcess:
        try:
            self._wait()
        except NotUsable:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._errors.close()

    def _wait(self) -> None:
        end = time.monotonic() + _START
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise NotUsable(f"does not start: {self.last_words()}")
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.02)
        raise NotUsable(f"does not listen after {_START} seconds")

    def last_words(self) -> str:
        """The last line that it wrote to its standard error."""
        errors = self._errors.fileno()
        text = os.pread(errors, _WORDS, max(0, os.fstat(errors).st_size - _WORDS))
        lines = text.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it says nothing"

    def tree(self) -> list[int]:
        """The process and all that descend from it.

        :raises NotUsable: it has ended.
        """
        found = [self._process.pid]
        try:
            for pid in found:
                for task in Path(f"/proc/{pid}/task").iterdir():
                    found += map(int, (task / "children").read_text().split())
        except FileNotFoundError:
            raise NotUsable(f"has ended: {self.last_words()}") from None
        return found

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        return self._process.pid

    def private(self) -> int:
        """Octets that the process wrote to and shares with no other.

        :raises NotUsable: it has ended.
        """
        try:
            lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            raise NotUsable(f"has ended: {self.last_words()}") from None
        return next(
            int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty")
        )

    def memory(self) -> int:
        """Octets of the whole tree that are resident."""
        pages = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in self.tree())
        return sum(map(int, pages)) * _PAGE


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
