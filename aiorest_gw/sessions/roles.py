"""Whom a session works with: the connection that carries it, and whoever keeps it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from ..wire.dialects import Dialect
from ..wire.prepared import Prepared
from .entries import Entry
from .outbox import Outbox
from .states import Event
from .surroundings import Surroundings, Timer

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Carrier", "Keeper"]


class Carrier(Protocol):
    """The connection that a session has now."""

    @property
    def free(self) -> bool:
        """Whether it takes more: it is open, and its peer reads."""

    def carry(self, body: bytes, binary: bool) -> None:
        """Send a message, in a binary frame or in one of text."""

    def carry_straight(self, body: bytes, binary: bool) -> None:
        """The same, where it is known that nothing but its own batch is before it."""

    def carry_prepared(self, message: Prepared) -> bool:
        """Send a push of the plain dialect.

        :returns: False where it takes no more.
        """

    def leave(self, code: int, reason: str) -> None:
        """Close the connection in order."""


class Keeper(Protocol):
    """Who keeps sessions."""

    @property
    def surroundings(self) -> Surroundings:
        """Whoever runs it."""

    def now(self) -> float:
        """The time, in seconds."""

    def make_outbox(self, dialect: Dialect, retains: bool) -> Outbox:
        """An outbox with the bounds of this gateway."""

    def away(self, session: Any) -> None:
        """The client of a session that may be resumed is away."""

    def back(self, session: Any) -> None:
        """The client of a session that may be resumed is back."""

    def expire_later(self, session: Session, entry: Entry, ttl: float) -> Timer:
        """Tell the session when the time of a push is over."""

    def token_timer(self, remaining: float, function: Callable[[], None]) -> Timer:
        """Call something when credentials are over, and the grace behind them."""

    def dropped(self, count: int) -> None:
        """So many pushes were dropped."""

    def ended(self, session: Session, held: list[Entry], event: Event, reason: str) -> None:
        """A session is gone; this was not acknowledged."""

    def join(self, session: Session, topic: str, since: Any) -> Awaitable[Any]:
        """Subscribe a session to a topic."""

    def leave(self, session: Session, topic: str) -> Awaitable[bool]:
        """The opposite."""
