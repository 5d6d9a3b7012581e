"""What was read and compressed, kept for the next who asks, up to a size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import attrs

from ..pages.answers import Answer
from ..pages.kinds import Kind
from .folder import OpenFile

__all__ = ["Kept", "KeptFiles"]

# Bytes that an entry takes besides, so that many empty files are not endless.
_AROUND = 2_048


@attrs.define
class Kept:
    """A file in its forms.

    :param kind: of it.
    :param tag: of what it says.
    :param forms: its bytes by content coding; None is the file as it is.
    :param files: those forms that are sent from files, since they are large.
    :param shrinks: it may be compressed here.
    :param answers: to who asks for a form without conditions.
    :param waiting: requests that wait until it is compressed.
    """

    file: OpenFile
    kind: Kind
    tag: str
    forms: dict[str | None, bytes] = attrs.field(factory=dict)
    files: dict[str | None, OpenFile] = attrs.field(factory=dict)
    shrinks: bool = False
    answers: dict[str | None, Answer] = attrs.field(factory=dict)
    waiting: list[Any] = attrs.field(factory=list)

    @property
    def size(self) -> int:
        """Of what is kept."""
        return _AROUND + sum(map(len, self.forms.values()))

    @property
    def encodings(self) -> list[str]:
        """The content codings that there are, or can be made, the best first."""
        made = [*self.forms, *self.files, *(["gzip"] if self.shrinks else [])]
        return [one for one in ("br", "zstd", "gzip") if one in made]


class KeptFiles:
    """The files that were asked for last.

    :param most: bytes of all of them.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._files: OrderedDict[Hashable, tuple[Kept, int]] = OrderedDict()

    def get(self, name: Hashable) -> Kept | None:
        """What is kept under a name, if its file is still the same."""
        found = self._files.get(name)
        if found is None:
            return None
        if not found[0].file.current:
            self.forget(name)
            return None
        self._files.move_to_end(name)
        return found[0]

    def put(self, name: Hashable, kept: Kept) -> None:
        """Keep it, and of the others those for which there is room."""
        self.forget(name)
        size = kept.size
        self._files[name] = kept, size
        self._size += size
        while self._size > self._most:
            self.forget(next(iter(self._files)))

    def grew(self, name: Hashable, kept: Kept) -> None:
        """It takes more room now, if it is kept still."""
        found = self._files.get(name)
        if found is not None and found[0] is kept:
            self.put(name, kept)

    def clear(self) -> None:
        """Keep nothing."""
        self._files.clear()
        self._size = 0

    def forget(self, name: Hashable) -> None:
        """Keep it no more."""
        found = self._files.pop(name, None)
        if found is not None:
            self._size -= found[1]
