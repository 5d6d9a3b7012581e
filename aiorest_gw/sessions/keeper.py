"""What sessions ask of whoever keeps them: the time, an outbox, a place to come back to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from ..limits import Limits
from ..wire.dialects import PLAIN, Dialect
from ..wire.prepared import Prepared
from .absence import Absence
from .engine import Engine, Position
from .mailboxes import Mail, Mailboxes
from .outbox import Ending, Entry, Outbox
from .presence import Presence
from .registry import Registry
from .resumable import ResumableSession, ResumeRefused, same_secret
from .rules import TopicRules
from .session import Session, notice
from .states import Event, State
from .surroundings import CountedWarning, Surroundings, Timer
from .terms import Terms
from .topics import Subscribed, Topics

__all__ = ["SessionKeeper"]

_CANNOT_SEND = "a push to one of several cannot be sent"
# Sessions that are gone, of which it is remembered why.
_REMEMBERED = 1_000


class SessionKeeper:
    """Keeps sessions while their clients are away, and what waits for those who have none.

    :param most: sessions at the same time; None: any number.
    """

    topics: Topics

    def __init__(self, most: int | None) -> None:
        self._registry = Registry(most)
        self._surroundings: Surroundings | None = None
        # Users whose mailboxes are being emptied, by the session that has it.
        self._fed: dict[Any, Any] = {}
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
        :param engine: keeps the topics.
        :param rules: of the topics.
        """
        self._surroundings = surroundings
        self._limits = limits
        self._mailboxes = Mailboxes(
            limits.max_mailbox_messages, limits.max_outbox_size, limits.max_mailboxes
        )
        self._absence = Absence(limits.max_away, limits.max_away_size, limits.max_away_per_address)
        presence = Presence(engine, surroundings, limits.presence_grace)
        self.topics = Topics(engine, rules, presence, self.send_to, limits.max_subscriptions)

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
        self._registry.add(handler)
        user_id = handler.user_id
        if user_id is not None and user_id not in self._fed:
            self._feed(user_id, handler)
        if isinstance(handler, ResumableSession):
            self._absence.remove(handler)
        self.topics.back(handler)

    def _feed(self, user_id: Any, handler: Any) -> None:
        """Send what waits for a user, as far as a session has room; the rest when it has."""
        while self._mailboxes.count(user_id):
            if getattr(handler, "state", None) is State.GONE or handler.user_id != user_id:
                break
            if isinstance(handler, ResumableSession) and handler.half_full:
                self._fed[user_id] = handler
                handler.when_room(partial(self._feed, user_id, handler))
                return
            mail = self._mailboxes.take(user_id, self.now())
            if mail is not None:
                self._try(handler, mail.message, mail.terms, mail.told, user_id, mail.expires)
        if self._fed.get(user_id) is handler:
            del self._fed[user_id]

    def _try(self, handler: Any, *args: Any) -> None:
        """Deliver to one of several; where that fails it harms no other."""
        try:
            handler.deliver(*args)
        except Exception:
            self.surroundings.failure(_CANNOT_SEND)

    def unregister(self, handler: Any) -> None:
        """A client is gone; nothing happens to one who was not there."""
        self._registry.remove(handler.session_id)

    def send_to(self, handlers: Sequence[Any], message: Prepared, terms: Terms) -> None:
        """Send what is written already to sessions."""
        if len(handlers) > 1:
            self.surroundings.flush()
            failed = partial(self.surroundings.failure, _CANNOT_SEND)
            _to_many(handlers, message, terms, failed)
        else:
            for handler in handlers:
                handler.deliver(message, terms)

    def _put_into_mailbox(
        self,
        name: Any,
        message: Prepared,
        terms: Terms,
        told: Callable[[Ending], None] | None = None,
    ) -> None:
        expires = None if terms.ttl is None else self.now() + terms.ttl
        mail = Mail(message, len(message.body(PLAIN)), terms, expires, told)
        self._pruned.add(self._mailboxes.put(name, mail))
        if told is not None and terms.ttl is not None:
            self.surroundings.later(terms.ttl, self._mailboxes.expire, name, mail)

    # -- what its sessions ask of it

    @property
    def last(self) -> int:
        return self._registry.last

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
            too_many.give_up("too many clients were away")
            too_many = self._absence.one_too_many()

    def expire_later(self, session: Session, entry: Entry, ttl: float) -> None:
        """Somebody waits to hear of a push whose time ends."""
        self.surroundings.later(ttl, session.expire, entry)

    def join(self, session: Session, topic: str, since: Position | None) -> Awaitable[Subscribed]:
        return self.surroundings.begin(self.topics.subscribe(session, topic, since))

    def leave(self, session: Session, topic: str) -> Awaitable[bool]:
        return self.surroundings.begin(self.topics.unsubscribe(session, topic))

    def ended(self, session: Session, held: list[Entry], event: Event, reason: str) -> None:
        """A session is gone."""
        self.unregister(session)
        if self.topics.subscriptions(session):
            left = event in (Event.LEFT, Event.CLOSED)
            self.surroundings.begin(self.topics.ended(session, left))
        if isinstance(session, ResumableSession):
            self._absence.remove(session)
            self._reasons[session.session_id] = session.secret, reason
            if len(self._reasons) > _REMEMBERED:
                self._reasons.popitem(last=False)
        if event is not Event.LEFT:
            self._hand_on([entry for entry in held if entry.name is not None])

    def _hand_on(self, held: list[Entry]) -> None:
        """What was sent to users, and a session had not got: to those sessions that were opened since,
        or that will be; before what waits for these already.
        """
        for entry in held:
            name, message, terms, last = entry.name
            for other in self._registry.of_user(name, after=last):
                self._try(other, message, terms, None, name, entry.expires)
        for entry in reversed(held):
            name, message, terms, _ = entry.name
            if not self._registry.of_user(name):
                mail = Mail(message, entry.size, terms, entry.expires)
                self._pruned.add(self._mailboxes.put(name, mail, first=True))

    def _to_user(
        self,
        user_id: Any,
        handlers: Sequence[Any],
        message: Prepared,
        terms: Terms,
        expect: Callable[[str], Callable[[Ending], None] | None],
    ) -> None:
        """Send to the sessions of a user, or let it wait for one.

        :param expect: takes a session's id, and gives what takes its ending.
        """
        fed = self._fed.get(user_id)
        for handler in handlers:
            if handler is not fed:
                self._try(handler, message, terms, expect(handler.session_id), user_id)
        if (fed is not None or not handlers) and not terms.volatile:
            # Behind what waits there already.
            told = expect(f"mailbox of {user_id}" if fed is None else fed.session_id)
            self._put_into_mailbox(user_id, message, terms, told)

    def token_timer(self, remaining: float, function: Callable[[], None]) -> Timer:
        """Call something when credentials are over, and the grace behind them."""
        return self.surroundings.later(remaining + self._limits.token_grace, function)

    def dropped(self, count: int) -> None:
        """So many pushes were dropped."""
        self._dropped.add(count)

    def stop(self) -> None:
        """There will be no more turns: tell what was not told yet."""
        self._dropped.tell()
        self._pruned.tell()

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


def _to_many(
    handlers: Sequence[Any], message: Prepared, terms: Terms, failed: Callable[[], None]
) -> None:
    """Send to many, where nothing that is held back could come behind it.

    :param failed: one of them could not be sent to, which harms no other.
    """
    frame = message.frame
    for handler in handlers:
        try:
            transport = handler.straight
            if transport is not None:
                transport.write(frame)
            elif not handler.deliver_numbered(message):
                handler.deliver(message, terms)
        except Exception:
            failed()
