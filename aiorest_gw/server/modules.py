"""Which of Python's modules are an application's own; they are imported from their source alone.

Python takes bytecode for up to date whose source has the same size and the same whole second: of two
saves within a second it would run the first one.
"""

from __future__ import annotations

import importlib
import linecache
import os
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType

__all__ = ["OwnModules"]

_INSTALLED = {"site-packages", "dist-packages"}
# In the topmost folder of a virtual environment (PEP 405).
_VENV = "pyvenv.cfg"
# Whose file may lie anywhere, and which nobody can import anew.
_MAIN = ("__main__", "__mp_main__")


class _FromSource(SourceFileLoader):
    """Neither reads nor writes bytecode."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class OwnModules:
    """The modules whose files are in an application's folders.

    What is installed there, virtual environments, Python's own and ours are not.

    :param folders: its paths.
    """

    def __init__(self, folders: Iterable[str | os.PathLike[str]]) -> None:
        self._folders = tuple({form for folder in folders for form in _forms(folder)})
        paths = sysconfig.get_paths()
        ours = os.path.dirname(os.path.dirname(__file__))
        others = (ours, paths["stdlib"], paths["platstdlib"])
        self._others = tuple({form for other in others for form in _forms(other)})

    def has(self, path: str | os.PathLike[str]) -> bool:
        """Whether a file, which need not exist, is one of the application's."""
        forms = _forms(path)
        if any(_under(form, other) for form in forms for other in self._others):
            return False
        return any(
            _under(form, folder) and not _is_installed(form, folder)
            for form in forms
            for folder in self._folders
        )

    def imported(self) -> dict[str, ModuleType]:
        """Those that are imported now, by their names."""
        return {name: found for name, found in tuple(sys.modules.items()) if self._owns(name)}

    def files(self) -> set[str]:
        """Of those that are imported now."""
        modules = self.imported().values()
        return {os.path.abspath(file) for module in modules if (file := _file(module))}

    def _owns(self, name: str) -> bool:
        """By its file, and the package at the top of its name: those of others may reach in here."""
        module = sys.modules.get(name)
        top = sys.modules.get(name.partition(".")[0], module)
        if name in _MAIN or not any(self.has(place) for place in _places(top)):
            return False
        places = _places(module)
        source = _file(module) is None or places[0].endswith(".py")
        return bool(places) and source and all(self.has(place) for place in places)

    def forget(self) -> dict[str, ModuleType]:
        """Let all be imported anew.

        :returns: those that were.
        """
        before = self.imported()
        for name in before:
            del sys.modules[name]
        importlib.invalidate_caches()
        linecache.checkcache()
        return before

    def put_back(self, before: Mapping[str, ModuleType]) -> None:
        """Let those be imported again that were before, and no others."""
        for name in self.imported():
            del sys.modules[name]
        sys.modules.update(before)
        for name, module in before.items():
            parent, _, child = name.rpartition(".")
            if parent in sys.modules and parent not in before:
                # It was not forgotten, and has the other one.
                setattr(sys.modules[parent], child, module)

    # -- a finder of modules, for sys.meta_path

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As those find it that are asked next; one of the application's is loaded from its source."""
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            look = getattr(finder, "find_spec", None)
            found = None if look is None else look(name, path, target)
            if found is not None:
                return self._from_source(name, found)
        return None

    def _from_source(self, name: str, spec: ModuleSpec) -> ModuleSpec:
        if type(spec.loader) is SourceFileLoader and spec.origin and self.has(spec.origin):
            spec.loader = _FromSource(name, spec.origin)
            spec.cached = None
        return spec


def _file(module: ModuleType | None) -> str | None:
    """As it is written in the module: asking one may import others."""
    file = getattr(module, "__dict__", {}).get("__file__")
    return file if isinstance(file, str) else None


def _places(module: ModuleType | None) -> list[str]:
    """Its file; of a package of a namespace, its folders."""
    file = _file(module)
    return [*getattr(module, "__path__", ())] if file is None else [file]


def _forms(path: str | os.PathLike[str]) -> set[str]:
    """A path as it is written, and without symbolic links."""
    return {os.path.abspath(path), os.path.realpath(path)}


def _under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_installed(path: str, folder: str) -> bool:
    """Whether it came into the folder with an installation."""
    inner = os.path.dirname(path)
    while _under(inner, folder) and inner != folder:
        if os.path.basename(inner) in _INSTALLED or os.path.exists(os.path.join(inner, _VENV)):
            return True
        inner = os.path.dirname(inner)
    return False
