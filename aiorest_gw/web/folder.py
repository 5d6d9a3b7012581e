"""Files below a folder: found by the names that a request asks for, and none outside of it.

Names are looked up as the system does, links included; what they lead to has to be below the folder, and
no file or folder on the way may be hidden.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR, S_ISREG
from time import time_ns
from typing import BinaryIO

import attrs

from ..pages.paths import Location

__all__ = ["FileState", "Folder", "IsFolder", "OpenFile", "OutOfFiles"]

_INDEX = "index.html"
_WELL_KNOWN = ".well-known"
# Nanoseconds: more than the steps in which a system tells the time of a write.
_STEP = 50_000_000
# To go through it, which needs no right to list it.
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)


# The process, or the system, has as many files open as it may, or no memory for one more.
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class OutOfFiles(Exception):
    """The file is there, but no more files can be opened now."""


class IsFolder(Exception):
    """A folder with a page of its own was asked for as if it were a file."""


@attrs.frozen
class FileState:
    """What a file is now; when it is written or replaced, that differs.

    :param modified: nanoseconds since the epoch.
    """

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        return cls(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        )


@attrs.frozen
class OpenFile:
    """A file that may be sent.

    :param asked: its path with links, as it was asked for.
    :param path: without links.
    :param root: of the folder that it is in, without links.
    """

    asked: str
    path: str
    root: str
    state: FileState

    @property
    def settled(self) -> bool:
        """Whether it was not written just now.

        Systems tell the time in steps, so that of two writes in one step the second is not seen.
        """
        return abs(time_ns() - self.state.modified) > _STEP

    @property
    def current(self) -> bool:
        """Whether the same file is there, and says the same; what a link leads to may change, too."""
        try:
            return FileState.of(os.stat(self.asked)) == self.state
        except OSError:
            return False

    def open(self) -> BinaryIO | None:
        """The file, to be read; None where another one has come in its place.

        :raises OutOfFiles: the system opens no more.
        """
        try:
            file = open(_open_below(self.root, self.path), "rb")  # noqa: SIM115 - the sender closes it
        except OSError as error:
            if error.errno in _EXHAUSTED:
                raise OutOfFiles from error
            return None
        if self.is_in(file):
            return file
        file.close()
        return None

    def is_in(self, file: BinaryIO) -> bool:
        """Whether an open file is this one, and nobody has written to it."""
        return FileState.of(os.fstat(file.fileno())) == self.state


class Folder:
    """A site's folder; while there is none, nothing is found.

    :param path: of it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(path)

    def find(self, location: Location) -> OpenFile | None:
        """The file of a page; of a folder, its ``index.html``.

        :raises IsFolder: the page is a folder's, and its path has no slash at the end.
        """
        found = self._file(location.segments)
        if found is None or not S_ISDIR(found[2].st_mode):
            return None if found is None or location.folder else self._regular(*found)
        index = self._file((*location.segments, _INDEX))
        if index is None:
            return None
        if not location.folder:
            raise IsFolder
        return self._regular(*index)

    def beside(self, file: OpenFile, suffix: str) -> OpenFile | None:
        """The file that is called so too, but for a suffix, and is not older."""
        segments = os.path.relpath(file.asked + suffix, self.path).split(os.sep)
        found = self._file(tuple(segments))
        made = None if found is None else self._regular(*found)
        return made if made is not None and made.state.modified >= file.state.modified else None

    def _regular(self, asked: str, path: str, status: os.stat_result, root: str) -> OpenFile | None:
        """No pipes and devices, which may never end."""
        if not S_ISREG(status.st_mode):
            return None
        return OpenFile(asked, path, root, FileState.of(status))

    def _file(self, segments: tuple[str, ...]) -> tuple[str, str, os.stat_result, str] | None:
        """What is at a path, and below the folder: its path with links and without, its status, and the
        folder's path without links."""
        try:
            folder = os.path.realpath(self.path, strict=True)
            asked = os.path.join(self.path, *segments)
            path = os.path.realpath(asked, strict=True)
            if path != folder and not _may_be_seen(path, folder):
                return None
            return asked, path, os.stat(path), folder
        except (OSError, ValueError):
            return None


def _may_be_seen(path: str, folder: str) -> bool:
    if not path.startswith(os.path.join(folder, "")):
        return False
    first, *others = path[len(folder) :].strip(os.sep).split(os.sep)
    names = others if first == _WELL_KNOWN else [first, *others]
    return not any(name.startswith(".") for name in names)


def _open_below(root: str, path: str) -> int:
    """A descriptor of a file, to which no link leads: one may have come since the path was looked up.

    :param root: that the path begins with.
    :raises OSError: it is not there any more.
    """
    if os.open not in os.supports_dir_fd:  # on Windows
        return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    *folders, name = path[len(root) :].strip(os.sep).split(os.sep)
    above = os.open(root, _FOLDER)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
            os.close(above)
            above = below
        # A pipe would have us wait for who writes.
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=above)
    finally:
        os.close(above)
