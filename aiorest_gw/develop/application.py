"""The application's own code, which is loaded anew when it changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from ..livereload.bursts import Everything
from ..server.developing import DevelopedApplication
from ..server.hosting import HostFactory
from ..server.loading import parts_of

__all__ = ["OwnApplication"]


class OwnApplication:
    """What ``--app`` names, below the working directory.

    :param target: ``package.module:name``.
    :param host: that it is loaded into.
    :param settings: of each factory that is loaded.
    :param loaded: is called when another one is loaded.
    :ivar folders: that hold its code.
    :ivar is_loaded: it was loaded once, and is served since.
    :raises ConfigurationError: the target is not written so.
    """

    def __init__(
        self,
        target: str,
        host: HostFactory,
        settings: Mapping[str, Any],
        loaded: Callable[[], object],
    ) -> None:
        # What is misspelt otherwise may be there soon.
        parts_of(target)
        self.is_loaded = False
        self._tell_loaded = loaded
        self.folders = [Path(os.getcwd())]
        self._developed = DevelopedApplication(target, self.folders, host, settings)

    def concerns(self, paths: tuple[str, ...] | Everything) -> bool:
        """Whether it is made of one of these files."""
        return isinstance(paths, Everything) or self._developed.changed(paths)

    def reload(self) -> Deferred[str | None]:
        """Load it anew.

        :returns: fires with what is wrong with it, or None.
        """
        return self._developed.reload().addCallback(self._loaded)

    def _loaded(self, wrong: str | None) -> str | None:
        if wrong is None:
            self.is_loaded = True
            self._tell_loaded()
        return wrong
