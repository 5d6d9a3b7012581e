"""How folders are watched: by what the system has, and by looking where that is not enough."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

from twisted.logger import Logger

from ...errors import ConfigurationError
from . import inotify
from .polling import PollingWatcher
from .watcher import Observer, Root, Watcher

__all__ = ["Kind", "watcher_of"]

Kind = Literal["auto", "inotify", "polling", "watchfiles"]


def watcher_of(
    reactor: Any,
    folders: Sequence[Path],
    changed: Callable[[Path], object],
    ignored: Callable[[str, bool], bool],
    kind: Kind = "auto",
    *,
    lost: Callable[[], object],
) -> Watcher:
    """Watch folders for files that change.

    :param folders: with all that is in them. Links in them are not followed. One that is removed may
        come again.
    :param changed: is called in the reactor's thread with the path of each file that was written, made,
        renamed or removed, beginning with the folder as it is given; maybe several times.
    :param ignored: tells by the path below the folder, with ``/`` between its parts, and by whether it
        is a folder, what is passed over; so is all that is in an ignored folder.
    :param kind: ``"inotify"`` is of Linux, ``"watchfiles"`` an extra for other systems, and
        ``"polling"`` looks every second, also where file systems of a network tell nothing. ``"auto"``
        takes the first of them that there is.
    :param lost: is called where events were missed, so that any file may have changed.
    :returns: not started yet. Where the system cannot watch so much, it looks every second, and says so.
    :raises ConfigurationError: there is no such folder, or nothing of that kind.
    """
    roots = [Root(folder) for folder in dict.fromkeys(map(Path, folders))]
    for root in roots:
        if not root.given.is_dir():
            raise ConfigurationError(f"there is no folder {root.given} to watch")
    observer = Observer(changed, lost, ignored)
    polling = PollingWatcher(reactor, roots, observer)
    chosen = _automatic() if kind == "auto" else kind
    if chosen == "polling":
        return polling
    make = _maker(chosen)
    return _WhilePossible(
        lambda failed: [make(reactor, root, observer, failed) for root in roots], polling, observer
    )


def _automatic() -> str:
    if sys.platform == "linux":
        return "inotify"
    return "polling" if find_spec("watchfiles") is None else "watchfiles"


def _maker(kind: str) -> Any:
    """The class of a watcher that the system may give out on.

    :raises ConfigurationError: there is none of that kind.
    """
    if kind == "watchfiles":
        from .rust import WatchfilesWatcher

        return WatchfilesWatcher
    if kind != "inotify":
        raise ConfigurationError(f"watching is one of {', '.join(get_args(Kind))}, not {kind!r}")
    if sys.platform != "linux":
        raise ConfigurationError("inotify is of Linux; to watch here take watchfiles or polling")
    from .trees import InotifyWatcher

    return InotifyWatcher


class _WhilePossible:
    """Watches by the system as long as that can, and by looking from then on.

    :param systems: makes its watchers, with what they are to call with an OSError when they cannot any
        more.
    """

    log = Logger(namespace="aiorest_gw")

    def __init__(
        self,
        systems: Callable[[Callable[[OSError], object]], Sequence[Watcher]],
        polling: Watcher,
        observer: Observer,
    ) -> None:
        self._systems = systems(self._failed)
        self._polling = polling
        self._observer = observer
        self._running: Sequence[Watcher] = ()

    def start(self) -> None:
        self.stop()
        self._running = self._systems
        try:
            for system in self._systems:
                system.start()
        except OSError as error:
            self._look_instead(error)

    def stop(self) -> None:
        for watcher in self._running:
            watcher.stop()
        self._running = ()

    def _failed(self, error: OSError) -> None:
        if self._running is self._systems:
            self._look_instead(error)
            self._observer.tell_lost()

    def _look_instead(self, error: OSError) -> None:
        self.stop()
        self.log.warn(
            "the system cannot watch all folders ({reason}), so their files are looked at every second;"
            " if it has too few watches, raise {limits}",
            reason=error.strerror or str(error),
            limits=inotify.limits(),
        )
        self._running = [self._polling]
        self._polling.start()
