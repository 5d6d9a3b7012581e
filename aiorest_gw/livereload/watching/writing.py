"""When a file that is being written is told of: when it is closed, or after a second if it stays open.

A page that is reloaded as soon as its file is truncated would be empty. But there are programs that keep
what they write to open, and files that come into being without being closed (``O_TMPFILE``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["OpenFiles"]

# Seconds after which a file is told of that is still open.
_PATIENCE = 1.0


class OpenFiles:
    """Files that are being written; as many as are within a second.

    :param tell: is called with the path of each that stays open.
    """

    def __init__(self, reactor: Any, tell: Callable[[str], object]) -> None:
        self._reactor = reactor
        self._tell = tell
        self._paths: dict[str, None] = {}
        self._timer: Any = None

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def add(self, path: str) -> None:
        """It was written to."""
        self._paths[path] = None
        if self._timer is None:
            self._timer = self._reactor.callLater(_PATIENCE, self._tell_all)

    def remove(self, path: str) -> None:
        """It was closed, or is no more there."""
        self._paths.pop(path, None)
        if not self._paths:
            self.clear()

    def clear(self) -> None:
        """Tell of none."""
        self._paths.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell_all(self) -> None:
        self._timer = None
        paths = list(self._paths)
        self._paths.clear()
        for path in paths:
            self._tell(path)
