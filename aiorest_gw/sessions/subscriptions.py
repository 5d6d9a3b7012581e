"""Which sessions of a gateway hear which topics, and from which place on."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs

from ..wire.publications import Publication
from .engine import Position
from .session import Session
from .terms import Terms

__all__ = ["Heard", "Subscription", "Subscriptions"]

# Publications that are held for a subscriber until what came before them was sent.
_MOST_HELD = 1_000
_Placed = tuple[Publication, Position]


@attrs.define(eq=False)
class Heard:
    """A topic that sessions of this gateway are subscribed to.

    :param name: of the topic.
    :param terms: on which its publications are sent.
    :ivar ready: is awaited by all who subscribe, until the engine hands on what is published.
    :ivar subscriptions: of all sessions.
    :ivar joining: those of them that do not simply get whatever is published.
    """

    name: str
    terms: Terms
    ready: Awaitable[None] | None = attrs.field(default=None, init=False)
    subscriptions: dict[Session, Subscription] = attrs.field(factory=dict, init=False)
    joining: dict[Session, Subscription] = attrs.field(factory=dict, init=False)


@attrs.define(eq=False)
class Subscription:
    """That a session hears a topic; another one each time that it begins to.

    :ivar alive: it has not ended.
    :ivar begun: the session was told of it, or is about to be.
    :ivar held: publications that wait for what comes before them; None where nothing has to wait.
    :ivar missed: how many of these, the first ones, were published before that.
    :ivar octets: of the others.
    :ivar lost: the last place of what there was no room to hold.
    :ivar keeps: nothing may be lost of what is held.
    :ivar first: the place of what was published first since then.
    :ivar covered: up to there it is held as what was missed, whenever it is handed on.
    :ivar heard_to: the last place of what was sent, or need not be.
    :ivar asking: how many requests concern it now.
    :ivar taken: one of these reads the history, and sends it.
    """

    session: Session
    topic: Heard
    alive: bool = attrs.field(default=True, init=False)
    begun: bool = attrs.field(default=False, init=False)
    held: deque[_Placed] | None = attrs.field(default=None, init=False)
    missed: int = attrs.field(default=0, init=False)
    octets: int = attrs.field(default=0, init=False)
    lost: Position | None = attrs.field(default=None, init=False)
    keeps: bool = attrs.field(default=False, init=False)
    first: Position | None = attrs.field(default=None, init=False)
    covered: Position | None = attrs.field(default=None, init=False)
    heard_to: Position | None = attrs.field(default=None, init=False)
    asking: int = attrs.field(default=0, init=False)
    taken: bool = attrs.field(default=False, init=False)
    _waiting: tuple[Callable[[Any], None], ...] = attrs.field(default=(), init=False)

    def hold(self) -> None:
        """Let what is published wait from now on, if it does not already."""
        if self.held is None:
            self._hold(())
            self.lost = self.first = self.covered = None
            self.topic.joining[self.session] = self

    def wait(self, publication: Publication, place: Position, most_octets: int) -> None:
        """Hold one more; where that is too much, the oldest are lost, or nothing waits any more."""
        held = self.held
        assert held is not None
        if self.first is None and self._is_new(place, self.heard_to):
            self.first = place
        if not (self._is_new(place, self.heard_to) and self._is_new(place, self.covered)):
            return
        held.append((publication, place))
        self.octets += len(publication.json)
        while len(held) - self.missed > _MOST_HELD or self.octets > most_octets:
            if self.keeps:
                # Whatever becomes of one for whom too much waits.
                self.send()
                return
            publication, self.lost = held.popleft()
            self.octets -= len(publication.json)

    def begin_behind(self, place: Position, missed: Sequence[Publication] = ()) -> None:
        """Of what is held, only what comes behind a place is to be sent.

        :param missed: all of before, as far as it is to be sent.
        """
        before = [(one, Position(place.epoch, one.offset or 0)) for one in missed]
        behind = [one for one in self.held or () if one[1].is_behind(place)]
        self._hold(behind, before)
        self.covered = place

    def forget_missed(self) -> None:
        """Only what was published since it is held is to be sent."""
        first, held = self.first, self.held or ()
        if first is None:
            held = ()
        self._hold([one for one in held if one[1] == first or self._is_new(one[1], first)])
        self.covered = None

    def _hold(self, since: Sequence[_Placed], missed: Sequence[_Placed] = ()) -> None:
        self.held = deque((*missed, *since))
        self.missed = len(missed)
        self.octets = sum(len(one.json) for one, _ in since)

    @staticmethod
    def _is_new(place: Position, known: Position | None) -> bool:
        return known is None or place.is_behind(known)

    def has_heard(self, place: Position) -> None:
        """What comes no later than a place was sent, or need not be."""
        if self._is_new(place, self.heard_to):
            self.heard_to = place

    def send_one(self) -> None:
        """Send the oldest that is held."""
        assert self.held is not None
        publication, place = self.held.popleft()
        if self.missed:
            self.missed -= 1
        else:
            self.octets -= len(publication.json)
        self.has_heard(place)
        self.session.deliver(publication, self.topic.terms)

    def send(self) -> None:
        """Send all that is held; nothing waits any more."""
        while self.held:
            self.send_one()
        self.held = None

    def hears(self, place: Position) -> bool:
        """Whether it is to get what is published at a place; asked once for each."""
        if not self._is_new(place, self.heard_to):
            return False
        self.topic.joining.pop(self.session, None)
        return True

    async def take(
        self, waiting: Callable[[], tuple[Awaitable[Any], Callable[[Any], None]]]
    ) -> None:
        """Wait until no other request sends what it has read."""
        while self.taken:
            awaitable, fire = waiting()
            self._waiting = (*self._waiting, fire)
            await awaitable
        self.taken = True

    def release(self) -> None:
        """Let the next one have it."""
        self.taken = False
        waiting, self._waiting = self._waiting, ()
        for fire in waiting:
            fire(None)


class Subscriptions:
    """All of a gateway.

    :param begin: is called with a topic that is heard from now on, and gives what to await until then.
    :param end: is called with one that nobody hears any more.
    """

    def __init__(
        self, begin: Callable[[Heard], Awaitable[None]], end: Callable[[Heard], None]
    ) -> None:
        self._begin = begin
        self._end = end
        self._topics: dict[str, Heard] = {}
        self._of_session: dict[Session, dict[str, Subscription]] = {}

    def __len__(self) -> int:
        """How many topics are heard."""
        return len(self._topics)

    def topic(self, name: str) -> Heard | None:
        """A topic, if anybody hears it."""
        return self._topics.get(name)

    def of(self, session: Session) -> dict[str, Subscription]:
        """Those of a session, by the names of topics; not to be changed."""
        return self._of_session.get(session, {})

    def add(self, session: Session, name: str, terms: Terms) -> Subscription:
        """A session begins to hear a topic.

        :raises BaseException: what ``begin`` raises at once; then it does not.
        """
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = Heard(name, terms)
        made = Subscription(session, topic)
        topic.subscriptions[session] = made
        self._of_session.setdefault(session, {})[name] = made
        made.hold()
        if topic.ready is None:
            topic.ready = self._begin(topic)
        return made

    def end(self, subscription: Subscription) -> None:
        """One has ended; nothing happens to one that had."""
        if subscription.alive:
            topic = subscription.topic
            self._forget(subscription)
            if not topic.subscriptions and self._topics.get(topic.name) is topic:
                del self._topics[topic.name]
                self._end(topic)

    def cannot_hear(self, topic: Heard) -> None:
        """What is published in a topic cannot be heard: nobody is subscribed any more."""
        if self._topics.get(topic.name) is topic:
            del self._topics[topic.name]
        for subscription in tuple(topic.subscriptions.values()):
            self._forget(subscription)

    def _forget(self, subscription: Subscription) -> None:
        session, topic = subscription.session, subscription.topic
        subscription.alive = False
        subscription.held = None
        topic.subscriptions.pop(session, None)
        topic.joining.pop(session, None)
        of_session = self._of_session[session]
        del of_session[topic.name]
        if not of_session:
            del self._of_session[session]
