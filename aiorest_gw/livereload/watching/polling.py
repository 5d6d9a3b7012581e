"""Which files change, by looking: for file systems that tell nothing, such as those of a network.

A file has changed when its times, its size or its inode have. All files are looked at every second, a
few milliseconds at a time.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from .folders import listed
from .watcher import Observer, Root

__all__ = ["PollingWatcher"]

# Seconds from the end of one look to the next.
_EVERY = 1.0
# Seconds for which it looks, and then lets others have their turn: a fifth of the time at most.
_SLICE = 0.004
_PAUSE = 0.016

# Times of modification and of change, size, inode. The second tells of permissions, and of a file whose
# modification time was set back.
_State = tuple[int, int, int, int]
# What has changed, or None for what has not.
_Look = Generator[Path | None, None, None]


def _state_of(entry: os.DirEntry[str]) -> _State | None:
    """None where it has gone meanwhile."""
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


class PollingWatcher:
    """Looks at the files of folders.

    :param reactor: its time; a ``Clock`` will do.
    """

    def __init__(self, reactor: Any, roots: Sequence[Root], observer: Observer) -> None:
        self._reactor = reactor
        self._roots = roots
        self._observer = observer
        self._known: dict[Root, dict[str, _State]] = {}
        self._look: _Look | None = None
        self._timer: Any = None

    def start(self) -> None:
        """Begin; all files are looked at before this returns."""
        self.stop()
        for _ in self._look_at_all():
            pass
        self._timer = self._reactor.callLater(_EVERY, self._begin)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._look is not None:
            self._look.close()
            self._look = None

    def _begin(self) -> None:
        self._look = self._look_at_all()
        self._go_on(self._look)

    def _go_on(self, look: _Look) -> None:
        """Look for some milliseconds, and again after a pause."""
        self._timer = None
        until = self._reactor.seconds() + _SLICE
        for changed in look:
            if changed is not None:
                self._observer.tell(changed)
            if self._look is not look:
                return  # who was told has stopped it
            if self._reactor.seconds() >= until:
                self._timer = self._reactor.callLater(_PAUSE, self._go_on, look)
                return
        self._look = None
        self._timer = self._reactor.callLater(_EVERY, self._begin)

    def _look_at_all(self) -> _Look:
        for root in self._roots:
            yield from self._look_at(root, self._known.get(root, {}))

    def _look_at(self, root: Root, known: dict[str, _State]) -> _Look:
        """Compare the files of a folder with what is known of them, a step for each."""
        found: dict[str, _State] = {}
        folders = [""]
        while folders:
            for path, is_folder, entry in listed(root, folders.pop(), self._observer.ignored):
                state = None if is_folder else _state_of(entry)
                if is_folder:
                    folders.append(path)
                elif state is not None:
                    found[path] = state
                yield root.told(path) if state is not None and known.get(path) != state else None
        self._known[root] = found
        for path in known.keys() - found.keys():
            yield root.told(path)
