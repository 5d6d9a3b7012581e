"""Who wants to hear of which events."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import attrs

from ...arguments import checked_callable

__all__ = ["Listener", "Listeners"]


@attrs.define(eq=False)
class Listener:
    """A callback for an event.

    :param id: by which it is removed; counted up, so that lower ones were registered before.
    :param event_name: of the events; ``"*"`` at its end stands for anything.
    :param callback: takes the event.
    :param temporary: for the next event alone.
    :param session_id: only events of this session of a browser's (CDP), or None.
    :param inline: it is called at once, and does nothing but keep the event.
    :ivar removed: it is called no more.
    """

    id: int
    event_name: str
    callback: Callable[[Any], Any]
    temporary: bool = False
    session_id: str | None = None
    inline: bool = False
    removed: bool = False


def checked_name(event_name: Any) -> None:
    """
    :raises TypeError: it is no text, such as where a decorator has been given none.
    :raises ValueError: a ``*`` is not at its end.
    """
    if not isinstance(event_name, str) or not event_name:
        raise TypeError(f"an event has a name, a text such as 'order.*', not {event_name!r}")
    if "*" in event_name[:-1]:
        raise ValueError(f"a * stands at the end of an event's name alone, not in {event_name!r}")


class Listeners:
    """Those of one connection."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._by_id: dict[int, Listener] = {}
        self._exact: dict[str, list[Listener]] = {}
        self._wild: list[Listener] = []

    def register(
        self,
        event_name: str,
        callback: Callable[[Any], Any],
        temporary: bool = False,
        session_id: str | None = None,
        inline: bool = False,
    ) -> Listener:
        """
        :raises TypeError: the name is no text, or the callback no function of one argument.
        """
        checked_name(event_name)
        checked_callable("callback", callback, "event")
        listener = Listener(
            next(self._ids), event_name, callback, bool(temporary), session_id, inline
        )
        self._by_id[listener.id] = listener
        self._list(listener).append(listener)
        return listener

    def remove(self, id: Any) -> bool:
        """
        :returns: whether there was one.
        """
        listener = self._by_id.get(id)
        if listener is not None:
            self.discard(listener)
        return listener is not None

    def remove_callback(self, callback: Callable[[Any], Any]) -> bool:
        """Remove all that call it.

        :returns: whether there was one.
        """
        found = [one for one in self._by_id.values() if one.callback == callback]
        for listener in found:
            self.discard(listener)
        return bool(found)

    def discard(self, listener: Listener) -> None:
        """Remove one, if it is there."""
        listener.removed = True
        if listener.id in self._by_id:
            self._unlist(listener)

    def clear(self) -> None:
        """Remove all."""
        for listener in [*self._by_id.values()]:
            self.discard(listener)

    def hear(self, event_name: str, session_id: str | None = None) -> list[Listener]:
        """Who is to be told of an event that came, in the order in which they were registered."""
        found = self._exact.get(event_name)
        if not found and not self._wild:
            return []
        hearing = [*found] if found else []
        if self._wild:
            hearing += [one for one in self._wild if event_name.startswith(one.event_name[:-1])]
            hearing.sort(key=lambda one: one.id)
        if session_id is not None or any(one.session_id is not None for one in hearing):
            hearing = [one for one in hearing if one.session_id in (None, session_id)]
        for listener in hearing:
            if listener.temporary:
                self._unlist(listener)
        return hearing

    def _list(self, listener: Listener) -> list[Listener]:
        if listener.event_name.endswith("*"):
            return self._wild
        return self._exact.setdefault(listener.event_name, [])

    def _unlist(self, listener: Listener) -> None:
        del self._by_id[listener.id]
        listed = self._list(listener)
        listed.remove(listener)
        if not listed and listed is not self._wild:
            del self._exact[listener.event_name]
