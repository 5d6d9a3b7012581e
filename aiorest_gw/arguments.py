"""How arguments are checked, so that a mistake is told in the words of who made it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from .errors import ConfigurationError

__all__ = ["refuse_misspelt", "several"]


def several(name: str, values: Iterable[Any]) -> tuple[Any, ...]:
    """The values of an argument that takes a list.

    :param name: the argument's, for the message.
    :raises ConfigurationError: it is one thing, not a list; a text counts as one.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        shown = values.__qualname__ if isinstance(values, type) else repr(values)
        raise ConfigurationError(f"{name} should be a list: {name}=[{shown}], not {name}={shown}")
    return tuple(values)


def refuse_misspelt(names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse names that look like a misspelt one.

    :param names: what was given and is not known.
    :param known: what may be given.
    :raises ConfigurationError: with what was probably meant.
    """
    candidates = tuple(known)
    for name in names:
        close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.88)
        if close:
            raise ConfigurationError(f"there is no option {name!r}; is {close[0]!r} meant?")
