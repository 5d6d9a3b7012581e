"""An application while it is written: each change of its files is loaded into the running gateway."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred

from .hosting import HostFactory
from .reimporting import LoadingFailed, ReloadableApplication

__all__ = ["DevelopedApplication"]


class DevelopedApplication:
    """Loads an application into a host, and again when its files have changed.

    :param target: ``package.module:name``.
    :param folders: that hold its modules, as of :class:`ReloadableApplication`.
    :param host: serves it.
    :param settings: of each factory that is loaded, likewise.
    :ivar application: what is loaded.
    """

    def __init__(
        self,
        target: str,
        folders: Iterable[str | os.PathLike[str]],
        host: HostFactory,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.application = ReloadableApplication(target, folders, settings or {})
        self._host = host
        # Who waits for the loading that comes next; and whether one runs now.
        self._waiting: list[Deferred[str | None]] = []
        self._runs = False

    def changed(self, paths: Iterable[str | os.PathLike[str]]) -> bool:
        """Whether files that have changed, are new or were removed, concern the application."""
        return any(self.application.has(path) for path in paths)

    def reload(self) -> Deferred[str | None]:
        """Load the application as it is now; while that is being done, once more afterwards.

        Before the gateway listens, it is done when this returns.

        :returns: fires with None; or with a text about why it cannot be loaded, for its author. Then
            the one that ran goes on.
        """
        waiting: Deferred[str | None] = Deferred()
        self._waiting.append(waiting)
        if not self._runs:
            self._begin()
        return waiting

    def _begin(self) -> None:
        asked, self._waiting = self._waiting, []
        self._runs = True
        Deferred.fromCoroutine(self._load()).addBoth(self._ended, asked)

    def _ended(self, result: str | None, asked: list[Deferred[str | None]]) -> None:
        self._runs = False
        if self._waiting:
            self._begin()
        for waiting in asked:
            waiting.callback(result)

    async def _load(self) -> str | None:
        try:
            with self.application.loading() as factory:
                await self._host.exchange(factory)
        except LoadingFailed as failed:
            return str(failed)
        return None
