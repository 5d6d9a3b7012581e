"""What a supervisor and its workers tell each other, a line each: JSON, and four words."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import attrs
import msgspec

__all__ = ["ACCEPT", "FINISH", "HURRY", "LEAVE", "File", "Job", "Report", "remove_files"]

# Orders: accept connections, now that all the others can; drain and leave; the same with all connections
# at once; wait for nothing any more.
ACCEPT = b"accept"
LEAVE = b"leave"
HURRY = b"hurry"
FINISH = b"finish"


@attrs.frozen
class File:
    """A file that belongs to a listening socket, and that another of its name is not taken for."""

    path: str
    device: int
    inode: int

    @classmethod
    def of(cls, path: str) -> File:
        """
        :raises OSError: there is none.
        """
        found = os.lstat(path)
        return cls(path, found.st_dev, found.st_ino)


def remove_files(files: Iterable[File]) -> None:
    """Remove what nobody else has removed or replaced."""
    for file in files:
        try:
            if File.of(file.path) == file:
                os.unlink(file.path)
        except OSError:
            continue


@attrs.frozen(kw_only=True)
class Job:
    """All that a worker is told before it starts.

    :param options: of the command line and the environment.
    :param reactor: as ``twistd --reactor`` takes it; None is the default one.
    :param log_level: from which level on it writes events.
    :param piped: its output goes to the supervisor, which knows the time and the worker.
    :param number: of the worker, from 0.
    :param workers: how many there are.
    :param sockets: descriptors of the listening sockets, in the order of ``options["listen"]``.
    :param files: to be removed when the supervisor is gone.
    :param counts: descriptor of the connection counts.
    """

    options: dict[str, Any]
    reactor: str | None
    log_level: str
    piped: bool
    number: int = 0
    workers: int
    sockets: tuple[int, ...] = ()
    files: tuple[File, ...] = ()
    counts: int = -1

    def line(self) -> bytes:
        return msgspec.json.encode(self) + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Job:
        return msgspec.json.decode(line, type=cls)


@attrs.frozen
class Report:
    """What has become of a worker's start.

    :param path: that it answers.
    :param leaves_within: seconds that it needs at most to leave when it is told to.
    :param finishes_within: the same where it waits for nothing any more.
    :param refused: why it does not serve, in one line; empty when it does.
    """

    path: str = ""
    leaves_within: float = 0
    finishes_within: float = 0
    refused: str = ""

    def line(self) -> bytes:
        return msgspec.json.encode(self) + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Report:
        return msgspec.json.decode(line, type=cls)
