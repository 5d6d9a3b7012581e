"""When the folder at a path is another one than before, or is there again.

No watch of a folder tells that: it follows the folder, wherever that is moved, and ends with it. So the
folder above is watched for the name; where that is not there either, the nearest above that is. A folder
further above that is renamed takes the watched one with it, unnoticed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from . import inotify
from .inotify import Event, Notifier, is_exhausted

__all__ = ["Anchor"]

_MASK = (
    inotify.CREATE
    | inotify.DELETE
    | inotify.MOVED_FROM
    | inotify.MOVED_TO
    | inotify.DELETE_SELF
    | inotify.MOVE_SELF
    | inotify.ONLYDIR
)


class Anchor:
    """Watches the way to a folder.

    :param path: absolute.
    :param replaced: is called when something else may be there.
    :param failed: is called with an OSError when that cannot be told any more.
    """

    def __init__(
        self,
        reactor: Any,
        path: str,
        replaced: Callable[[], object],
        failed: Callable[[OSError], object],
    ) -> None:
        self._reactor = reactor
        self._path = path
        self._replaced = replaced
        self._failed = failed
        self._notifier: Notifier | None = None
        self._watch = -1
        self._name = ""

    def start(self) -> None:
        """Begin.

        :raises OSError: the system cannot watch so much.
        """
        self._notifier = Notifier(self._reactor, self._heard, self._failed)
        self._settle(self._notifier)

    def stop(self) -> None:
        """Tell nothing any more."""
        if self._notifier is not None:
            self._notifier.close()
            self._notifier = None

    def _settle(self, notifier: Notifier) -> None:
        """Watch the nearest folder above that is there, for the next name on the way down."""
        watch, above, name = -1, *os.path.split(self._path)
        while watch < 0 and name:
            watch = self._try(notifier, above)
            if watch < 0:
                above, name = os.path.split(above)
        while watch >= 0 and os.path.join(above, name) != self._path:
            lower = self._try(notifier, os.path.join(above, name))
            if lower < 0:
                break
            notifier.unwatch(watch)  # the next was made meanwhile
            above = os.path.join(above, name)
            watch, name = lower, os.path.relpath(self._path, above).split(os.sep)[0]
        self._watch, self._name = watch, name

    def _try(self, notifier: Notifier, path: str) -> int:
        try:
            return notifier.watch(path, _MASK)
        except OSError as error:
            if is_exhausted(error):
                raise
            return -1

    def _heard(self, event: Event) -> None:
        overflow = event.mask & inotify.Q_OVERFLOW
        if not overflow and (event.watch != self._watch or event.name not in ("", self._name)):
            return
        if self._notifier is not None:
            self._notifier.unwatch(self._watch)
            self._settle(self._notifier)
            self._replaced()
