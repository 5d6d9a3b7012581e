"""A client of the v1 dialect: what it sends and gets is numbered, and outlives its connections."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from ..errors import CloseCode, ServiceUnavailable, UnwritableMessage
from ..wire.dialects import V1Dialect
from ..wire.prepared import Prepared
from .entries import Ending, Entry
from .outbox import Outbox
from .session import Carrier, Keeper, Session
from .states import Event, State, after
from .surroundings import Timer

if TYPE_CHECKING:
    from ..messages import Message

__all__ = [
    "NeverSent", "ResumableSession", "ResumeRefused", "Verdict", "Work", "checked_object", "same_secret",
]  # fmt: skip


class Verdict(Enum):
    """What is to be done with a request, by its id."""

    #: It is the next one.
    RUN = auto()
    #: It came already; it is not run again, and its answer is on its way or has arrived.
    AGAIN = auto()
    #: One before it is missing: the dialect's rules are broken.
    GAP = auto()


class NeverSent(Exception):
    """A client acknowledges what it cannot have; the text says what."""


class ResumeRefused(Exception):
    """A session cannot go on where it stopped; the text says why."""


def same_secret(known: str, shown: str) -> bool:
    """Whether two secrets are the same; takes as long wherever they differ."""
    return hmac.compare_digest(known.encode(), shown.encode(errors="replace"))


def checked_object(message: Any) -> None:
    """
    :raises UnwritableMessage: it is no message of the dialect.
    """
    if not isinstance(message, dict):
        raise UnwritableMessage("an object", "in the v1 dialect it is a dictionary")


class Work(Protocol):
    """What is being done for a session, whoever does it."""

    def ask(self, request: Message, binary: bool, size: int) -> None:
        """Take a request."""

    def refuse(self, error: Exception, event_name: Any, id: Any, binary: bool, size: int) -> None:
        """Answer a request that could not be read."""

    def cancel(self, id: Any) -> None:
        """The client wants no answer to a request any more."""

    def answered(self, message: Message) -> None:
        """The client has answered a request of ours."""

    def again(self) -> None:
        """The client is back: ask again what it has not answered."""

    def go_on(self) -> None:
        """There may be room for more requests."""

    async def request(self, method: str, url: str, **options: Any) -> Any:
        """Ask the client."""

    def close(self) -> None:
        """End it: nobody waits for it any more."""


@attrs.define(eq=False)
class ResumableSession(Session):
    """A client across its connections.

    :ivar secret: whoever knows it, and nobody else, may resume.
    :ivar origin: the address that it is counted under while it is away; None: under none.
    :ivar received: the highest id of a request that was taken.
    :ivar work: the requests that are open; ended with the session.
    """

    secret: str = attrs.field(factory=lambda: secrets.token_urlsafe(32), init=False, repr=False)
    origin: str | None = attrs.field(default=None, init=False, repr=False)
    received: int = attrs.field(default=0, init=False)
    work: Work | None = attrs.field(default=None, init=False, repr=False)
    # Called, and forgotten, when there is room for more.
    _for_room: list[Callable[[], None]] = attrs.field(factory=list, init=False, repr=False)
    away_timer: Timer | None = attrs.field(default=None, init=False, repr=False)

    @classmethod
    def instead_of(cls, other: Session, dialect: V1Dialect, keeper: Keeper) -> ResumableSession:
        """A session that a connection's first one becomes."""
        made = cls(other.session_id, other.peer, other.data, other.user)
        made._dialect = dialect
        made._keeper = keeper
        made._outbox = keeper.make_outbox(dialect, retains=True)
        return made

    @property
    def resume_token(self) -> str:
        """What the client shows to resume: where the session is found, and its secret."""
        return f"{self.session_id}.{self.secret}"

    @property
    def dialect(self) -> V1Dialect:
        """How its messages are written."""
        assert isinstance(self._dialect, V1Dialect)
        return self._dialect

    @property
    def outbox(self) -> Outbox:
        """What is on its way to it, until it has ended."""
        assert self._outbox is not None
        return self._outbox

    @property
    def octets(self) -> int:
        """Bytes that are on their way."""
        return 0 if self._outbox is None else self._outbox.octets

    @property
    def unacknowledged(self) -> int:
        """How many messages were sent, or wait, and were not acknowledged."""
        return 0 if self._outbox is None else len(self._outbox)

    # -- from the client

    def accept(self, id: int) -> Verdict:
        """Take note of a request's id: each counts up by one, for the life of the session."""
        if id == self.received + 1:
            self.received = id
            return Verdict.RUN
        return Verdict.AGAIN if id <= self.received else Verdict.GAP

    def acknowledge(self, seq: int) -> None:
        """The client has all messages up to a number.

        :raises NeverSent: it was never sent.
        """
        outbox = self.outbox
        try:
            outbox.acknowledge(seq)
        except ValueError as error:
            raise NeverSent(str(error)) from None
        if outbox.told or self._for_room or not outbox.idle:
            self.go_on()
        if self.work is not None:
            self.work.go_on()

    # -- as fast as the client reads

    @property
    def has_room(self) -> bool:
        """Whether the client is there, reads, and acknowledges what it has read."""
        carrier, outbox = self._carrier, self._outbox
        there = carrier is not None and carrier.free and outbox is not None and outbox.idle
        return there and not self.half_full

    @property
    def half_full(self) -> bool:
        """Whether half of what may be is on its way, or more."""
        return self._outbox is not None and self._outbox.half_full

    def when_room(self, callback: Callable[[], None]) -> None:
        """Call something when there is room, or the session has ended."""
        self._for_room.append(callback)

    def go_on(self) -> None:
        super().go_on()
        if self._for_room and self.has_room:
            self._tell_of_room()

    def _tell_of_room(self) -> None:
        callbacks, self._for_room = self._for_room, []
        for callback in callbacks:
            callback()

    # -- requests of the application

    async def request(self, method: str, url: str, **options: Any) -> Any:
        self._check_thread("request")
        if self.work is None:
            raise ServiceUnavailable("The session has ended.")
        return await self.work.request(method, url, **options)

    # -- to the client

    def _has_transport(self, transport: Any) -> None:
        self._transport = transport

    def deliver_numbered(self, message: Prepared) -> bool:
        transport = self._transport
        if transport is None:
            return False
        # A session that has a transport has both of these.
        dialect: Any = self._dialect
        outbox: Any = self._outbox
        body = message.body(dialect)
        seq = outbox.number(body)
        if not seq:
            return False
        transport.write(dialect.frame(body, seq))
        return True

    def send_object(self, message: Any) -> None:
        self._check_thread("send_object")
        checked_object(message)
        super().send_object(message)

    def send_told(self, body: bytes, told: Callable[[Ending], None]) -> None:
        """Send what is never dropped, and tell what became of it."""
        self._send(Entry(body, len(body), told=told), False)

    def _pass_on(self, body: bytes) -> bool:
        carrier, outbox = self._carrier, self._outbox
        if carrier is None or outbox is None:
            return False
        straight = self._transport is not None
        if not (straight or carrier.free):
            return False
        seq = outbox.number(body)
        if not seq:
            return False
        dialect: Any = self._dialect
        if straight:
            carrier.carry_straight(dialect.numbered(body, seq), dialect.binary)
        else:
            carrier.carry(dialect.numbered(body, seq), dialect.binary)
        return True

    def _carry(self, carrier: Carrier, entry: Entry) -> None:
        dialect = self.dialect
        carrier.carry(dialect.numbered(entry.body, entry.seq), dialect.binary)

    def _forget_outbox(self) -> None:
        """It counts on."""

    # -- its course

    def _end(self, event: Event, reason: str, last: Entry | None = None) -> None:
        if self.away_timer is not None:
            self.away_timer.cancel()
            self.away_timer = None
        work, self.work = self.work, None
        super()._end(event, reason, last)
        if work is not None:
            work.close()
        self._tell_of_room()

    def lost(self, carrier: Carrier) -> None:
        if carrier is self._carrier:
            self._carrier = self._transport = None
            self.state = after(self.state, Event.CUT)
            if self._keeper is not None:
                self._keeper.away(self)

    def check_resume(self, ack: int, dialect: V1Dialect) -> None:
        """Whether it can go on behind a message.

        :param ack: the highest number that the client has.
        :raises ResumeRefused: it cannot.
        """
        outbox = self.outbox
        if dialect is not self._dialect:
            raise ResumeRefused("the session was opened with another subprotocol")
        if ack < outbox.acknowledged:
            raise ResumeRefused("what follows that number is not kept any more")
        if ack > outbox.seq:
            raise ResumeRefused("that number was never sent")

    def resume(self, carrier: Carrier, ack: int, answer: Callable[[], None]) -> None:
        """The client is back on another connection.

        :param ack: as it was checked.
        :param answer: sends what tells it so, before all else.
        """
        if self.away_timer is not None:
            self.away_timer.cancel()
            self.away_timer = None
        if self._keeper is not None:
            self._keeper.back(self)
        before, self._carrier = self._carrier, None
        self._transport = None
        self.state = after(self.state, Event.RESUMED)
        try:
            if before is not None:
                before.leave(int(CloseCode.TAKEN_OVER), "another connection took the session over")
            self.outbox.rewind(ack)
            answer()
        finally:
            # Where that failed, it is away again when the connection is closed.
            self._carrier = carrier
        self.go_on()
        if self.work is not None:
            self.work.go_on()

    def give_up(self, reason: str = "the client was away for too long") -> None:
        """It is not kept any longer, if its client is away."""
        if self.state is State.AWAY:
            self._end(Event.EXPIRED, reason)
