"""Which files and folders are not watched: hidden ones, those of editors and tools, and what the
``.gitignore`` files of the site say.

It is asked about folders above all, for a folder that is ignored is never looked into. That is why no
list of files is matched here, as most readers of ``.gitignore`` do it: to them a line ``out/**`` means
the folder ``out`` too, and a ``!out/kept.html`` behind it would never be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import attrs

from .globs import Glob

__all__ = ["Ignored"]

# What editors and tools leave beside what they work on; names that begin with a dot are hidden anyway.
# As 4913, Vim tries whether it may write to a folder; a folder of that name is the site's own.
_DEFAULTS = (
    "node_modules/", "bower_components/", "__pycache__/", "*.py[cod]", "*.tmp", "*.swp", "*.swx", "*~",
    "\\#*#", "4913", "!4913/", "*___jb_???___",
)  # fmt: skip

# Folders that are remembered; where there are more, all of them are forgotten, and some come again.
_REMEMBERED = 10_000


@attrs.frozen
class _Line:
    """A line of a ``.gitignore``.

    :param glob: of a path; without a slash, of a name at any depth.
    :param ignores: or takes back what the lines before it ignore.
    """

    glob: Glob
    anchored: bool
    ignores: bool
    folders_only: bool

    @classmethod
    def parse(cls, text: str) -> _Line | None:
        """None where git finds nothing in the line, or nothing that could ever fit."""
        text = re.sub(r"(?<!\\) +$", "", text.rstrip("\r\n"))
        if text.startswith("#"):
            return None
        pattern = text.removeprefix("!")
        name = pattern.removesuffix("/")
        try:
            glob = Glob(name.removeprefix("/"))
        except ValueError:
            return None
        return cls(glob, "/" in name, pattern == text, name != pattern)

    def fits(self, path: str) -> bool:
        return self.glob.fits(path if self.anchored else path.rpartition("/")[2])


def _parse(lines: Iterable[str]) -> tuple[_Line, ...]:
    found = [_Line.parse(text) for text in lines]
    # The last one that fits decides, and so is asked first.
    return tuple(line for line in reversed(found) if line is not None)


class Ignored:
    """What is not watched in a folder.

    A name that begins with a dot never is, whatever the lines say: it is not served either. But for
    ``.well-known`` at the top (RFC 8615 section 3). For everything else the ``.gitignore`` that is
    nearest decides, of its lines the last that fits; the defaults hold where none does. What is inside
    an ignored folder is ignored, whatever the lines say (gitignore's documentation, "Pattern format").

    :param lines_by_folder: the lines of each ``.gitignore`` under the path of its folder, which is
        ``""`` for the watched one and ``"a/b"`` for others. Lines that are none are skipped, as git
        does.
    """

    def __init__(self, lines_by_folder: Mapping[str, Iterable[str]] | None = None) -> None:
        self._lines = {
            folder.strip("/"): _parse(lines) for folder, lines in (lines_by_folder or {}).items()
        }
        self._defaults = _parse(_DEFAULTS)
        self._folders: dict[str, bool] = {"": False}

    def learn(self, folder: str, lines: Iterable[str]) -> None:
        """Heed one more ``.gitignore``.

        :param folder: that it is in, as of the others.
        """
        self._lines[folder.strip("/")] = _parse(lines)
        self._folders = {"": False}

    def matches(self, path: str, folder: bool) -> bool:
        """Whether something is ignored, itself or for a folder that it is in.

        :param path: relative to the watched folder, with ``/`` between its parts; ``""`` for that
            folder itself, which is not.
        :param folder: whether it is a folder.
        """
        if not folder:
            return self._folder(path.rpartition("/")[0]) or self._names(path, False)
        return self._folder(path)

    def _folder(self, path: str) -> bool:
        names = path.split("/")
        ignored = False
        for depth in range(1, len(names) + 1):
            ignored = ignored or self._remembered("/".join(names[:depth]))
        return ignored

    def _remembered(self, path: str) -> bool:
        """Whether a folder is ignored for itself."""
        known = self._folders.get(path)
        if known is None:
            known = self._names(path, True)
            if len(self._folders) < _REMEMBERED:
                self._folders[path] = known
        return known

    def _names(self, path: str, folder: bool) -> bool:
        """Whether it is ignored for itself, and not for a folder above it."""
        names = path.split("/")
        if names[-1].startswith(".") and path != ".well-known":
            return True
        for depth in range(len(names) - 1, -1, -1):
            lines = self._lines.get("/".join(names[:depth]), ())
            verdict = _verdict(lines, "/".join(names[depth:]), folder)
            if verdict is not None:
                return verdict
        # These fit at any depth, so the name alone decides.
        return bool(_verdict(self._defaults, names[-1], folder))


def _verdict(lines: Sequence[_Line], path: str, folder: bool) -> bool | None:
    """What the last line says that fits, or None where none does."""
    for line in lines:
        if (folder or not line.folders_only) and line.fits(path):
            return line.ignores
    return None
