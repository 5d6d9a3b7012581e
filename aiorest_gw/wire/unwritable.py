"""In words: what it is that cannot be written, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from reprlib import Repr
from typing import Any

from ..errors import SerializerError, UnwritableMessage
from ..messages import Push
from .renderers import JSONRenderer

__all__ = ["naming", "unwritable"]

_render = JSONRenderer().render
# A name may be any JSON, and as long.
_short = Repr()
_short.maxstring = _short.maxother = 100


def naming(push: Push) -> str:
    """A push, as errors call it."""
    name = "a push without a name"
    if push.event_name is not None:
        name = f"the push {_short.repr(push.event_name)}"
    return name if push.topic is None else f"{name} in the topic {push.topic!r}"


def unwritable(what: str, value: Any, error: SerializerError) -> UnwritableMessage:
    """The error that an application is told with.

    :param what: it sends.
    :param value: that it holds.
    :param error: that it was found by.
    """
    cause = error.__cause__
    reason = str(error if cause is None else cause)
    if isinstance(cause, TypeError) and reason.startswith("Only dicts with"):
        kind = next((type(key).__name__ for key in _keys(value) if not _is_key(key)), None)
        reason += "" if kind is None else f", not {kind}"
    return UnwritableMessage(what, reason)


def _keys(value: Any) -> Iterator[Any]:
    """Those of all dictionaries in a value."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _keys(item)


def _is_key(key: Any) -> bool:
    try:
        _render({key: None})
    except SerializerError:
        return False
    return True
