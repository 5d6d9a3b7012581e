"""One channel to a page: what is sent while the page is not there waits, and nothing overtakes it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from types import TracebackType
from typing import Any

from ..arguments import checked_callable, checked_number, checked_seconds
from ..errors import SerializerError
from ..sessions.entries import TOO_LATE, Ending, Entry, Outcome, Policy
from ..sessions.outbox import Outbox
from ..sessions.receipts import Receipt
from ..sessions.surroundings import CountedWarning, Surroundings
from .arguments import (
    checked_message,
    checked_policy,
    checked_surroundings,
    policy_of_message,
)
from .expected import Expected
from .links import Link, link_to, nothing
from .messages import PageMessage, PreparedPage
from .surroundings import surroundings_here

__all__ = ["FrontEndWebSocketDispatcher"]


class _State(Enum):
    #: Not started: all waits.
    NEW = auto()
    RUNNING = auto()
    #: What is there may still go out, nothing more is taken.
    LEAVING = auto()
    STOPPED = auto()


_SENDING = (_State.RUNNING, _State.LEAVING)
_STOPPED = Ending(Outcome.DROPPED, "the channel has been stopped")
_UNWRITABLE = Ending(Outcome.DROPPED, "it cannot be written for this page")
# What fills the outbox's place for a number of dropped messages, where the page is not told.
_UNTOLD = None


class FrontEndWebSocketDispatcher:
    """Sends messages to a page, over whichever connection it has now.

    Where the page is not connected, messages wait; with the next connection they go out first and in
    order. A message whose sending failed is the first to be sent over the next connection, so that a
    page may get it twice, if the connection had taken it after all.

    ``async with`` starts it, and stops it: then what waits is given ``leave_timeout`` to go out where
    the page is connected, and its receipts are told as expired otherwise. It runs once.

    :param transport: the page's connection, as :meth:`update_transport` takes it.
    :param buffer_size: messages that may wait, of which the one that is being sent is one.
    :param buffer_octets: their bytes; a larger one is taken where nothing else waits.
    :param policy: what becomes of a message that finds no room: ``DROP_OLDEST``, ``DROP_NEWEST`` or
        ``COALESCE`` (those without a key as ``DROP_OLDEST``), or the name of one. Each is counted in a
        warning, which is logged once a second at most.
    :param dropped: makes the message that tells the page how many were dropped in its place; None: the
        page is not told.
    :param send_timeout: seconds after which a connection that does not take a message is given up.
    :param leave_timeout: seconds that stopping may wait for what is still to be sent.
    :param surroundings: time and timers: a gateway's ``manager.surroundings``,
        :func:`loop_surroundings` or :func:`reactor_surroundings`; None: the loop of asyncio's that runs
        when they are first needed, else Twisted's reactor.
    :raises ValueError: the policy, a size or a time is none.
    :raises TypeError: the transport, ``dropped`` or the surroundings are none.
    """

    def __init__(
        self,
        transport: Any = None,
        buffer_size: int = 1_000,
        *,
        buffer_octets: int = 1_048_576,
        policy: Policy | str = Policy.DROP_OLDEST,
        dropped: Callable[[int], PageMessage] | None = None,
        send_timeout: float = 20.0,
        leave_timeout: float = 2.0,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._policy = checked_policy(policy)
        self._make_notice = (
            None if dropped is None else checked_callable("dropped", dropped, "count")
        )
        self._send_timeout = checked_seconds("send_timeout", send_timeout)
        self._leave_timeout = checked_seconds("leave_timeout", leave_timeout)
        self._surroundings = checked_surroundings(surroundings)
        self._state = _State.NEW
        self._outbox = Outbox(
            checked_number("buffer_size", buffer_size),
            checked_number("buffer_octets", buffer_octets),
            retains=True,
            notice=self._notice,
        )
        self._warning = CountedWarning(
            lambda: self.surroundings,
            "{count} messages to a page were dropped: too much waited for it",
        )
        self._warned = 0
        self._link = self._link_to(transport)
        # By their numbers: what gives up those that are on their way.
        self._sending: dict[int, Callable[[], None]] = {}
        # Numbers of those that have ended while one before them has not.
        self._ended: set[int] = set()
        self._going_on = False
        self._left: Expected | None = None

    def __repr__(self) -> str:
        there = "page connected" if self.connected else "page away"
        return f"<FrontEndWebSocketDispatcher: {self._state.name}, {there}, {self.waiting} waiting>"

    @property
    def surroundings(self) -> Surroundings:
        """Time and timers."""
        if self._surroundings is None:
            self._surroundings = surroundings_here()
        return self._surroundings

    @property
    def waiting(self) -> int:
        """How many messages wait, or are being sent."""
        return len(self._outbox)

    @property
    def dropped(self) -> int:
        """How many messages found no room, or were pushed out by others."""
        return self._outbox.dropped

    @property
    def transport(self) -> Any:
        """The connection that the page has now, or None."""
        return None if self._link is None else self._link.transport

    @property
    def connected(self) -> bool:
        """Whether the page is there, as far as is known."""
        return self._link is not None and self._link.connected

    # -- messages

    def submit(
        self,
        message: PageMessage,
        *,
        policy: Policy | str | None = None,
        key: str | None = None,
        ttl: float | None = None,
    ) -> Receipt:
        """Send a message, now or when the page is there. Nothing waits for that.

        :param policy: instead of the channel's.
        :param key: of those that take each other's place (``Policy.COALESCE``).
        :param ttl: seconds after which it need not be sent any more; None: it is always worth sending.
        :returns: may be awaited, for the :class:`~aiorest_gw.sessions.entries.Ending`: written (by a
            client of the v1 dialect: delivered), dropped or expired.
        :raises SerializerError: it cannot be written.
        :raises TypeError: it is no message.
        :raises ValueError: the policy, key or time is none.
        """
        page = PreparedPage(checked_message(message))
        policy = policy_of_message(policy, key, self._policy)
        expires = None
        if ttl is not None:
            expires = self.surroundings.now() + checked_seconds("ttl", ttl)
        receipt = Receipt(lambda: self.surroundings, single=True)
        told = receipt.expect("page")
        receipt.complete()
        if self._state in (_State.LEAVING, _State.STOPPED):
            told(_STOPPED)
            return receipt
        entry = Entry(page, page.size, policy, key, expires, told)
        self._outbox.put(entry)
        self._warn_of_dropped()
        self._go_on()
        if ttl is not None and not receipt.done:
            receipt.when_done(self.surroundings.later(ttl, self._expire, entry).cancel)
        return receipt

    def _warn_of_dropped(self) -> None:
        if self._state is not _State.NEW:  # before that, there may be nobody to set a timer with
            self._warning.add(self._outbox.dropped - self._warned)
            self._warned = self._outbox.dropped

    def _notice(self, missed: int) -> Entry:
        try:
            if self._make_notice is not None:
                page = PreparedPage(self._make_notice(missed))
                return Entry(page, page.size)
        except BaseException:  # sys.exit() in it ends no gateway
            self.surroundings.failure("what tells a page of dropped messages failed")
        return Entry(_UNTOLD, 0)

    def _expire(self, entry: Entry) -> None:
        """The time of a message is over; one that is on its way may still arrive."""
        self._outbox.expire(entry)
        if entry.seq and entry.seq not in self._sending:
            self._tell_of(entry, TOO_LATE)
        self._settle()

    # -- the connection of the page

    def update_transport(self, transport: Any) -> Expected:
        """The page has this connection now: what waits goes out over it.

        :param transport: a :class:`~aiorest_gw.Session`, or an object with a ``send(text)``, which may
            be a coroutine function; None: the page is not there.
        :returns: may be awaited, which takes no time, for the connection that the page had until now,
            None where it was lost before: whoever accepted it may want to close it.
        :raises TypeError: it is neither.
        """
        before = self.transport
        if transport is not before:
            self._replace(transport)
        self._go_on()
        replaced = Expected(lambda: self.surroundings.waiting())
        replaced.succeed(before if before is not transport else None)
        return replaced

    def lost(self, transport: Any) -> None:
        """A connection is lost; it may be one that the page has not any more, then nothing happens."""
        if transport is not None and transport is self.transport:
            self._replace(None)
            self._go_on()

    def _replace(self, transport: Any) -> None:
        link = self._link_to(transport)
        if link is not None and self.connected and self._state is _State.RUNNING:
            self.surroundings.warn("a page took over the channel of another one that is connected")
        self._let_go()
        if self._state is not _State.STOPPED:
            self._link = link

    def _link_to(self, transport: Any) -> Link | None:
        if transport is None:
            return None
        return link_to(
            transport,
            lambda seconds, function: self.surroundings.later(seconds, function),
            self._send_timeout,
        )

    def _let_go(self) -> None:
        """What was on its way over the connection is the first to be sent over the next one."""
        self._link = None
        sending, self._sending = self._sending, {}
        self._outbox.rewind(self._outbox.acknowledged)
        for give_up in sending.values():
            give_up()

    def _failed(self, link: Link, error: BaseException) -> None:
        if link is self._link:
            self._let_go()
            self.surroundings.warn(
                "the connection of a page was given up: {error}", error=type(error).__name__
            )

    # -- sending

    @property
    def _may_send(self) -> bool:
        link = self._link
        if link is not None and link.closed:
            self._let_go()
        return (
            self._link is not None
            and self._state in _SENDING
            and len(self._sending) < self._link.most
        )

    def _go_on(self) -> None:
        """Send what may be sent now."""
        if self._going_on:
            return
        self._going_on = True
        try:
            while self._may_send:
                entry = self._outbox.take(self.surroundings.now())
                if entry is None:
                    break
                self._send(entry)
        finally:
            self._going_on = False
        self._settle()

    def _send(self, entry: Entry) -> None:
        """Send what was taken, if it is still to be sent."""
        link, seq = self._link, entry.seq
        assert link is not None
        if seq in self._ended or entry.body is _UNTOLD:
            self._end(entry, None)
            return
        if entry.expires is not None and entry.expires <= self.surroundings.now():
            self._end(entry, TOO_LATE)
            return
        self._sending[seq] = nothing  # yet
        try:
            give_up = link.send(entry.body, partial(self._done, link, entry))
        except SerializerError:  # in the dialect of this page
            self.surroundings.failure("a message to a page cannot be written")
            self._done(link, entry, _UNWRITABLE)
        except Exception as error:
            self._failed(link, error)
        else:
            if link is not self._link:
                give_up()  # it was taken from under the sending
            elif seq in self._sending:
                self._sending[seq] = give_up

    def _done(self, link: Link, entry: Entry, ending: Ending | BaseException) -> None:
        if link is not self._link or self._sending.pop(entry.seq, None) is None:
            return  # it was given up before
        if isinstance(ending, Ending):
            self._end(entry, ending)
        else:
            self._failed(link, ending)
        self._go_on()

    def _end(self, entry: Entry, ending: Ending | None) -> None:
        """A message is sent, or need not be."""
        if ending is not None:
            self._tell_of(entry, ending)
        self._ended.add(entry.seq)
        while (first := self._outbox.acknowledged + 1) in self._ended:
            self._ended.remove(first)
            self._outbox.acknowledge(first)

    def _tell_of(self, entry: Entry, ending: Ending) -> None:
        told, entry.told = entry.told, None
        if told is not None:
            self._outbox.told.append((told, ending))

    def _settle(self) -> None:
        """Tell the endings; whoever hears of one may send something more."""
        told, self._outbox.told = self._outbox.told, []
        for tell, ending in told:
            tell(ending)
        if self._left is not None and (self._link is None or not len(self._outbox)):
            self._left.succeed(None)

    # -- its life

    async def __aenter__(self) -> FrontEndWebSocketDispatcher:
        """Start it.

        :raises RuntimeError: it was started before.
        """
        if self._state is not _State.NEW:
            raise RuntimeError("a channel is started once")
        self._state = _State.RUNNING
        self._warn_of_dropped()
        self._go_on()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        if self._state is not _State.RUNNING:
            return
        self._state = _State.LEAVING
        try:
            if len(self._outbox) and self.connected:
                await self._all_is_sent()
        finally:
            self._stop()

    async def _all_is_sent(self) -> None:
        """Wait until nothing waits, or the page is not there, but not for long."""
        left = self._left = Expected(lambda: self.surroundings.waiting())
        timer = self.surroundings.later(self._leave_timeout, left.succeed, None)
        self._go_on()
        try:
            await left
        finally:
            timer.cancel()

    def _stop(self) -> None:
        self._state = _State.STOPPED
        self._left = None
        self._let_go()
        self._warning.tell()
        waited = len(self._outbox.close("the channel has been stopped"))
        if waited:
            self.surroundings.warn(
                "{count} messages to a page were not sent: the channel has been stopped",
                count=waited,
            )
        self._settle()
