"""The connection that a page has now, whatever it is: a session of a gateway, or what has a ``send``."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..arguments import takes
from ..server.awaiting import begun
from ..sessions.entries import Ending, Outcome, Policy
from ..sessions.resumable import ResumableSession
from ..sessions.session import Session
from ..sessions.states import State
from ..sessions.surroundings import Timer
from ..sessions.terms import Terms
from .arguments import is_made
from .messages import PreparedPage

__all__ = ["Done", "Link", "SendTimeout", "link_to", "nothing"]

# Takes how a message ended, or the error with which its connection failed.
Done = Callable[[Ending | BaseException], None]
# Calls something after so many seconds.
Later = Callable[[float, Callable[[], None]], Timer]

_WRITTEN = Ending(Outcome.WRITTEN)
_TERMS = Terms(Policy.DROP_OLDEST)
# Messages that a client of the v1 dialect may leave unacknowledged before it is sent more.
_UNACKNOWLEDGED = 64


class SendTimeout(Exception):
    """The connection did not take a message in time."""


class SessionEnded(Exception):
    """The session of a page is gone."""


class Link(Protocol):
    """What a channel sends over.

    :ivar transport: as the application knows it.
    :ivar most: messages that may be on their way at the same time.
    """

    transport: Any
    most: int

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent over it any more."""

    @property
    def connected(self) -> bool:
        """Whether the page is there."""

    def send(self, page: PreparedPage, done: Done) -> Callable[[], None]:
        """Send a message.

        :param done: is called once, perhaps before this returns.
        :returns: gives it up, if it is not done.
        :raises Exception: it cannot be sent.
        """


def link_to(transport: Any, later: Later, timeout: float) -> Link:
    """What sends over a transport.

    :param transport: a session, or an object with a ``send``.
    :param later: sets timers.
    :param timeout: seconds that a ``send`` which is awaited may take.
    :raises TypeError: it is neither.
    """
    if isinstance(transport, Session):
        return _SessionLink(transport)
    if not is_made(transport, "send") or not takes(transport.send, "text"):
        raise TypeError(f"a transport is a Session or has a send(text): {transport!r} is not")
    return _SendingLink(transport, later, timeout)


def nothing() -> None:
    """There is nothing to be given up."""


class _SessionLink:
    """A session: a plain one tells when it has written, one of v1 when its client has acknowledged."""

    def __init__(self, session: Session) -> None:
        self.transport = session
        self.most = _UNACKNOWLEDGED if isinstance(session, ResumableSession) else 1

    @property
    def closed(self) -> bool:
        return self.transport.state is State.GONE

    @property
    def connected(self) -> bool:
        return self.transport.connected

    def send(self, page: PreparedPage, done: Done) -> Callable[[], None]:
        session = self.transport

        def told(ending: Ending) -> None:
            # What a session had to drop is told as that; what ended with it goes to the next one.
            delivered = ending.outcome in (Outcome.WRITTEN, Outcome.DELIVERED)
            gone = session.state is State.GONE and not delivered
            done(SessionEnded(ending.reason) if gone else ending)

        session.deliver(page, _TERMS, told)
        return nothing


class _SendingLink:
    """An object with a ``send(text)`` that returns, or whose result is awaited."""

    most = 1

    def __init__(self, transport: Any, later: Later, timeout: float) -> None:
        self.transport = transport
        self._later = later
        self._timeout = timeout

    @property
    def closed(self) -> bool:
        state = getattr(self.transport, "state", None)  # of the ``websockets`` library
        return getattr(self.transport, "closed", False) is True or (
            getattr(state, "name", "") in ("CLOSING", "CLOSED")
        )

    @property
    def connected(self) -> bool:
        return not self.closed

    def send(self, page: PreparedPage, done: Done) -> Callable[[], None]:
        sending = self.transport.send(page.text)
        if isawaitable(sending):
            sending = begun(sending)
        if not isinstance(sending, Deferred):
            done(_WRITTEN)
            return nothing
        return self._watch(sending, done)

    def _watch(self, sending: Deferred[Any], done: Done) -> Callable[[], None]:
        """Wait until a message is sent, for as long as it may take."""

        over = False

        def give_up() -> None:
            nonlocal over
            if not over:
                over = True
                timer.cancel()
                sending.cancel()

        def too_slow() -> None:
            give_up()
            done(SendTimeout())

        def ended(result: Any) -> None:
            nonlocal over
            if not over:
                over = True
                timer.cancel()
                error = result.value if isinstance(result, Failure) else None
                done(_WRITTEN if error is None else error)

        timer = self._later(self._timeout, too_slow)
        sending.addBoth(ended)
        return give_up
