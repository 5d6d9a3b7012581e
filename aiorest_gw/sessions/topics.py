"""Subscriptions: who hears what is published, and what they missed."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs

from ..errors import (
    BadRequest,
    NotFound,
    PermissionDeniedException,
    ServiceUnavailable,
    TooManyRequests,
)
from ..messages import Push
from ..wire.prepared import Prepared
from ..wire.publications import Publication
from .engine import Engine, History, Position
from .presence import Presence
from .resumable import ResumableSession
from .rules import May, TopicRules, checked_topic
from .session import Session
from .states import Event, State
from .subscriptions import Heard, Subscription, Subscriptions
from .surroundings import Surroundings, in_background
from .terms import Terms

__all__ = ["Subscribed", "TopicBounds", "Topics"]


@attrs.frozen
class Subscribed:
    """What a subscriber is told.

    :param recovered: whether all was sent that was published behind the place it named.
    :param position: where the topic stands: all that comes behind it is sent.
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


@attrs.frozen
class TopicBounds:
    """How much a session may have.

    :param subscriptions: topics.
    :param messages: that are on their way to it.
    :param octets: of these.
    """

    subscriptions: int
    messages: int
    octets: int


class Topics:
    """The topics of a gateway.

    :param engine: keeps them.
    :param rules: for clients.
    :param presence: who is there.
    :param surroundings: runs what several wait for.
    :param to_many: sends a push to sessions.
    :param bounds: of a session.
    """

    def __init__(
        self,
        engine: Engine,
        rules: TopicRules,
        presence: Presence,
        surroundings: Surroundings,
        to_many: Callable[[Sequence[Session], Prepared, Terms], None],
        bounds: TopicBounds,
    ) -> None:
        self._engine = engine
        self._rules = rules
        self._presence = presence
        self._surroundings = surroundings
        self._to_many = to_many
        self._bounds = bounds
        self._subscriptions = Subscriptions(self._begin, self._end)

    def govern(self, rules: TopicRules) -> None:
        """Other rules hold for what is asked and published from now on; subscriptions go on."""
        self._rules = rules

    # -- the application

    async def subscribe(
        self, session: Session, topic: str, since: Position | None = None
    ) -> Subscribed:
        """Let a session hear what is published in a topic.

        What it missed is sent as fast as its client reads. One that ends meanwhile, or unsubscribes,
        gets no more of it.

        :param since: where it stopped to hear; all that is kept behind it is sent first, if nothing of
            it is missing, and otherwise nothing.
        :raises ValueError: that is no name of a topic.
        :raises TooManyRequests: the session has too many subscriptions.
        :raises ServiceUnavailable: it has ended; or the engine cannot be reached.
        """
        subscription = self._subscription(session, checked_topic(topic))
        subscription.asking += 1
        try:
            ready = subscription.topic.ready
            assert ready is not None
            await ready
            await subscription.take(self._surroundings.waiting)
            try:
                return await self._catch_up(subscription, since)
            finally:
                subscription.release()
        finally:
            subscription.asking -= 1
            if not subscription.begun and not subscription.asking:
                self._subscriptions.end(subscription)

    def _subscription(self, session: Session, topic: str) -> Subscription:
        """That of a session; of one that has none, one that begins."""
        if session.state is State.GONE:
            raise ServiceUnavailable("The session has ended.")
        topics = self._subscriptions.of(session)
        found = topics.get(topic)
        if found is not None:
            return found
        most = self._bounds.subscriptions
        if len(topics) >= most:
            raise TooManyRequests(f"A session has at most {most} topics (max_subscriptions).")
        return self._subscriptions.add(session, topic, Terms(policy=self._rules.rule(topic).policy))

    async def _catch_up(self, subscription: Subscription, since: Position | None) -> Subscribed:
        """Read where the topic stands, and what came behind a place; send that, and what came since."""
        topic, anew = subscription.topic.name, not subscription.begun
        if subscription.alive and (anew or since is not None):
            subscription.hold()
            subscription.keeps = not anew
        # Where only the place is asked for, nothing of the history is.
        limit = self._rules.rule(topic).history if since is not None else 0
        try:
            history = await self._engine.history(topic, since, limit)
        except BaseException:
            if not anew:
                subscription.send()
            raise
        if not subscription.alive or subscription.held is None:
            # It has ended; or so much came that it was sent at once.
            return Subscribed(False, history.position)
        lost = subscription.lost
        if lost is not None and lost.is_behind(history.position):
            # What was published between that place and this is not known.
            history = History((), lost, False)
        recovered = since is not None and history.complete
        recovered = recovered and self._can_get(subscription.session, history.publications)
        if recovered or anew:
            missed = history.publications if recovered else ()
            subscription.begin_behind(history.position, missed)
        if recovered:
            await self._send(subscription, history)
        subscription.send()
        if not subscription.alive:
            return Subscribed(False, history.position)
        if recovered or anew:
            subscription.has_heard(history.position)
        if anew:
            subscription.begun = True
            self._presence.enter(topic, subscription.session)
        last, position = subscription.heard_to, history.position
        if last is not None and last.is_behind(position):
            position = last
        return Subscribed(recovered, position)

    def _can_get(self, session: Session, missed: Sequence[Publication]) -> bool:
        """Whether all of it can be sent: one that acknowledges nothing cannot be waited for."""
        if isinstance(session, ResumableSession):
            return True
        octets = sum(len(one.json) for one in missed)
        return len(missed) <= self._bounds.messages and octets <= self._bounds.octets

    def _is_little(self, session: ResumableSession, missed: Sequence[Publication]) -> bool:
        """Whether half of what may be on its way to it is left when all is sent at once."""
        messages = session.unacknowledged + len(missed)
        octets = session.octets + sum(len(one.json) for one in missed)
        return 2 * messages <= self._bounds.messages and 2 * octets <= self._bounds.octets

    async def _send(self, subscription: Subscription, history: History) -> None:
        """Send what was missed as fast as the client reads, where it is not little.

        What is published meanwhile waits behind it, and else would find no room.
        """
        session = subscription.session
        if not isinstance(session, ResumableSession) or self._is_little(
            session, history.publications
        ):
            return
        subscription.keeps = True
        try:
            while subscription.held:
                if self._must_wait(session):
                    awaitable, fire = self._surroundings.waiting()
                    session.when_room(lambda fire=fire: fire(None))  # type: ignore[misc]
                    await awaitable
                else:
                    subscription.send_one()
        except BaseException:
            if subscription.alive:
                # One that was subscribed before is to hear what came meanwhile.
                subscription.forget_missed()
                if subscription.begun:
                    subscription.send()
            raise

    def _must_wait(self, session: ResumableSession) -> bool:
        """Whether a quarter of what may be is on its way: from a half on its requests would wait."""
        messages, octets = session.unacknowledged, session.octets
        return 4 * messages >= self._bounds.messages or 4 * octets >= self._bounds.octets

    async def unsubscribe(self, session: Session, topic: str) -> bool:
        """Let a session hear nothing of a topic any more.

        :returns: whether it did.
        """
        subscription = self._subscriptions.of(session).get(topic)
        if subscription is None:
            return False
        self._subscriptions.end(subscription)
        if subscription.begun:
            self._presence.leave(topic, session)
        return True

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
        return sorted(self._subscriptions.of(session))

    # -- sessions

    def _entered(self, session: Session) -> list[str]:
        """The topics that a session is in."""
        of_session = self._subscriptions.of(session)
        return [topic for topic, subscription in of_session.items() if subscription.begun]

    def away(self, session: Session) -> None:
        """A session's client is away."""
        topics = self._entered(session)
        if topics:
            self._presence.cut(session, topics)

    def back(self, session: Session) -> None:
        """It is back, or is somebody else now."""
        self._presence.back(session, self._entered(session))

    def ended(self, session: Session, event: Event) -> None:
        """A session is gone.

        Whoever is somebody may be back soon with another; nobody in particular would not be known again.

        :param event: that has ended it.
        """
        topics = self._entered(session)
        for subscription in tuple(self._subscriptions.of(session).values()):
            self._subscriptions.end(subscription)
        if event in (Event.LEFT, Event.CLOSED) or session.user_id is None:
            self._presence.gone(session, topics)
        elif topics and event is not Event.EXPIRED:
            self._presence.cut(session, topics)

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
        topic = self._subscriptions.topic(publication.topic)
        if topic is None:
            return
        hear = list(topic.subscriptions)
        if topic.joining:
            joining = tuple(topic.joining.values())
            waits = {one.session for one in joining if not self._hears(one, publication, place)}
            hear = [session for session in hear if session not in waits]
        self._to_many(hear, publication, topic.terms)

    def _hears(self, subscription: Subscription, publication: Publication, place: Position) -> bool:
        """Whether one that may have to wait gets a publication now."""
        if subscription.held is None:
            return subscription.hears(place)
        subscription.wait(publication, place, self._bounds.octets)
        return False

    def _begin(self, topic: Heard) -> Awaitable[None]:
        return self._surroundings.begin(self._hear(topic))

    async def _hear(self, topic: Heard) -> None:
        try:
            await self._engine.subscribe(topic.name)
        except BaseException:
            self._subscriptions.cannot_hear(topic)
            raise

    def _end(self, topic: Heard) -> None:
        in_background(self._surroundings, self._engine.unsubscribe(topic.name))


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
