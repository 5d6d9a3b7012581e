"""What ``--app package.module:name`` names: a router, a factory, or a callable that makes one."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import attr

from ..arguments import nearest, takes
from ..errors import APIError, ConfigurationError
from ..routing.router import SimpleRouter
from .factory import RequestHandlerFactory

__all__ = ["ApplicationFailed", "NotLoadable", "load_factory", "loaded", "parts_of"]

_PASSED_OVER = (
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,
    os.path.dirname(attr.__file__) + os.sep,
    "<",
)


class NotLoadable(ConfigurationError):
    """An application cannot be loaded; where it says so itself, the cause is what it raised.

    :param what: what is wrong.
    :param place: where, as it follows in the line.
    """

    def __init__(self, what: str, place: str = "") -> None:
        super().__init__(what + place)
        self.what = what


class ApplicationFailed(NotLoadable):
    """Its own code raised what nobody meant to be told; the cause has the traceback."""


def load_factory(target: str) -> RequestHandlerFactory:
    """The factory that an application names, for a command that ends where there is none.

    :param target: ``package.module:name``; the working directory is searched too.
    :raises ConfigurationError: in one line, what is wrong with the name. Where the application's own
        code failed, its traceback was printed before.
    """
    try:
        return loaded(target)
    except ApplicationFailed as failed:
        # Its author wants to see where.
        traceback.print_exception(failed.__cause__ or failed)
        raise


def loaded(target: str) -> RequestHandlerFactory:
    """The factory that an application names.

    :param target: as of :func:`load_factory`.
    :raises NotLoadable: there is none.
    """
    module_name, name = parts_of(target)
    found = _attribute(_module(module_name), name, target)
    made = _called(found, target) if _makes(found) else found
    if isinstance(made, RequestHandlerFactory):
        if not hasattr(made, "limits"):
            raise NotLoadable(f"{type(made).__name__}.__init__ should call super().__init__")
        return made
    if isinstance(made, SimpleRouter):
        return RequestHandlerFactory(router=made)
    what = f"{target} is" if made is found else f"{target} made"
    raise NotLoadable(
        f"{what} {_described(made)}; it should be a SimpleRouter, a RequestHandlerFactory, or a "
        "callable without arguments that makes one of them"
    )


def parts_of(target: str) -> tuple[str, str]:
    """The names of module and application, neither of them loaded.

    :param target: as of :func:`load_factory`.
    :raises NotLoadable: it is written in another way.
    """
    module_name, colon, name = target.partition(":")
    if not all(part.isidentifier() for part in module_name.split(".")) or not colon or not name:
        meant = module_name.removeprefix("./").removesuffix(".py").replace("/", ".")
        hint = f", as in {meant}:{name or 'name'}" if meant else ""
        raise NotLoadable(f"--app {target!r} should be of the form package.module:name{hint}")
    return module_name, name


def _makes(found: Any) -> bool:
    """Whether it is a callable without arguments, and not what such a one would make."""
    if isinstance(found, (SimpleRouter, RequestHandlerFactory)):
        return False
    return callable(found) and takes(found) and not inspect.iscoroutinefunction(found)


def _module(name: str) -> Any:
    directory = os.getcwd()
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            hint = f"; is {name[:-3]!r} meant?" if name.endswith(".py") else ""
            raise NotLoadable(
                f"there is no module {name!r} (searched in {directory} and the installed packages)"
                + hint
            ) from None
        raise NotLoadable(
            f"module {name!r} needs {error.name!r}, which is not installed", _place(error)
        ) from error
    except (Exception, SystemExit) as error:
        raise _failed(f"module {name!r} cannot be imported", error) from error


def _attribute(module: Any, name: str, target: str) -> Any:
    found = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            meant = nearest(part, vars(found)) if hasattr(found, "__dict__") else None
            hint = f"; is {meant!r} meant?" if meant else ""
            raise NotLoadable(
                f"module {module.__name__!r} has no {name!r} (of --app {target}){hint}"
            ) from None
    return found


def _called(found: Callable[[], Any], target: str) -> Any:
    try:
        return found()
    except (Exception, SystemExit) as error:
        raise _failed(f"{target} cannot be called", error) from error


def _failed(what: str, error: Exception | SystemExit) -> NotLoadable:
    """The application's own code raised.

    What we refuse has its place in the line, and so has an exit; of everything else the traceback tells.
    """
    if isinstance(error, (APIError, ConfigurationError)):
        return NotLoadable(f"{what}: {error}", _place(error))
    if isinstance(error, SystemExit):
        return NotLoadable(f"{what}: it calls sys.exit({error.code!r})", _place(error))
    return ApplicationFailed(f"{what}: {type(error).__name__}: {error}")


def _place(error: BaseException) -> str:
    """The innermost line of a traceback that is neither ours, nor attrs', nor that of importing."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(_PASSED_OVER) and "importlib" not in frame.filename:
            return f" ({os.path.relpath(frame.filename)}, line {frame.lineno})"
    return ""


def _described(value: Any) -> str:
    kind = type(value).__name__
    return f"an {kind}" if kind[:1].lower() in "aeiou" else f"a {kind}"
