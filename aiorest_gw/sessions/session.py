"""One client: in the plain dialect for as long as its connection lasts, in v1 across its connections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import attrs

from ..auth.users import ANONYMOUS
from ..errors import CloseCode, SerializerError, ServiceUnavailable, checked_close
from ..messages import Push
from ..wire.dialects import PLAIN, Dialect
from ..wire.prepared import Prepared
from ..wire.unwritable import unwritable
from .entries import Ending, Entry, Outcome
from .letters import Letter
from .outbox import Outbox
from .roles import Carrier, Keeper
from .rules import checked_topic
from .states import Event, State, after
from .surroundings import Timer
from .terms import Terms, checked_name

__all__ = ["Carrier", "Keeper", "Session", "notice"]

Told = Callable[[Ending], None]

_WRITTEN = Ending(Outcome.WRITTEN)
_NOT_THERE = Ending(Outcome.DROPPED, "the client was away, or did not read")
_GONE = Ending(Outcome.DROPPED, "the session has ended")


@attrs.define(eq=False)
class Session:
    """A client, as views and the application see it.

    ``push``, ``send_object``, ``request``, ``join``, ``leave`` and ``close`` raise ``RuntimeError`` in
    another thread than the reactor's, such as that of a ``@blocking`` view, and say what to call there.

    :param session_id: unguessable, unique.
    :param peer: the address that the connection came from, ``host:port`` or a path.
    :param data: the application's own notes about this client.
    :param user: who the client is.
    :ivar state: whether it is there.
    """

    session_id: str
    peer: str = ""
    data: dict[str, Any] = attrs.field(factory=dict)
    user: Any = ANONYMOUS
    state: State = attrs.field(default=State.OPEN, init=False)
    _dialect: Dialect = attrs.field(default=PLAIN, init=False, repr=False)
    # Takes ready frames of the plain dialect, while nothing waits.
    straight: Any = attrs.field(default=None, init=False, repr=False)
    # That of a connection that takes more.
    _transport: Any = attrs.field(default=None, init=False, repr=False)
    _carrier: Carrier | None = attrs.field(default=None, init=False, repr=False)
    _keeper: Keeper | None = attrs.field(default=None, init=False, repr=False)
    _outbox: Outbox | None = attrs.field(default=None, init=False, repr=False)
    _token_timer: Timer | None = attrs.field(default=None, init=False, repr=False)

    @property
    def user_id(self) -> Any:
        """The user's id, None of nobody in particular."""
        return None if self.user.is_anonymous else self.user.id

    @property
    def username(self) -> str:
        return str(self.user.username)

    @property
    def connected(self) -> bool:
        """Whether the client has a connection now."""
        return self.state is State.OPEN and self._carrier is not None

    # -- what is sent

    def writes_to(self, carrier: Carrier, transport: Any) -> None:
        """The transport of a connection, if frames can be written to it as they are; or None.

        Nothing changes where it has another connection by now.
        """
        if carrier is self._carrier:
            self._has_transport(transport)

    def _has_transport(self, transport: Any) -> None:
        self._transport = transport
        self.straight = transport if self._outbox is None else None

    def deliver_numbered(self, message: Prepared) -> bool:
        """Write a push with its number to the transport, where its connection holds nothing back.

        :returns: False where that cannot be done.
        """
        return False

    def deliver(
        self,
        message: Prepared,
        terms: Terms,
        told: Told | None = None,
        letter: Letter | None = None,
    ) -> None:
        """Send a push, now or when the client reads.

        :param told: takes its ending.
        :param letter: that it is, if it should go to another session of its user where this one ends.
        :raises SerializerError: it cannot be written.
        """
        carrier = self._carrier
        if self._outbox is None and carrier is not None and carrier.carry_prepared(message):
            if told is not None:
                told(_WRITTEN)
        elif self.state is State.GONE or self._keeper is None:
            if told is not None:
                told(_GONE)
        elif (
            told is not None or letter is not None or not self._pass_on(message.body(self._dialect))
        ):
            now = self._keeper.now()
            expires = None if letter is None else letter.expires
            if letter is None and terms.ttl is not None:
                expires = now + terms.ttl
            body = message.body(self._dialect)
            entry = Entry(body, len(body), terms.policy, terms.key, expires, told, letter)
            self._send(entry, terms.volatile)
            if entry.told is not None and expires is not None:
                timer = self._keeper.expire_later(self, entry, expires - now)
                entry.told = partial(_tell_in_time, timer, entry.told)

    def push(self, event_name: Any, data: Any = None, **terms: Any) -> None:
        """Send a push to this session alone.

        :param terms: as :class:`Terms`.
        :raises SerializerError: it cannot be written.
        :raises TypeError: a message was given in place of its name.
        """
        self._check_thread("push", "manager.call_from_thread.send_message")
        self.deliver(Prepared(Push(checked_name(event_name), data)), Terms(**terms))

    @property
    def waits(self) -> bool:
        """Whether something waits until the client reads, so that all else has to wait behind it."""
        return self._outbox is not None and not self._outbox.idle

    def send(self, body: bytes, binary: bool = False) -> None:
        """Send what is never dropped: an answer or a request.

        :param binary: whether in a binary frame, in the plain dialect.
        """
        if not self._pass_on(body):
            self._send(Entry(body, len(body), binary=binary), False)

    def _pass_on(self, body: bytes) -> bool:
        """Send a message at once, if nothing waits and nobody wants to hear of it."""
        return False

    def send_object(self, message: Any) -> None:
        """Send an object as it is, for whoever bridges messages elsewhere.

        :raises UnwritableMessage: it cannot be written.
        """
        self._check_thread("send_object")
        try:
            body = self._dialect.encode(message)
        except SerializerError as error:
            raise unwritable("an object", message, error) from error.__cause__
        self.send(body)

    def _send(self, entry: Entry, volatile: bool) -> None:
        carrier, outbox = self._carrier, self._outbox
        if outbox is None:
            if self._keeper is None or self.state is State.GONE:
                return
            outbox = self._outbox = self._keeper.make_outbox(self._dialect, retains=False)
            self.straight = None
        if volatile and not (outbox.idle and carrier is not None and carrier.free):
            told, entry.told = entry.told, None
            if told is not None:
                told(_NOT_THERE)
        else:
            self._put(outbox, entry)

    def _put(self, outbox: Outbox, entry: Entry) -> None:
        dropped = outbox.dropped
        now = self._keeper.now() if self._keeper is not None else 0.0
        if not outbox.put(entry, now):
            self.overflow("too much waited for the client", entry)
            return
        if outbox.dropped != dropped and self._keeper is not None:
            self._keeper.dropped(outbox.dropped - dropped)
        self.go_on()

    def _carry(self, carrier: Carrier, entry: Entry) -> None:
        carrier.carry(entry.body, entry.binary)

    def go_on(self) -> None:
        """The connection takes more: give it what waits."""
        carrier, outbox, keeper = self._carrier, self._outbox, self._keeper
        if outbox is None or keeper is None:
            return
        while carrier is not None and carrier.free and (entry := outbox.take(keeper.now())):
            self._carry(carrier, entry)
        self._settle(outbox)
        if outbox is self._outbox and outbox.idle and not len(outbox):
            self._forget_outbox()

    def _forget_outbox(self) -> None:
        """Nothing waits any more."""
        self._outbox = None
        self.straight = self._transport

    def _settle(self, outbox: Outbox) -> None:
        """Tell the endings; whoever hears of one may send something more."""
        if outbox.told:
            told, outbox.told = outbox.told, []
            for tell, ending in told:
                tell(ending)

    def expire(self, entry: Entry) -> None:
        """The time of a push is over."""
        if self._outbox is not None:
            self._outbox.expire(entry)
            self._settle(self._outbox)

    # -- requests of the application

    async def request(
        self,
        method: str,
        url: str,
        *,
        args: dict[str, Any] | None = None,
        data: Any = None,
        event_name: Any = None,
        deadline: float = 10.0,
    ) -> Any:
        """Ask the client, and wait for its answer, also while it is away.

        :param deadline: seconds.
        :returns: the answer's data.
        :raises ClientError: the client answered with an error.
        :raises RequestTimeout: it did not answer in time, or its session has ended.
        :raises ServiceUnavailable: too many requests are open, or the session has ended.
        :raises RuntimeError: it is a client of the plain dialect, which answers none.
        """
        raise RuntimeError("a client of the plain dialect answers no requests")

    # -- topics

    def join(self, topic: str, since: Any = None) -> Awaitable[Any]:
        """Let it hear what is published in a topic, from now on; it may be awaited.

        :param since: a :class:`~aiorest_gw.sessions.engine.Position` to go on from.
        :returns: awaited, what a subscriber is told.
        :raises ValueError: that is no name of a topic.
        :raises TooManyRequests: it has too many.
        """
        self._check_thread("join")
        return self._kept_by().join(self, topic, since)

    def leave(self, topic: str) -> Awaitable[bool]:
        """Let it hear nothing of a topic any more; it may be awaited.

        :returns: awaited, whether it did.
        :raises ValueError: that is no name of a topic.
        """
        self._check_thread("leave")
        return self._kept_by().leave(self, checked_topic(topic))

    def _kept_by(self) -> Keeper:
        if self._keeper is None or self.state is State.GONE:
            raise ServiceUnavailable("The session has no gateway, or has ended.")
        return self._keeper

    def _check_thread(self, name: str, instead: str = "reactor.callFromThread") -> None:
        if self._keeper is not None:
            self._keeper.surroundings.check_thread(f"session.{name}", instead)

    # -- its course

    def begin(self, keeper: Keeper, carrier: Carrier) -> None:
        """The client is there."""
        self._keeper, self._carrier = keeper, carrier

    def lost(self, carrier: Carrier) -> None:
        """A connection is lost, which may be another than it has now."""
        if carrier is self._carrier:
            self._carrier = None
            self._end(Event.LOST, "the connection was lost")

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it for good: the client may not come back to it.

        :param code: of the close: 1000, or 3000 to 4999; 4501 makes our clients ask for credentials.
        :param reason: at most 123 bytes.
        :raises ValueError: that code cannot be sent (RFC 6455 section 7.4).
        """
        code = checked_close(code, reason)
        self._check_thread("close", "manager.call_from_thread.close")
        if self.state is not State.GONE:
            self._end_and_leave(
                Event.CLOSED, "the application has closed the session", code, reason
            )

    def depart(self) -> None:
        """The client has left for good."""
        if self.state is not State.GONE:
            self._end_and_leave(Event.LEFT, "the client has left", 1000, "left")

    def renewed(self, remaining: float | None) -> None:
        """The client has shown credentials.

        :param remaining: seconds for which they hold; None: for as long as the session does.
        """
        if self._token_timer is not None:
            self._token_timer.cancel()
            self._token_timer = None
        if remaining is not None and self._keeper is not None:
            self._token_timer = self._keeper.token_timer(remaining, self._credentials_ended)

    def _credentials_ended(self) -> None:
        """The client may come back with others."""
        self._token_timer = None
        carrier = self._carrier
        if carrier is not None:
            self.lost(carrier)
            carrier.leave(int(CloseCode.CREDENTIALS_EXPIRED), "the credentials have expired")

    def overflow(self, reason: str, last: Entry | None = None) -> None:
        """The client takes too little of what is sent to it; nothing is kept for it any more.

        :param reason: which it is told when it comes back.
        :param last: what there was no room for.
        """
        code = int(CloseCode.SLOW_READER)
        self._end_and_leave(Event.OVERFLOWED, reason, code, "slow reader", last)

    def _end_and_leave(
        self, event: Event, why: str, code: int, reason: str, last: Entry | None = None
    ) -> None:
        """Nothing is kept any more, and the connection is closed, whatever comes of the end."""
        carrier, self._carrier = self._carrier, None
        try:
            self._end(event, why, last)
        finally:
            if carrier is not None:
                carrier.leave(code, reason)

    def _end(self, event: Event, reason: str, last: Entry | None = None) -> None:
        """Nothing is kept any more.

        :param last: what there was no room for.
        """
        self.state = after(self.state, event)
        if self._token_timer is not None:
            self._token_timer.cancel()
            self._token_timer = None
        keeper, outbox = self._keeper, self._outbox
        self._outbox = self._transport = self.straight = None
        held = [] if outbox is None else outbox.close(reason)
        if last is not None:
            held.append(last)
        if keeper is not None:
            keeper.ended(self, held, event, reason)
        if outbox is not None:
            self._settle(outbox)


def _tell_in_time(timer: Timer, told: Told, ending: Ending) -> None:
    """Tell an ending that nobody has to wait for any longer."""
    timer.cancel()
    told(ending)


def notice(dialect: Dialect, missed: int) -> Entry:
    """The message that tells a client how many pushes were dropped in its place."""
    body = dialect.push(Push("~/dropped", {"count": missed}))
    return Entry(body, len(body))
