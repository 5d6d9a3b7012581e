"""What sessions ask of whoever keeps them: the time, an outbox, a place to come back to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from ..errors import ConfigurationError
from ..limits import Limits
from ..wire.dialects import Dialect
from .absence import Absence
from .delivery import Delivery
from .engine import Engine, Node, Position
from .entries import Entry
from .mailboxes import MailboxBounds
from .outbox import Outbox
from .presence import Presence
from .registry import Registry
from .resumable import ResumableSession, ResumeRefused, same_secret
from .rules import TopicRules
from .session import Session, notice
from .states import Event, State
from .surroundings import CountedWarning, Surroundings, Timer
from .topics import Subscribed, TopicBounds, Topics

__all__ = ["SessionKeeper"]

# Sessions that are gone, of which it is remembered why.
_REMEMBERED = 1_000
# All that a keeper has.
_KEPT = (
    "_registry", "_surroundings", "_engine", "_limits", "_reasons", "_dropped", "_pruned", "_absence",
    "_delivery", "topics",
)  # fmt: skip


class SessionKeeper:
    """Keeps sessions while their clients are away, and what waits for those who have none.

    :param most: sessions at the same time; None: any number.
    """

    topics: Topics
    _delivery: Delivery

    def __init__(self, most: int | None) -> None:
        self._registry = Registry(most)
        self._surroundings: Surroundings | None = None
        self._engine: Engine | None = None
        # Of sessions that are gone: their secrets, and why.
        self._reasons: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._dropped = CountedWarning(
            lambda: self.surroundings,
            "{count} pushes were dropped: too much waited for their clients",
        )
        self._pruned = CountedWarning(
            lambda: self.surroundings, "{count} pushes were pruned from full mailboxes"
        )

    def attach(
        self, surroundings: Surroundings, limits: Limits, engine: Engine, rules: TopicRules
    ) -> None:
        """Run in a gateway: a factory calls it.

        :param limits: of the gateway.
        :param engine: knows the sessions of other gateways, and keeps topics and mailboxes.
        :param rules: of the topics.
        :raises ConfigurationError: the engine, or the manager, serves another gateway.
        """
        if self._surroundings not in (None, surroundings):
            raise ConfigurationError("the manager serves a gateway already: give each its own")
        self.give_up()
        self._surroundings = surroundings
        self._limits = limits
        bounds = MailboxBounds(
            limits.max_mailbox_messages, limits.max_outbox_size, limits.max_mailboxes
        )
        delivery = Delivery(self._registry, engine, surroundings, bounds, self._pruned.add)
        self._absence = Absence(limits.max_away, limits.max_away_size, limits.max_away_per_address)
        presence = Presence(engine, surroundings, limits.presence_grace, limits.max_away)
        of_session = TopicBounds(
            limits.max_subscriptions, limits.max_outbox_messages, limits.max_outbox_size
        )
        topics = Topics(engine, rules, presence, surroundings, delivery.to_many, of_session)
        engine.start(
            Node(
                topics.published,
                delivery.deliver,
                delivery.close_here,
                delivery.mail,
                self._pruned.add,
                bounds,
                limits.max_history_size,
                surroundings.later,
            )
        )
        self._engine, self._delivery, self.topics = engine, delivery, topics

    def take_over(self, running: SessionKeeper, rules: TopicRules) -> None:
        """Keep what another one keeps: to whoever sends, both are the same from now on.

        :param running: is attached to a gateway.
        :param rules: hold for its topics from now on.
        """
        if self._registry is not running._registry:
            self.give_up()
            for name in _KEPT:
                setattr(self, name, getattr(running, name))
        self.topics.govern(rules)

    def give_up(self) -> None:
        """Leave the engine, if there is one: the gateway is none any more, or has another."""
        if self._engine is not None:
            self._engine.stop()

    @property
    def surroundings(self) -> Surroundings:
        """Whoever runs it.

        :raises RuntimeError: no factory has it yet.
        """
        if self._surroundings is None:
            raise RuntimeError(
                "give the manager to a factory first: RequestHandlerFactory(manager=…)"
            )
        return self._surroundings

    def register(self, handler: Any) -> None:
        """A client is there; or one that was there is another user now.

        What waits in the user's mailbox goes out first.

        :param handler: a session, or what has its ``session_id``, ``user_id``, ``straight``,
            ``deliver_numbered``, ``deliver``, ``send_object`` and ``close``.
        :raises TooManySessions: there are as many as there may be.
        """
        if getattr(handler, "state", None) is State.GONE:
            return
        before = self._registry.user_of(handler.session_id)
        self._registry.add(handler)
        self._delivery.came(handler, before)
        # It may be that only its credentials came, and the client is away.
        if getattr(handler, "state", State.OPEN) is State.OPEN:
            if isinstance(handler, ResumableSession):
                self._absence.remove(handler)
            self.topics.back(handler)

    def unregister(self, handler: Any) -> None:
        """A client is gone; nothing happens to one who was not there."""
        session_id = handler.session_id
        if self._registry.get(session_id) is handler:
            user_id = self._registry.user_of(session_id)
            self._registry.remove(session_id)
            self._delivery.gone(session_id, user_id)

    # -- what its sessions ask of it

    def now(self) -> float:
        return self.surroundings.now()

    def make_outbox(self, dialect: Dialect, retains: bool) -> Outbox:
        limits = self._limits
        return Outbox(
            limits.max_outbox_messages, limits.max_outbox_size, retains, partial(notice, dialect)
        )

    def away(self, session: ResumableSession) -> None:
        """A client is away: it may come back for some time."""
        self.topics.away(session)
        session.away_timer = self.surroundings.later(self._limits.session_ttl, session.give_up)
        too_many = self._absence.add(session)
        while too_many is not None:
            self._absence.remove(too_many)
            too_many.give_up("too many clients were away")
            too_many = self._absence.one_too_many()

    def back(self, session: ResumableSession) -> None:
        """A client is back from being away."""
        self._absence.remove(session)

    def expire_later(self, session: Session, entry: Entry, ttl: float) -> Timer:
        """Somebody waits to hear of a push whose time ends."""
        return self.surroundings.later(ttl, session.expire, entry)

    def join(self, session: Session, topic: str, since: Position | None) -> Awaitable[Subscribed]:
        return self.surroundings.begin(self.topics.subscribe(session, topic, since))

    def leave(self, session: Session, topic: str) -> Awaitable[bool]:
        return self.surroundings.begin(self.topics.unsubscribe(session, topic))

    def ended(self, session: Session, held: list[Entry], event: Event, reason: str) -> None:
        """A session is gone."""
        self.unregister(session)
        self.topics.ended(session, event)
        if isinstance(session, ResumableSession):
            self._absence.remove(session)
            self._reasons[session.session_id] = session.secret, reason
            if len(self._reasons) > _REMEMBERED:
                self._reasons.popitem(last=False)
        if event is not Event.LEFT:
            self._delivery.send_again([entry.letter for entry in held if entry.letter is not None])

    def token_timer(self, remaining: float, function: Callable[[], None]) -> Timer:
        """Call something when credentials are over, and the grace behind them."""
        return self.surroundings.later(remaining + self._limits.token_grace, function)

    def dropped(self, count: int) -> None:
        """So many pushes were dropped."""
        self._dropped.add(count)

    async def stop(self) -> None:
        """Nobody will come back: hand on what nobody had got, and tell what was not told yet."""
        for session in self._registry.all():
            if isinstance(session, ResumableSession):
                session.give_up("the gateway has stopped")
        if self._engine is not None:
            await self._delivery.finish()
        self._dropped.tell()
        self._pruned.tell()
        self.give_up()

    def find(self, resume: str) -> ResumableSession:
        """The session that a client wants to resume.

        :param resume: as the client was given it.
        :raises ResumeRefused: there is none, or no more.
        """
        session_id, _, secret = resume.rpartition(".")
        session = self._registry.get(session_id)
        if isinstance(session, ResumableSession) and same_secret(session.secret, secret):
            return session
        known, reason = self._reasons.get(session_id, ("", ""))
        if known and same_secret(known, secret):
            raise ResumeRefused(reason)
        raise ResumeRefused("there is no such session, or none any more")
