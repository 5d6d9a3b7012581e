"""What Linux tells of folders: inotify(7), read by the reactor.

``twisted.internet.inotify`` hides what is needed here: it passes over the overflow of the kernel's
queue, closes itself when the first watched folder is removed, and does not know why a watch was refused.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

__all__ = [
    "ATTRIB",
    "CLOSE_WRITE",
    "CREATE",
    "DELETE",
    "DELETE_SELF",
    "DONT_FOLLOW",
    "EXCL_UNLINK",
    "IGNORED",
    "ISDIR",
    "MODIFY",
    "MOVED_FROM",
    "MOVED_TO",
    "MOVE_SELF",
    "ONLYDIR",
    "Q_OVERFLOW",
    "Event",
    "Notifier",
    "is_exhausted",
    "limits",
]

# <sys/inotify.h>
MODIFY = 0x2
ATTRIB = 0x4
CLOSE_WRITE = 0x8
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
DELETE_SELF = 0x400
MOVE_SELF = 0x800
Q_OVERFLOW = 0x4000
IGNORED = 0x8000
ONLYDIR = 0x1000000
DONT_FOLLOW = 0x2000000
EXCL_UNLINK = 0x4000000
ISDIR = 0x40000000

# struct inotify_event: watch, mask, cookie, length of the name that follows.
_HEADER = struct.Struct("=iIII")
# Octets read at a time, some hundred events, so that others have their turn; one event has up to 272.
_READ = 8_192
# The system has no more watches, instances, descriptors or memory, or no inotify at all.
_EXHAUSTED = (errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSYS)


@attrs.frozen
class Event:
    """Something that happened.

    :param watch: -1 where the queue overflowed.
    :param name: of what is in the watched folder, decoded as :func:`os.fsdecode` does; empty for the
        folder itself.
    """

    watch: int
    mask: int
    name: str


def is_exhausted(error: OSError) -> bool:
    """Whether the system cannot watch so much, where other errors are of one folder only."""
    return error.errno in _EXHAUSTED


def limits() -> str:
    """What can be raised where the system cannot watch so much, with the values that it has now."""
    names = ("max_user_watches", "max_user_instances")
    found = []
    for name in names:
        try:
            value = Path("/proc/sys/fs/inotify", name).read_text().strip()
        except OSError:
            value = "unknown"
        found.append(f"fs.inotify.{name} ({value})")
    return " and ".join(found)


@cache
def _libc() -> Any:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "inotify is of Linux")
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *args: Any) -> int:
    """
    :raises OSError: it failed.
    """
    result: int = getattr(_libc(), name)(*args)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


@implementer(IReadDescriptor)
class Notifier:
    """An instance of inotify.

    :param heard: is called with each event.
    :param failed: is called with an OSError that ``heard`` raised, or the reading.
    :raises OSError: there are no more instances, or there is no inotify.
    """

    def __init__(
        self,
        reactor: Any,
        heard: Callable[[Event], object],
        failed: Callable[[OSError], object],
    ) -> None:
        self._reactor = reactor
        self._heard = heard
        self._failed = failed
        self._descriptor = _call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
        reactor.addReader(self)

    def watch(self, path: str, mask: int) -> int:
        """Hear of a folder.

        :param mask: of what.
        :returns: the number of the watch; that of an earlier one where it is the same folder.
        :raises OSError: it cannot be watched.
        """
        return _call(
            "inotify_add_watch", self._descriptor, os.fsencode(path), ctypes.c_uint32(mask)
        )

    def unwatch(self, watch: int) -> None:
        """Hear of a folder no more; that it was removed before is no error."""
        try:
            _call("inotify_rm_watch", self._descriptor, watch)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise

    def close(self) -> None:
        """Hear nothing any more."""
        if self._descriptor >= 0:
            self._reactor.removeReader(self)
            os.close(self._descriptor)
            self._descriptor = -1

    # -- what the reactor calls

    def fileno(self) -> int:
        return self._descriptor

    def doRead(self) -> None:
        try:
            octets = os.read(self._descriptor, _READ)
            self._take(octets)
        except BlockingIOError:
            return
        except OSError as error:
            self._failed(error)

    def _take(self, octets: bytes) -> None:
        place = 0
        while place < len(octets) and self._descriptor >= 0:
            watch, mask, _, size = _HEADER.unpack_from(octets, place)
            place += _HEADER.size + size
            name = octets[place - size : place].rstrip(b"\0")
            self._heard(Event(watch, mask, os.fsdecode(name)))

    def connectionLost(self, reason: Any) -> None:
        self.close()

    def logPrefix(self) -> str:
        return type(self).__name__
