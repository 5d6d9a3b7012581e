"""Who is in a topic: a client that is cut off is still there for some seconds."""

from __future__ import annotations

from typing import Any

from .engine import Engine, Member
from .session import Session
from .surroundings import Surroundings, Timer, in_background

__all__ = ["Presence"]


class Presence:
    """Enters sessions into topics, and lets them leave.

    :param engine: keeps it.
    :param surroundings: for timers, and to run what is not waited for.
    :param grace: seconds for which one who is cut off is still there.
    """

    def __init__(self, engine: Engine, surroundings: Surroundings, grace: float) -> None:
        self._engine = engine
        self._surroundings = surroundings
        self._grace = grace
        self._leaving: dict[tuple[str, str], Timer] = {}

    def enter(self, topic: str, session: Session) -> None:
        """A session is in a topic."""
        self._stays(topic, session)
        member = Member(session.session_id, session.user_id, session.username)
        in_background(self._surroundings, self._engine.enter(topic, member))

    def leave(self, topic: str, session: Session) -> None:
        """It leaves, now."""
        self._stays(topic, session)
        in_background(self._surroundings, self._engine.leave(topic, session.session_id))

    def cut(self, topic: str, session: Session) -> None:
        """Its client is away, and may be back soon."""
        key = (topic, session.session_id)
        if key not in self._leaving:
            self._leaving[key] = self._surroundings.later(self._grace, self._gone, *key)

    def _stays(self, topic: str, session: Session) -> None:
        timer = self._leaving.pop((topic, session.session_id), None)
        if timer is not None:
            timer.cancel()

    def _gone(self, topic: str, session_id: str) -> None:
        self._leaving.pop((topic, session_id), None)
        in_background(self._surroundings, self._engine.leave(topic, session_id))

    async def members(self, topic: str) -> list[dict[str, Any]]:
        """Who is there: each user once, and each session of nobody in particular."""
        found: dict[Any, dict[str, Any]] = {}
        for member in await self._engine.members(topic):
            key = member.session_id if member.user_id is None else ("user", member.user_id)
            found.setdefault(key, {"user_id": member.user_id, "username": member.username})
        return list(found.values())
