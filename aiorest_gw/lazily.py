"""Names of a package that are imported when they are first used (PEP 562).

So whoever uses the clients for asyncio does not import Twisted, which the server stands on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazily"]


def lazily(
    package: dict[str, Any], homes: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """
    :param package: its ``globals()``.
    :param homes: modules, relative to it, each with the names that it has.
    :returns: what the package needs as ``__getattr__`` and ``__dir__``.
    """
    home_of = {name: module for module, names in homes.items() for name in names}
    package_name = package["__name__"]

    def get(name: str) -> Any:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package_name!r} has no attribute {name!r}")
        package[name] = value = getattr(import_module(home, package_name), name)
        return value

    def names() -> list[str]:
        return sorted({*package, *home_of})

    return get, names
