"""The files below a folder as they are known, compared with what is there when something happened."""

from __future__ import annotations

import stat

from .folders import Folder, is_file, listed, look_at
from .watcher import Observer, Root

__all__ = ["Inventory"]


class Inventory:
    """What is known to be in a folder and below.

    :param root: the folder.
    :param observer: is told of what has changed.
    :ivar fresh: folders that were found by now, and may have been so before the system watched them.
    """

    def __init__(self, root: Root, observer: Observer) -> None:
        self.root = root
        self.fresh: set[str] = set()
        self._observer = observer
        self._top = Folder("")

    def read(self) -> None:
        """Know what is there, and tell of nothing."""
        self._top = Folder("")
        self._take(self._top, telling=False)

    def read_again(self) -> None:
        """All is another: tell of what was there, and of what is."""
        gone = self._top.all_files()
        self._top = Folder("")
        self._take(self._top, telling=True)
        for path in gone:
            self._tell(path)

    def heard(self, path: str, removed: bool) -> None:
        """Something has happened to a path.

        :param path: below the root.
        :param removed: there may be something else by now.
        """
        folder, name, below = self._nearest(path)
        found = look_at(self.root.of(folder.child(name)))
        if found is not None and stat.S_ISDIR(found.st_mode):
            self._heard_of_folder(folder, name, found.st_ino, removed)
        elif not below and not self._observer.ignored(path, False):
            self._heard_of_file(folder, name, found is not None and is_file(found))

    def look_again(self) -> None:
        """Tell of what came into fresh folders before they were watched, and after they were read."""
        fresh, self.fresh = self.fresh, set()
        for path in fresh:
            folder, name, below = self._nearest(path)
            known = folder.folders.get(name)
            if known is not None and not below:
                self._take(known, telling=True)

    def _tell(self, path: str) -> None:
        self._observer.tell(self.root.told(path))

    def _nearest(self, path: str) -> tuple[Folder, str, bool]:
        """The folder nearest to a path that is known, the name in it, and whether the path goes on."""
        folder = self._top
        parents = path.split("/")
        last = parents.pop()
        for name in parents:
            if name not in folder.folders:
                return folder, name, True
            folder = folder.folders[name]
        return folder, last, False

    def _heard_of_folder(self, parent: Folder, name: str, inode: int, removed: bool) -> None:
        known = parent.folders.get(name)
        if known is not None:
            if known.number == inode and not removed:
                return
            self._drop(known)
        path = parent.child(name)
        if name in parent.files:
            parent.files.remove(name)
            self._tell(path)
        if not self._observer.ignored(path, True):
            folder = parent.folders[name] = Folder(path, parent, inode)
            self.fresh.add(path)
            self._take(folder, telling=True)

    def _heard_of_file(self, folder: Folder, name: str, is_there: bool) -> None:
        if name in folder.folders:
            self._drop(folder.folders[name])
        if is_there or name in folder.files:
            (folder.files.add if is_there else folder.files.remove)(name)
            self._tell(folder.child(name))

    def _take(self, folder: Folder, telling: bool) -> None:
        """Know the files in a folder and below that are not known.

        :param telling: of each.
        """
        waiting = [folder]
        while waiting:
            folder = waiting.pop()
            for path, is_folder, entry in listed(self.root, folder.path, self._observer.ignored):
                if is_folder:
                    new = Folder(path, folder, entry.inode())
                    waiting.append(folder.folders.setdefault(entry.name, new))
                elif entry.name not in folder.files:
                    folder.files.add(entry.name)
                    if telling:
                        self._tell(path)

    def _drop(self, gone: Folder) -> None:
        gone.leave()
        for path in gone.all_files():
            self._tell(path)
