"""A folder with all that is below it, by inotify: a watch for each folder, set before it is read.

So what is made meanwhile is told twice at most, and never lost. A folder that is moved is let go of
under its old path, and read under its new one, with everything in it told.

The masks: CLOSE_WRITE and MODIFY for what is written (:mod:`.writing` tells when that is told of);
CREATE for folders and links, since nobody writes to these; ATTRIB since that is all that ``Path.touch``
leaves, and how a file becomes readable.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Any

from . import inotify
from .anchors import Anchor
from .folders import Folder, is_file, listed, look_at
from .inotify import Event, Notifier, is_exhausted
from .watcher import Observer, Root
from .writing import OpenFiles

__all__ = ["InotifyWatcher"]

_ROOT = (
    inotify.CLOSE_WRITE
    | inotify.MODIFY
    | inotify.ATTRIB
    | inotify.CREATE
    | inotify.DELETE
    | inotify.MOVED_FROM
    | inotify.MOVED_TO
    | inotify.ONLYDIR
    | inotify.EXCL_UNLINK
)
_FOLDER = _ROOT | inotify.DONT_FOLLOW
_GONE = inotify.DELETE | inotify.MOVED_FROM
_NEW = inotify.CREATE | inotify.MOVED_TO


class InotifyWatcher:
    """Watches a folder with all that is below it, as long as the system can.

    :param failed: is called with an OSError when it cannot any more.
    """

    def __init__(
        self, reactor: Any, root: Root, observer: Observer, failed: Callable[[OSError], object]
    ) -> None:
        self._reactor = reactor
        self._root = root
        self._observer = observer
        self._failed = failed
        self._anchor = Anchor(reactor, root.path, self._replaced, failed)
        self._open = OpenFiles(reactor, self._tell)
        self._notifier: Notifier | None = None
        self._watched: dict[int, Folder] = {}
        self._top: Folder | None = None

    def start(self) -> None:
        """Begin; a folder that has gone meanwhile is awaited.

        :raises OSError: the system cannot watch so much; then it is to be stopped.
        """
        self._anchor.start()
        self._begin(telling=False)

    def stop(self) -> None:
        self._anchor.stop()
        self._end()

    def _begin(self, telling: bool) -> None:
        self._notifier = Notifier(self._reactor, self._heard, self._failed)
        self._take(None, "", telling)

    def _end(self) -> list[str]:
        """Let go of everything.

        :returns: the paths of the files that were there.
        """
        self._open.clear()
        if self._notifier is not None:
            self._notifier.close()
            self._notifier = None
        files = [] if self._top is None else self._top.all_files()
        self._top = None
        self._watched.clear()
        return files

    def _tell(self, path: str) -> None:
        if self._notifier is not None:  # who is told may have stopped it
            self._observer.tell(self._root.told(path))

    def _replaced(self) -> None:
        """There is another folder, or none."""
        gone = self._end()
        self._begin(telling=True)
        for path in gone:
            self._tell(path)

    def _overflowed(self) -> None:
        """Folders may have come and gone as well, so all are read again."""
        self._end()
        self._begin(telling=False)
        self._observer.tell_lost()

    # -- watches

    def _take(self, parent: Folder | None, path: str, telling: bool) -> None:
        """Watch a folder and those below it.

        :param telling: of each file in them.
        """
        waiting = [(parent, path)]
        while waiting:
            folder = self._watch(*waiting.pop())
            if folder is not None:
                for child, is_folder, entry in listed(
                    self._root, folder.path, self._observer.ignored
                ):
                    if is_folder:
                        waiting.append((folder, child))
                    else:
                        folder.files.add(entry.name)
                        if telling:
                            self._tell(child)

    def _watch(self, parent: Folder | None, path: str) -> Folder | None:
        """Watch one folder, if it is there."""
        watch = self._number(path)
        other = self._watched.get(watch)
        if other is not None:
            if self._is_mounted_twice(other.path, path):
                return None
            self._drop(other)  # it was moved here, and the event that tells so is yet to come
            watch = self._number(path)
        if watch < 0 or self._notifier is None:
            return None
        folder = self._watched[watch] = Folder(path, parent, watch)
        if parent is None:
            self._top = folder
        else:
            parent.folders[folder.name] = folder
        return folder

    def _number(self, path: str) -> int:
        """Of a watch for a folder; -1 where it is not there, or may not be read."""
        if self._notifier is None:
            return -1
        try:
            return self._notifier.watch(self._root.of(path), _FOLDER if path else _ROOT)
        except OSError as error:
            if is_exhausted(error):
                raise
            return -1

    def _is_mounted_twice(self, one: str, other: str) -> bool:
        try:
            return os.path.samefile(self._root.of(one), self._root.of(other))
        except OSError:
            return False

    def _drop(self, gone: Folder) -> None:
        """Let go of a folder and those below it, and tell of their files."""
        gone.leave()
        for folder in gone.all():
            self._watched.pop(folder.number, None)
            if self._notifier is not None:
                self._notifier.unwatch(folder.number)
        for path in gone.all_files():
            self._open.remove(path)
            self._tell(path)

    # -- events

    def _heard(self, event: Event) -> None:
        if event.mask & inotify.Q_OVERFLOW:
            self._overflowed()
            return
        folder = self._watched.get(event.watch)
        if folder is None:
            return  # it was let go of after this had happened
        if folder is self._top and event.mask & inotify.IGNORED:
            self._replaced()
        elif event.mask & inotify.IGNORED:
            self._drop(folder)
        elif event.name and event.mask & inotify.ISDIR:
            self._heard_of_folder(folder, event)
        elif event.name and not self._observer.ignored(folder.child(event.name), False):
            self._heard_of_file(folder, event)

    def _heard_of_folder(self, parent: Folder, event: Event) -> None:
        known = parent.folders.get(event.name)
        if known is not None and event.mask & (_GONE | inotify.MOVED_TO):
            self._drop(known)
            known = None
        path = parent.child(event.name)
        if known is None and not event.mask & _GONE and not self._observer.ignored(path, True):
            self._take(parent, path, telling=True)

    def _heard_of_file(self, folder: Folder, event: Event) -> None:
        path = folder.child(event.name)
        if event.mask & _GONE:
            self._open.remove(path)
            if event.name in folder.files:
                folder.files.remove(event.name)
                self._tell(path)
        elif event.mask & _NEW:
            self._found(folder, event, path)
        elif event.name in folder.files:
            self._written(path, event.mask)

    def _found(self, folder: Folder, event: Event, path: str) -> None:
        """There is something that was not there; where it has gone again, that is told as well."""
        found = look_at(self._root.of(path))
        if found is None or not is_file(found):
            return
        folder.files.add(event.name)
        is_link = stat.S_ISLNK(found.st_mode) or found.st_nlink > 1
        if event.mask & inotify.MOVED_TO or is_link:
            self._open.remove(path)
            self._tell(path)
        else:
            self._open.add(path)

    def _written(self, path: str, mask: int) -> None:
        if mask & inotify.MODIFY:
            self._open.add(path)
        elif mask & inotify.CLOSE_WRITE or path not in self._open:
            self._open.remove(path)
            self._tell(path)
