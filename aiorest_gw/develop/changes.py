"""What changes in the folders that somebody works in: watched, joined, and told when a burst is over."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..livereload.bursts import EVERYTHING, Bursts, Everything
from ..livereload.ignoring import Ignored
from ..livereload.watching import Kind, Watcher, watcher_of
from ..livereload.watching.polling import PollingWatcher

__all__ = ["Changes"]

_IGNORING = ".gitignore"
# Seconds: a burst is over after 50 ms. Who looks does so each second, and takes his time for it.
_HEARING = 0.15
_LOOKING = 1.5


class Changes:
    """Tells of files that have changed together.

    :param reactor: in whose thread they are told.
    :param folders: that are watched; one may be inside another.
    :param tell: is called with their absolute paths, in the order of their last change, or with
        :data:`~aiorest_gw.livereload.bursts.EVERYTHING`.
    :param kind: of watching.
    :raises ConfigurationError: there is no such folder, or kind of watching.
    """

    def __init__(
        self,
        reactor: Any,
        folders: Sequence[Path],
        tell: Callable[[tuple[str, ...] | Everything], object],
        kind: Kind = "auto",
    ) -> None:
        self._reactor = reactor
        self._tell = tell
        self._bursts = Bursts()
        self._timer: Any = None
        self._kind = kind
        self._runs = False
        self._directory = os.getcwd()
        self._watchers: dict[Path, Watcher] = {}
        for folder in folders:
            self.watch(folder)

    def watch(self, folder: Path) -> None:
        """Tell of one more folder, if it is not watched already.

        :raises ConfigurationError: there is none.
        """
        path = Path(os.path.abspath(folder))
        if path in self._watchers:
            return
        ignored = _ignored_in(path).matches
        watcher = watcher_of(
            self._reactor, [path], self._changed, ignored, self._kind, lost=self._lost
        )
        self._watchers[path] = watcher
        if self._runs:
            watcher.start()

    @property
    def delay(self) -> float:
        """Seconds after which a change is told for certain, if no other one follows it."""
        looks = any(isinstance(one, PollingWatcher) for one in self._watchers.values())
        return _LOOKING if looks else _HEARING

    def start(self) -> None:
        """Begin to watch."""
        self._runs = True
        for watcher in self._watchers.values():
            watcher.start()

    def stop(self) -> None:
        """Tell nothing any more."""
        self._runs = False
        for watcher in self._watchers.values():
            watcher.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _changed(self, path: Path) -> None:
        self._add(os.fspath(path))

    def _lost(self) -> None:
        self._add(EVERYTHING)

    def _add(self, change: str | Everything) -> None:
        self._bursts.add(change, self._reactor.seconds())
        if self._timer is None:
            self._wait()

    def _wait(self) -> None:
        due = self._bursts.due()
        if due is not None:
            seconds = max(0.0, due - self._reactor.seconds())
            self._timer = self._reactor.callLater(seconds, self._look)

    def _look(self) -> None:
        """It is time for what was known when the timer was set; later changes may have put it off."""
        self._timer = None
        taken = self._bursts.take(self._reactor.seconds())
        self._wait()
        if taken:
            _return_to(self._directory)
            self._tell(taken)


def _return_to(directory: str) -> None:
    """Work in the directory that is there now, where the one before it was removed and made again."""
    try:
        os.getcwd()
    except FileNotFoundError:
        with suppress(OSError):
            os.chdir(directory)


def _ignored_in(folder: Path) -> Ignored:
    """By the ``.gitignore`` files that are there now.

    However deep the folders are: :func:`os.walk` calls itself for each.
    """
    ignored = Ignored()
    waiting = [""]
    while waiting:
        path = waiting.pop()
        folders, has_lines = _within(folder / path)
        if has_lines:
            ignored.learn(path, _lines_in(folder / path / _IGNORING))
        below = [f"{path}/{name}" if path else name for name in folders]
        waiting += [child for child in below if not ignored.matches(child, True)]
    return ignored


def _within(folder: Path) -> tuple[list[str], bool]:
    """The names of the folders in a folder, and whether there is a ``.gitignore``."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:  # it has gone, or is not ours to read
        return [], False
    return [name for name, is_folder in found if is_folder], (_IGNORING, False) in found


def _lines_in(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
