"""What all kinds of watching have in common: where they look, and whom they tell."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Protocol

import attrs
from twisted.logger import Logger

__all__ = ["Observer", "Root", "Watcher"]


class Watcher(Protocol):
    """Tells which files change, in the reactor's thread, from its start until it is stopped."""

    def start(self) -> None:
        """Begin; whatever changes after this call is told."""

    def stop(self) -> None:
        """Tell nothing any more, and hold nothing of the system; it may be started again."""


@attrs.frozen
class Observer:
    """Whoever is told. A callback that fails is logged, and disturbs no watching.

    :param changed: is called with the path of a file that was written, made, renamed or removed; several
        times where a program does it in several steps.
    :param lost: is called where events are missing, so that any file may have changed.
    :param ignored: tells by the path below the watched folder, with ``/`` between its parts, and by
        whether it is a folder, what is of no interest; nothing in an ignored folder is.
    """

    log: ClassVar[Logger] = Logger(namespace="aiorest_gw")

    changed: Callable[[Path], object]
    lost: Callable[[], object]
    ignored: Callable[[str, bool], bool]

    def tell(self, path: Path) -> None:
        try:
            self.changed(path)
        except Exception:
            self.log.failure("what is told of changed files failed")

    def tell_lost(self) -> None:
        try:
            self.lost()
        except Exception:
            self.log.failure("what is told of changed files failed")


@attrs.frozen
class Root:
    """A folder that is to be watched, with all that is in it.

    :param given: as the user wrote it, so that what is told begins with it.
    :ivar path: absolute; a link in it is followed, since the user named it.
    """

    given: Path
    path: str = attrs.field(
        init=False, default=attrs.Factory(lambda self: os.path.abspath(self.given), True)
    )

    def told(self, relative: str) -> Path:
        """The path to tell of something in it."""
        return self.given / relative

    def of(self, relative: str) -> str:
        """Where something in it is."""
        return os.path.join(self.path, relative)
