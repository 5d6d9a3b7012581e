"""How arguments are checked, so that a mistake is told in the words of who made it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from .errors import ConfigurationError

__all__ = [
    "checked_callable",
    "checked_class",
    "checked_number",
    "checked_seconds",
    "nearest",
    "refuse_misspelt",
    "several",
    "takes",
]


def several(name: str, values: Iterable[Any]) -> tuple[Any, ...]:
    """The values of an argument that takes a list.

    :param name: the argument's, for the message.
    :raises ConfigurationError: it is one thing, not a list; a text counts as one.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        shown = values.__qualname__ if isinstance(values, type) else repr(values)
        raise ConfigurationError(f"{name} should be a list: {name}=[{shown}], not {name}={shown}")
    return tuple(values)


def refuse_misspelt(names: Iterable[str], known: Iterable[str], prefix: str = "") -> None:
    """Refuse names that look like a misspelt one.

    :param names: what was given and is not known.
    :param known: what may be given.
    :param prefix: that was cut off all of them, for the message.
    :raises ConfigurationError: with what was probably meant.
    """
    candidates = tuple(known)
    for name in names:
        meant = nearest(name, candidates)
        if meant is not None:
            raise ConfigurationError(
                f"there is no option {prefix}{name}; is {prefix}{meant} meant?"
            )


def nearest(name: str, known: Iterable[str], alike: float = 0.82) -> str | None:
    """What a misspelt name probably stands for, or None.

    :param alike: how alike they have to be, from 0 to 1.
    """
    found = difflib.get_close_matches(name, tuple(known), n=1, cutoff=alike)
    return found[0] if found else None


def checked_class(name: str, value: Any, base: type[Any]) -> Any:
    """The value of an argument that takes a class.

    :raises ConfigurationError: it is none that is derived from ``base``.
    """
    if isinstance(value, type) and issubclass(value, base):
        return value
    raise ConfigurationError(f"{name} should be a subclass of {base.__name__}, not {value!r}")


def takes(function: Callable[..., Any], *arguments: str) -> bool:
    """Whether a function can be called with so many arguments in order."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # of some functions in C nothing is known
        return True
    return True


def checked_number(name: str, value: Any) -> int:
    """
    :raises ValueError: it is no whole number of 1 or more.
    """
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} should be a whole number, 1 or more, not {value!r}")
    return value


def checked_seconds(name: str, value: Any) -> float:
    """
    :raises ValueError: it is no number of seconds.
    """
    if type(value) not in (int, float) or not 0 < value < inf:
        raise ValueError(f"{name} should be seconds, more than 0, not {value!r}")
    return float(value)


def checked_callable(name: str, value: Any, *arguments: str) -> Any:
    """
    :param arguments: that it takes.
    :raises TypeError: it cannot be called with those, or nothing would come of it.
    """
    if not callable(value) or not takes(value, *arguments):
        count = ("no arguments", "one argument", "two arguments")[len(arguments)]
        wanted = ", ".join([f"a function of {count}", *arguments])
        raise TypeError(f"{name} should be {wanted}: {value!r} is not")
    if inspect.isgeneratorfunction(value) or inspect.isasyncgenfunction(value):
        raise TypeError(f"{name} should not yield, as nobody would ask for more: {value!r} does")
    return value
