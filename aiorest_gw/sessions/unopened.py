"""A client of the v1 dialect whose connection is there, and which has not opened its session yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from ..errors import ServiceUnavailable, checked_close
from ..wire.dialects import V1Dialect
from ..wire.prepared import Prepared
from .entries import Ending, Outcome
from .letters import Letter
from .resumable import ResumableSession, checked_object
from .session import Carrier, Session, Told
from .states import Event, State, after
from .terms import Terms

__all__ = ["UnopenedSession"]

_NEVER_OPENED = Ending(Outcome.DROPPED, "its session was never opened")


@attrs.define(eq=False)
class UnopenedSession(Session):
    """What is sent to it goes to the session that its client opens, or comes back to, and so does all
    that is done with it from then on.

    :ivar most: pushes and objects that may wait for that.
    """

    most: int = attrs.field(default=0, init=False, repr=False)
    _opened: ResumableSession | None = attrs.field(default=None, init=False, repr=False)
    # What is to be done with the session; and who wants to know of it where there will be none.
    _waits: list[tuple[Callable[[Session], None], Told | None]] = attrs.field(
        factory=list, init=False, repr=False
    )

    @classmethod
    def of(cls, first: Session, dialect: V1Dialect, carrier: Carrier, most: int) -> UnopenedSession:
        """Of a connection.

        :param first: that it had during its handshake.
        """
        made = cls(first.session_id, first.peer, first.data, first.user)
        made._dialect = dialect
        made._carrier = carrier
        made.most = most
        return made

    def opened(self, session: ResumableSession) -> None:
        """The client has opened its session, or has come back to it."""
        self._opened = session
        waits, self._waits = self._waits, []
        for do, _ in waits:
            do(session)

    def lost(self, carrier: Carrier) -> None:
        """It ends with its connection; the client's session may not."""
        if self.state is State.OPEN:
            self._carrier = None
            self.state = after(self.state, Event.LOST)
            waits, self._waits = self._waits, []
            for _, told in waits:
                if told is not None:
                    told(_NEVER_OPENED)

    def _when_opened(self, do: Callable[[Session], None], told: Told | None = None) -> None:
        if self._opened is not None:
            do(self._opened)
        elif self.state is State.GONE:
            if told is not None:
                told(_NEVER_OPENED)
        elif len(self._waits) >= self.most:
            raise ServiceUnavailable("Too much waits for the session to be opened.")
        else:
            self._waits.append((do, told))

    def _has_transport(self, transport: Any) -> None:
        """Nothing goes to it past the opening."""

    def deliver(
        self,
        message: Prepared,
        terms: Terms,
        told: Told | None = None,
        letter: Letter | None = None,
    ) -> None:
        message.body(self._dialect)  # what cannot be written is told now
        self._when_opened(lambda session: session.deliver(message, terms, told, letter), told)

    def send(self, body: bytes, binary: bool = False) -> None:
        self._when_opened(lambda session: session.send(body, binary))

    def send_object(self, message: Any) -> None:
        checked_object(message)
        super().send_object(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        carrier = self._carrier
        if self._opened is not None:
            self._opened.close(code, reason)
        elif carrier is not None:
            code = checked_close(code, reason)
            self.lost(carrier)
            carrier.leave(code, reason)

    async def request(self, method: str, url: str, **options: Any) -> Any:
        return await self._there().request(method, url, **options)

    def join(self, topic: str, since: Any = None) -> Awaitable[Any]:
        return self._there().join(topic, since)

    def leave(self, topic: str) -> Awaitable[bool]:
        return self._there().leave(topic)

    def _there(self) -> ResumableSession:
        if self._opened is None:
            raise ServiceUnavailable("The client has not opened its session yet.")
        return self._opened
