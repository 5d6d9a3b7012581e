"""What is in a folder, and what was in it when it was last looked at.

A link counts as a file, whatever it leads to: to follow links would end in circles, tell of a file under
two paths, and leave the folder that was to be watched. What is neither file, link nor folder, such as a
socket, is passed over, and so is what cannot be read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator

import attrs

from .watcher import Root

__all__ = ["Folder", "is_file", "listed", "look_at"]

Ignored = Callable[[str, bool], bool]


@attrs.define(eq=False)
class Folder:
    """A folder as it is known.

    :param path: below the root, with ``/`` between its parts; empty for the root itself.
    :param parent: None for the root.
    :param number: by which the system knows it.
    :ivar files: their names.
    :ivar folders: by name.
    """

    path: str
    parent: Folder | None = None
    number: int = -1
    files: set[str] = attrs.field(factory=set)
    folders: dict[str, Folder] = attrs.field(factory=dict)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def child(self, name: str) -> str:
        """The path of something in it."""
        return f"{self.path}/{name}" if self.path else name

    def leave(self) -> None:
        """Its parent has it no more."""
        if self.parent is not None:
            self.parent.folders.pop(self.name, None)
            self.parent = None

    def all(self) -> Iterator[Folder]:
        """Itself, and the folders below."""
        waiting = [self]
        while waiting:
            folder = waiting.pop()
            yield folder
            waiting.extend(folder.folders.values())

    def all_files(self) -> list[str]:
        """The paths of the files in it and below."""
        return [folder.child(name) for folder in self.all() for name in folder.files]


def listed(root: Root, path: str, ignored: Ignored) -> Iterator[tuple[str, bool, os.DirEntry[str]]]:
    """What is in a folder now, but for what is ignored.

    :param path: of the folder, below the root.
    :returns: for each its path, whether it is a folder, and what the system says.
    """
    folder = Folder(path)
    try:
        with os.scandir(root.of(path)) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder or entry.is_symlink() or entry.is_file(follow_symlinks=False):
                    child = folder.child(entry.name)
                    if not ignored(child, is_folder):
                        yield child, is_folder, entry
    except OSError:
        return  # it has gone meanwhile, or may not be read


def look_at(path: str) -> os.stat_result | None:
    """What is there, a link not followed; None if nothing is."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def is_file(found: os.stat_result) -> bool:
    """Whether it counts as a file."""
    return stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)
