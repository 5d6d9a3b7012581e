"""One subscription to a topic, and its place there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import attrs

from ...messages import Push
from ..errors import CommandFailed
from .listeners import Listener
from .streams import Items, Stream

__all__ = ["Position", "Subscription", "topic_url"]


@attrs.frozen
class Position:
    """A place in a topic.

    :param epoch: of the topic; after it was forgotten, it has another.
    :param offset: the number of a publication in it.
    """

    epoch: str
    offset: int

    @classmethod
    def of(cls, value: Any) -> Position | None:
        """
        :param value: a position, ``{"epoch": …, "offset": …}``, or a subscription.
        :raises TypeError: it is none.
        """
        if value is None:
            return None
        if isinstance(value, Subscription):
            return value.position
        place: Any = value
        if isinstance(value, dict):
            epoch: Any = value.get("epoch")
            offset: Any = value.get("offset")
            place = cls(epoch, offset)
        if isinstance(place, cls) and isinstance(place.epoch, str) and type(place.offset) is int:
            return place
        raise TypeError(
            f"since is a position, such as {{'epoch': …, 'offset': …}}, not {value!r:.100}"
        )


def topic_url(topic: Any, more: str = "") -> str:
    """The resource of a topic.

    :raises TypeError: it has no name.
    """
    if not isinstance(topic, str) or not topic:
        raise TypeError(f"a topic has a name, a text, not {topic!r:.100}")
    name = quote(topic, safe="")
    # Of dots alone it would be folded away.
    return f"/~/topics/{name.replace('.', '%2E') if name in ('.', '..') else name}{more}"


class Subscription(Stream[Push]):
    """One subscription to a topic. Without a callback its publications are taken by ``async for``.

    :ivar topic: its name.
    :ivar recovered: whether all that was published since the position that was given was sent; since a
        session was lost, whether nothing is missing.
    """

    def __init__(
        self,
        topic: str,
        since: Position | None,
        callback: Callable[[Push], Any] | None,
        items: Items[Push],
        end: Callable[[Subscription], None],
    ) -> None:
        super().__init__(items, lambda: None, lambda: end(self))
        self.topic = topic
        self.listener = None if callback is None else Listener(0, topic, callback)
        self.recovered = False
        self._epoch = None if since is None else since.epoch
        self._offset = 0 if since is None else since.offset

    @property
    def position(self) -> Position | None:
        """Of the last publication that came; None, until it is known."""
        return None if self._epoch is None else Position(self._epoch, self._offset)

    def confirmed(self, answer: Any) -> None:
        """The gateway has answered, behind all that it had to send again.

        :raises CommandFailed: with something else.
        """
        try:
            position = Position.of(answer)
        except TypeError:
            position = None
        if position is None:
            raise CommandFailed(502, "the gateway's answer names no place in the topic")
        self.recovered = answer.get("recovered") is True
        if position.epoch != self._epoch or position.offset > self._offset:
            self._epoch, self._offset = position.epoch, position.offset

    def is_new(self, offset: int | None) -> bool:
        """Whether a publication was not heard yet; others may have asked for what was missed."""
        if offset is None:
            return True
        if self._epoch is not None and offset <= self._offset:
            return False
        self._offset = offset
        return True

    def put(self, push: Push) -> None:
        """A publication that nobody calls back for."""
        self._items.put(push)

    def close(self) -> None:
        if self.listener is not None:
            self.listener.removed = True
        super().close()

    def end_with(self, error: BaseException | None) -> None:
        """There will be no more."""
        self._items.end(error)

    def __del__(self) -> None:
        # It is the client's too, and ends when it is told to.
        return
