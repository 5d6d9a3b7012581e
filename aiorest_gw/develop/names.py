"""Names of files that are remembered, up to a number: those that were told last."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Names"]


class Names:
    """A set that forgets what it was told first.

    :param most: names that it keeps.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._names)

    def add(self, names: Iterable[str]) -> None:
        """Keep these; one that is there already counts as told now."""
        for name in names:
            self._names.pop(name, None)
            self._names[name] = None
        while len(self._names) > self._most:
            del self._names[next(iter(self._names))]
