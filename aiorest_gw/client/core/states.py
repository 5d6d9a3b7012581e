"""What a client's connection may be, and what may follow on what."""

from __future__ import annotations

from enum import Enum

__all__ = ["TRANSITIONS", "State"]


class State(Enum):
    """Of a client's connection, whichever WebSocket it runs over."""

    CONNECTING = "connecting"
    """The first WebSocket is being made, and the session opened."""
    OPEN = "open"
    """What is asked is sent at once."""
    LOST = "lost"
    """The WebSocket is gone, or the next one could not be made; the next attempt waits."""
    RESUMING = "resuming"
    """Another WebSocket is being made, and the session resumed."""
    CLOSED = "closed"
    """Not begun yet, or over."""


TRANSITIONS: dict[State, frozenset[State]] = {
    State.CLOSED: frozenset({State.CONNECTING}),
    State.CONNECTING: frozenset({State.OPEN, State.CLOSED}),
    State.OPEN: frozenset({State.LOST, State.CLOSED}),
    State.LOST: frozenset({State.RESUMING, State.CLOSED}),
    State.RESUMING: frozenset({State.OPEN, State.LOST, State.CLOSED}),
}
