"""What ``--app package.module:name`` names: a router, a factory, or a callable that makes one."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from ..errors import APIError, ConfigurationError
from ..routing.router import SimpleRouter
from .factory import RequestHandlerFactory

__all__ = ["load_factory"]


def load_factory(target: str) -> RequestHandlerFactory:
    """The factory that an application names.

    :param target: ``package.module:name``; the working directory is searched too.
    :raises ConfigurationError: in one line, what is wrong with the name. Where the application's own
        code failed, its traceback was printed before.
    """
    module_name, colon, name = target.partition(":")
    if not module_name or not colon or not name:
        raise ConfigurationError(f"--app {target!r} should be of the form package.module:name")
    found = _attribute(_module(module_name), name, target)
    if isinstance(found, (SimpleRouter, RequestHandlerFactory)):
        made = found
    elif callable(found):
        made = _called(found, target)
    else:
        made = found
    if isinstance(made, RequestHandlerFactory):
        return made
    if isinstance(made, SimpleRouter):
        return RequestHandlerFactory(router=made)
    what = f"{target} is" if made is found else f"{target} made"
    raise ConfigurationError(
        f"{what} {_described(made)}; it should be a SimpleRouter, a RequestHandlerFactory, or a "
        "callable without arguments that makes one of them"
    )


def _module(name: str) -> Any:
    directory = os.getcwd()
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            raise ConfigurationError(
                f"there is no module {name!r} (searched in {directory} and the installed packages)"
            ) from None
        raise ConfigurationError(f"module {name!r} needs {error.name!r}: {error}") from None
    except Exception as error:
        raise _failed(f"module {name!r} cannot be imported", error) from None


def _attribute(module: Any, name: str, target: str) -> Any:
    found = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ConfigurationError(
                f"module {module.__name__!r} has no {name!r} (of --app {target})"
            ) from None
    return found


def _called(found: Callable[[], Any], target: str) -> Any:
    try:
        return found()
    except ConfigurationError:
        raise
    except Exception as error:
        raise _failed(f"{target} cannot be called", error) from None


def _failed(what: str, error: Exception) -> ConfigurationError:
    """The application's own code raised: its author wants to see where."""
    if not isinstance(error, APIError):
        traceback.print_exception(error)
    return ConfigurationError(f"{what}: {type(error).__name__}: {error}")


def _described(value: Any) -> str:
    kind = type(value).__name__
    return f"an {kind}" if kind[:1].lower() in "aeiou" else f"a {kind}"
