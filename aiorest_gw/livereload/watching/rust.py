"""Which files change, told by ``watchfiles``: for systems other than Linux that tell it.

It is asked in a thread. It tells what happened to which paths, but not in which order, and of folders
that are made, moved or removed often nothing but themselves; so an :class:`Inventory` looks there. It
may follow links, also out of the root, and tell of a file under the path that has the link in it. A name
that is not UTF-8 ends it. Where the system drops events, it does not tell.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError
from .comparing import Inventory
from .watcher import Observer, Root

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

__all__ = ["WatchfilesWatcher"]

# Milliseconds between two looks at what was told, and for which events are gathered.
_STEP = 10
_GATHERED = 40
# Seconds after which fresh folders are read again, and a root that is gone is looked for.
_LATER = 0.5
# What watchfiles calls changes.
_MODIFIED, _DELETED = 2, 3

_Changes = set[tuple[int, str]]


def _notifier_class() -> type[RustNotify]:
    try:
        from watchfiles._rust_notify import RustNotify
    except ImportError as error:
        raise ConfigurationError(
            "to watch with watchfiles needs it: pip install 'aiorest_gw[watch]'"
        ) from error
    return RustNotify


def _without_links(path: str) -> str:
    """The same path, but for links on the way; at its end there may be one."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)


def _below(path: str, folder: str) -> str | None:
    """A path as it is below a folder, with ``/`` between its parts; None if it is not."""
    if path == folder:
        return ""
    start = folder.rstrip(os.sep) + os.sep
    return path[len(start) :].replace(os.sep, "/") if path.startswith(start) else None


class WatchfilesWatcher:
    """Watches a folder with all that is below it, as long as the system can.

    :param failed: is called with an OSError when it cannot any more.
    :raises ConfigurationError: watchfiles is not installed.
    """

    def __init__(
        self, reactor: Any, root: Root, observer: Observer, failed: Callable[[OSError], object]
    ) -> None:
        self._notifier_class = _notifier_class()
        self._reactor = reactor
        self._root = root
        self._observer = observer
        self._failed = failed
        self._inventory = Inventory(root, observer)
        # The root's path as it is told.
        self._place = root.path
        self._running: tuple[Thread, Event] | None = None
        self._timer: Any = None

    def start(self) -> None:
        """Begin; a folder that has gone meanwhile is awaited.

        :raises OSError: the system cannot watch so much.
        """
        self._listen()
        self._inventory.read()

    def stop(self) -> None:
        """End the thread, which takes some milliseconds."""
        if self._running is not None:
            thread, stop = self._running
            self._running = None
            stop.set()
            thread.join()
        self._later(None)

    def _later(self, function: Callable[[], object] | None) -> None:
        """Call something later, and nothing else; None for nothing."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if function is None else self._reactor.callLater(_LATER, function)

    def _listen(self) -> None:
        """Watch the root if it is there, else await it."""
        self.stop()
        if not os.path.isdir(self._root.path):
            self._later(self._begin_again)
            return
        self._place = os.path.realpath(self._root.path)
        notifier, stop = self._make(self._place), Event()
        thread = Thread(target=self._ask, args=(notifier, stop), name="watchfiles", daemon=True)
        self._running = thread, stop
        thread.start()

    def _make(self, path: str) -> RustNotify:
        """
        :raises OSError: it cannot be watched.
        """
        try:
            try:
                return self._notifier_class([path], False, False, 0, True, False)
            except PermissionError:  # passed over, and so would be any other error
                return self._notifier_class([path], False, False, 0, True, True)
        except (RuntimeError, UnicodeError) as error:
            raise OSError(f"watchfiles: {error}") from error

    def _begin_again(self) -> None:
        """There is another folder than before, or none."""
        try:
            self._listen()
        except OSError as error:
            self._failed(error)
        else:
            self._inventory.read_again()

    # -- in the thread

    def _ask(self, notifier: RustNotify, stop: Event) -> None:
        """Hand over what is told until there is an error or an end; without a timeout, whose end would
        lose what is told just then.
        """
        with notifier:
            while True:
                try:
                    changes = notifier.watch(_GATHERED, _STEP, 0, stop)
                except RuntimeError as error:
                    self._reactor.callFromThread(self._broken, stop, str(error))
                    return
                if isinstance(changes, str):
                    return
                self._reactor.callFromThread(self._heard, stop, changes)

    # -- in the reactor's thread

    def _runs(self, stop: Event) -> bool:
        """Whether something comes from the thread that runs, and not from one before."""
        return self._running is not None and self._running[1] is stop

    def _heard(self, stop: Event, changes: _Changes) -> None:
        for change, path in sorted(changes, key=lambda pair: pair[1]):
            if not self._runs(stop):
                return  # who was told has stopped it
            relative = _below(_without_links(path), self._place)
            if relative:
                self._inventory.heard(relative, change == _DELETED)
            elif relative == "" and change != _MODIFIED:
                self._begin_again()
                return
        if self._inventory.fresh and self._timer is None:
            self._later(self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self._inventory.look_again()

    def _broken(self, stop: Event, reason: str) -> None:
        if self._runs(stop):
            self._failed(OSError(reason))
