"""What topics and presence stand on, wherever it is kept: the contract that every engine keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import attrs

from ..messages import Push

__all__ = ["Engine", "History", "Member", "Position", "Retention"]


@attrs.frozen
class Position:
    """A place in a topic.

    :param epoch: of the topic's numbers; another one means that they began anew.
    :param offset: the number of the last publication, counted from 1; 0 before the first.
    """

    epoch: str
    offset: int


@attrs.frozen
class Retention:
    """How much of a topic is kept.

    :param count: publications.
    :param seconds: that one is kept.
    :param octets: of all of them together, as JSON.
    """

    count: int = 100
    seconds: float = 300.0
    octets: int = 1_048_576


@attrs.frozen
class History:
    """What is kept of a topic behind a place.

    :param pushes: the publications, oldest first, each with its ``topic`` and ``offset``.
    :param position: of the last one that there ever was.
    :param complete: whether nothing is missing between the place that was asked for and the first.
    """

    pushes: Sequence[Push]
    position: Position
    complete: bool


@attrs.frozen
class Member:
    """Somebody who is in a topic.

    :param session_id: of the session.
    :param user_id: None of nobody in particular.
    """

    session_id: str
    user_id: Any = None
    username: str = ""


Deliver = Callable[[Push], None]


class Engine(Protocol):
    """Keeps topics. None of its calls blocks; each is awaited, and may have ended at once.

    An engine that cannot reach what it stands on raises ServiceUnavailable.
    """

    def start(self, deliver: Deliver) -> None:
        """Deliver from now on what is published in the topics that are subscribed.

        :param deliver: takes each publication once, in the order of the offsets of its topic.
        """

    async def subscribe(self, topic: str) -> None:
        """Deliver what is published in a topic."""

    async def unsubscribe(self, topic: str) -> None:
        """Deliver nothing of a topic any more."""

    async def publish(self, push: Push, retention: Retention) -> Position:
        """Publish in the topic that a push names; it is delivered before this ends, or soon behind it.

        :param retention: how much is kept of the topic.
        :returns: its place.
        """

    async def history(self, topic: str, since: Position | None, limit: int) -> History:
        """What is kept of a topic, and where it stands.

        :param since: only what came behind it; None: all.
        :param limit: most publications; the newest ones.
        """

    async def enter(self, topic: str, member: Member) -> None:
        """Somebody is in a topic; as often as one enters, as often has one to leave."""

    async def leave(self, topic: str, session_id: str) -> None:
        """Somebody is not there any more."""

    async def members(self, topic: str) -> Sequence[Member]:
        """Who is in a topic, in the order in which they entered."""
