"""An application that is loaded again in the running process, as often as its files change.

What its modules did outside of themselves when they were imported is not undone: threads and timers
that they began go on, and so do handlers that they registered. An application ends its own in
``stopFactory``.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import ConfigurationError
from .factory import RequestHandlerFactory
from .failures import told
from .loading import loaded
from .modules import OwnModules

__all__ = ["LoadingFailed", "ReloadableApplication"]

_NO_SETTINGS: Mapping[str, Any] = {}


class LoadingFailed(ConfigurationError):
    """An application cannot be loaded, or cannot begin; the text tells its author where and why."""


class ReloadableApplication:
    """What ``--app package.module:name`` names, again and again.

    :param target: ``package.module:name``.
    :param folders: that hold its modules; if none are given, the working directory, and the folder of
        the package that the target is in.
    :param settings: of each factory that is loaded, as :meth:`RequestHandlerFactory.configure` takes
        them.
    :ivar generation: how often it was loaded.
    """

    def __init__(
        self,
        target: str,
        folders: Iterable[str | os.PathLike[str]] = (),
        settings: Mapping[str, Any] = _NO_SETTINGS,
    ) -> None:
        self.target = target
        self.generation = 0
        self._settings = dict(settings)
        self._modules = OwnModules([*folders] or _folders_of(target))

    @property
    def paths(self) -> set[str]:
        """The files that it consists of now."""
        return self._modules.files()

    def has(self, path: str | os.PathLike[str]) -> bool:
        """Whether a file is, or would be, one of its modules."""
        return os.fspath(path).endswith(".py") and self._modules.has(path)

    def load(self) -> RequestHandlerFactory:
        """Import all its modules anew, and make a factory.

        :raises LoadingFailed: that cannot be done; the modules are those of before.
        """
        with self.loading() as factory:
            return factory

    @contextmanager
    def loading(self) -> Iterator[RequestHandlerFactory]:
        """The same, where the factory is put to use in the ``with``: it may be no use either.

        :raises LoadingFailed: as :meth:`load`; or something was raised in the ``with``.
        """
        if self._modules not in sys.meta_path:
            # It stays there: views import too.
            sys.meta_path.insert(0, self._modules)
        before = self._modules.forget()
        try:
            factory = loaded(self.target)
            factory.configure(**self._settings)
            yield factory
        except BaseException as error:
            # Interrupts and exits too: it is the application that is ended by them, or has them raised.
            text = told(error, self._modules.has)
            self._modules.put_back(before)
            raise LoadingFailed(text) from error
        self.generation += 1

    def close(self) -> None:
        """Import as ever from now on."""
        if self._modules in sys.meta_path:
            sys.meta_path.remove(self._modules)


def _folders_of(target: str) -> list[str]:
    """The working directory, and the folder of the package that a target is in."""
    top = target.partition(":")[0].partition(".")[0]
    try:
        spec = importlib.util.find_spec(top) if top else None
    except (ImportError, ValueError):
        spec = None
    packages = None if spec is None else spec.submodule_search_locations
    return [os.getcwd(), *(packages or ())]
