"""Subscriptions: who hears what is published, and what they missed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from ..errors import BadRequest, NotFound, PermissionDeniedException, TooManyRequests
from ..messages import Push
from ..wire.prepared import Prepared
from ..wire.publications import Publication
from .engine import Engine, History, Position
from .presence import Presence
from .rules import May, TopicRules, checked_topic
from .session import Session
from .states import Event, State
from .terms import Terms

__all__ = ["Subscribed", "Topics"]

# Publications that are held for a subscriber while the history is read for it.
_MOST_HELD = 1_000


@attrs.frozen
class Subscribed:
    """What a subscriber is told.

    :param recovered: whether all was sent that was published behind the place it named.
    :param position: where the topic stands.
    """

    recovered: bool
    position: Position

    def told(self) -> dict[str, Any]:
        """As it is answered."""
        return {
            "recovered": self.recovered,
            "epoch": self.position.epoch,
            "offset": self.position.offset,
        }


@attrs.define(eq=False)
class _Subscription:
    """:ivar held: publications that wait until the history was sent; None when that was done."""

    held: list[Publication] | None = None


class Topics:
    """The topics of a gateway.

    :param engine: keeps them.
    :param rules: for clients.
    :param presence: who is there.
    :param to_many: sends a push to sessions.
    :param most: topics that a session may be subscribed to.
    """

    def __init__(
        self,
        engine: Engine,
        rules: TopicRules,
        presence: Presence,
        to_many: Callable[[Sequence[Session], Prepared, Terms], None],
        most: int,
    ) -> None:
        self._engine = engine
        self._rules = rules
        self._presence = presence
        self._to_many = to_many
        self._most = most
        self._subscribers: dict[str, dict[Session, _Subscription]] = {}
        self._of_session: dict[Session, set[str]] = {}

    # -- the application

    async def subscribe(
        self, session: Session, topic: str, since: Position | None = None
    ) -> Subscribed:
        """Let a session hear what is published in a topic.

        :param since: where it stopped to hear; all that is kept behind it is sent first, if nothing of
            it is missing, and otherwise nothing.
        :raises ValueError: that is no name of a topic.
        :raises TooManyRequests: the session has too many subscriptions.
        """
        checked_topic(topic)
        topics = self._of_session.setdefault(session, set())
        if topic not in topics and len(topics) >= self._most:
            raise TooManyRequests(f"A session has at most {self._most} topics (max_subscriptions).")
        subscribers = self._subscribers.setdefault(topic, {})
        first, subscription = not subscribers, subscribers.get(session)
        if subscription is None:
            subscription = subscribers[session] = _Subscription()
        topics.add(topic)
        held: list[Publication] | None = [] if since is not None else None
        subscription.held = held
        try:
            if first:
                await self._engine.subscribe(topic)
            # Where only the place is asked for, nothing of the history is.
            limit = self._rules.rule(topic).history if since is not None else 0
            history = await self._engine.history(topic, since, limit)
        except BaseException:
            await self.unsubscribe(session, topic)
            raise
        if topic not in self._of_session.get(session, ()) or session.state is State.GONE:
            # It has ended, or unsubscribed, meanwhile.
            self._of_session.pop(session, None)
            await self._forget(session, topic)
            return Subscribed(False, history.position)
        self._presence.enter(topic, session)
        if held is None or subscription.held is not held:
            return Subscribed(False, history.position)
        return self._caught_up(session, subscription, held, history, topic)

    def _caught_up(
        self,
        session: Session,
        subscription: _Subscription,
        held: list[Publication],
        history: History,
        topic: str,
    ) -> Subscribed:
        """Send what was missed, and what came meanwhile, without doubles."""
        subscription.held = None
        recovered = history.complete and len(held) < _MOST_HELD
        last = history.position.offset
        terms = self._terms(topic)
        missed = list(history.publications) if recovered else []
        for one in (*missed, *(one for one in held if (one.offset or 0) > last)):
            session.deliver(one, terms)
        return Subscribed(recovered, history.position)

    async def unsubscribe(self, session: Session, topic: str) -> bool:
        """Let a session hear nothing of a topic any more.

        :returns: whether it did.
        """
        was = topic in self._of_session.get(session, ())
        if was:
            self._of_session[session].discard(topic)
            self._presence.leave(topic, session)
            await self._forget(session, topic)
        return was

    async def publish(self, topic: str, event_name: Any = None, data: Any = None) -> Position:
        """Publish in a topic.

        :returns: its place there.
        :raises ValueError: that is no name of a topic.
        :raises SerializerError: it cannot be written.
        """
        publication = Publication.of(Push(event_name, data, checked_topic(topic)))
        return await self._engine.publish(publication, self._rules.rule(topic).retention)

    async def history(
        self, topic: str, since: Position | None = None, limit: int | None = None
    ) -> History:
        """What is kept of a topic.

        :param limit: most publications; the newest.
        """
        most = self._rules.rule(checked_topic(topic)).history
        limit = most if limit is None else min(limit, most)
        return await self._engine.history(topic, since, limit)

    async def members(self, topic: str) -> list[dict[str, Any]]:
        """Who is in a topic: each user once, and each session of nobody in particular."""
        return await self._presence.members(checked_topic(topic))

    def subscriptions(self, session: Session) -> list[str]:
        """The topics that a session hears."""
        return sorted(self._of_session.get(session, ()))

    def away(self, session: Session) -> None:
        """A session's client is away."""
        topics = self._of_session.get(session)
        if topics:
            self._presence.cut(session, topics)

    def back(self, session: Session) -> None:
        """It is back, or is somebody else now."""
        self._presence.back(session, self._of_session.get(session, ()))

    async def ended(self, session: Session, event: Event) -> None:
        """A session is gone.

        Whoever is somebody may be back soon with another; nobody in particular would not be known again.

        :param event: that has ended it.
        """
        topics = self._of_session.pop(session, ())
        if event in (Event.LEFT, Event.CLOSED) or session.user_id is None:
            self._presence.gone(session, topics)
        elif topics and event is not Event.EXPIRED:
            self._presence.cut(session, topics)
        for topic in topics:
            await self._forget(session, topic)

    # -- clients, who may do what the rules say

    async def check(self, session: Session, topic: str, may: str) -> None:
        """Whether a client may do something.

        :param may: ``read``, ``write`` or ``presence``.
        :raises PermissionDeniedException: it may not.
        """
        rule = self._rules.rule(checked_topic(topic))
        allowed: May = rule.write if may == "write" else rule.read
        if may == "presence" and not rule.presence:
            raise NotFound("Nobody is told who is there.")
        if callable(allowed):
            found = allowed(session, topic)
            allowed = bool(await found if inspect.isawaitable(found) else found)
        if not allowed:
            words = "write to" if may == "write" else "read"
            raise PermissionDeniedException(f"You may not {words} this topic.")

    # -- the engine

    def published(self, publication: Publication, place: Position) -> None:
        """Something was published in a topic that is subscribed here."""
        subscribers = self._subscribers.get(publication.topic)
        if not subscribers:
            return
        hear = []
        for session, subscription in subscribers.items():
            if subscription.held is None:
                hear.append(session)
            elif len(subscription.held) < _MOST_HELD:
                subscription.held.append(publication)
        self._to_many(hear, publication, self._terms(publication.topic))

    def _terms(self, topic: str) -> Terms:
        return Terms(policy=self._rules.rule(topic).policy)

    async def _forget(self, session: Session, topic: str) -> None:
        subscribers = self._subscribers.get(topic, {})
        subscribers.pop(session, None)
        if not subscribers and self._subscribers.pop(topic, None) is not None:
            await self._engine.unsubscribe(topic)


def position_of(value: Any) -> Position | None:
    """The place that a client names.

    :raises BadRequest: it names none.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        epoch, offset = value.get("epoch"), value.get("offset")
        if isinstance(epoch, str) and type(offset) is int and offset >= 0:
            return Position(epoch, offset)
    raise BadRequest("`since` is an object with an `epoch`, a string, and an `offset`, a number.")
