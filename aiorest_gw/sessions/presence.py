"""Who is in a topic: a client that is cut off is still there for some seconds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import attrs

from .engine import Engine, Member
from .session import Session
from .states import State
from .surroundings import Surroundings, Timer, in_background

__all__ = ["Presence"]


@attrs.define(eq=False)
class _Leaving:
    """One who leaves topics soon: it is cut off, however many these are."""

    timer: Timer
    topics: set[str] = attrs.field(factory=set)


class Presence:
    """Enters sessions into topics, and lets them leave.

    :param engine: keeps it.
    :param surroundings: for timers, and to run what is not waited for.
    :param grace: seconds for which one who is cut off is still there.
    :param most: of those who are cut off, at most; of more, the one that was cut off first leaves.
    """

    def __init__(self, engine: Engine, surroundings: Surroundings, grace: float, most: int) -> None:
        self._engine = engine
        self._surroundings = surroundings
        self._grace = grace
        self._most = most
        self._leaving: OrderedDict[str, _Leaving] = OrderedDict()

    def enter(self, topic: str, session: Session) -> None:
        """A session is in a topic; where its client is away, that is for the grace at most."""
        member = Member(session.session_id, session.user_id, session.username)
        in_background(self._surroundings, self._engine.enter(topic, member))
        if session.state is State.AWAY:
            self.cut(session, (topic,))

    def leave(self, topic: str, session: Session) -> None:
        """It leaves, now."""
        leaving = self._leaving.get(session.session_id)
        if leaving is not None:
            leaving.topics.discard(topic)
        self._leave(topic, session.session_id)

    def cut(self, session: Session, topics: Iterable[str]) -> None:
        """Its client is away, or its user may be back soon in another session."""
        session_id = session.session_id
        leaving = self._leaving.get(session_id)
        if leaving is None:
            timer = self._surroundings.later(self._grace, self._gone, session_id)
            leaving = self._leaving[session_id] = _Leaving(timer)
        leaving.topics.update(topics)
        if len(self._leaving) > self._most:
            self._gone(next(iter(self._leaving)))

    def back(self, session: Session, topics: Iterable[str]) -> None:
        """It is back, or is somebody else now."""
        self._stays(session.session_id)
        for topic in topics:
            self.enter(topic, session)

    def gone(self, session: Session, topics: Iterable[str]) -> None:
        """Nobody will know it again."""
        self._stays(session.session_id)
        for topic in topics:
            self._leave(topic, session.session_id)

    def _stays(self, session_id: str) -> None:
        leaving = self._leaving.pop(session_id, None)
        if leaving is not None:
            leaving.timer.cancel()

    def _gone(self, session_id: str) -> None:
        leaving = self._leaving.pop(session_id)
        leaving.timer.cancel()
        for topic in leaving.topics:
            self._leave(topic, session_id)

    def _leave(self, topic: str, session_id: str) -> None:
        in_background(self._surroundings, self._engine.leave(topic, session_id))

    async def members(self, topic: str) -> list[dict[str, Any]]:
        """Who is there: each user once, and each session of nobody in particular."""
        found: dict[Any, dict[str, Any]] = {}
        for member in await self._engine.members(topic):
            key = member.session_id if member.user_id is None else ("user", member.user_id)
            found.setdefault(key, {"user_id": member.user_id, "username": member.username})
        return list(found.values())
