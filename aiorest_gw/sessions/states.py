"""What becomes of a session: every state, and every event that leads from one to another, in one table.

The diagram in the documents is drawn from it.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["TRANSITIONS", "Event", "State", "after"]


class State(Enum):
    """Whether a client is there."""

    #: It has a connection.
    OPEN = "open"
    #: It has none, and may come back: all is kept for it.
    AWAY = "away"
    #: It will not come back, and nothing is kept.
    GONE = "gone"


class Event(Enum):
    """What can happen to a session."""

    #: Its connection was lost, or closed with a code that means "come back".
    CUT = "cut"
    #: The connection of a session that is not kept was lost.
    LOST = "lost"
    #: Its client came back on another connection; one that is there still is taken over.
    RESUMED = "resumed"
    #: Its client left for good.
    LEFT = "left"
    #: The application closed it.
    CLOSED = "closed"
    #: More waited for it than may.
    OVERFLOWED = "overflowed"
    #: Nobody came back in time.
    EXPIRED = "expired"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.OPEN, Event.CUT): State.AWAY,
    (State.OPEN, Event.LOST): State.GONE,
    (State.OPEN, Event.RESUMED): State.OPEN,
    (State.OPEN, Event.LEFT): State.GONE,
    (State.OPEN, Event.CLOSED): State.GONE,
    (State.OPEN, Event.OVERFLOWED): State.GONE,
    (State.AWAY, Event.RESUMED): State.OPEN,
    (State.AWAY, Event.LEFT): State.GONE,
    (State.AWAY, Event.CLOSED): State.GONE,
    (State.AWAY, Event.OVERFLOWED): State.GONE,
    (State.AWAY, Event.EXPIRED): State.GONE,
}


def after(state: State, event: Event) -> State:
    """The state that an event leads to.

    :raises ValueError: it cannot happen in this state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ValueError(f"a session that is {state.value} cannot be {event.value}") from None
