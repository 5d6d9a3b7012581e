"""A message that waits for one client, or for its acknowledgement, and how it may end."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import attrs

__all__ = ["TOO_LATE", "Ending", "Entry", "Outcome", "Policy"]


class Policy(Enum):
    """What becomes of a push that would make an outbox too full."""

    #: The oldest pushes that may be dropped make room for it.
    DROP_OLDEST = "drop_oldest"
    #: It is dropped itself.
    DROP_NEWEST = "drop_newest"
    #: It takes the place of the one with its key, full or not, if there is room for it then; where there
    #: is none, as ``DROP_OLDEST``.
    COALESCE = "coalesce"
    #: The client is closed with 4002, and what was kept for it is gone, which it is told.
    CLOSE = "close"


class Outcome(Enum):
    """How a push ended for one client."""

    #: The client has acknowledged it.
    DELIVERED = "delivered"
    #: It was handed to the connection of a client of the plain dialect, which acknowledges nothing.
    WRITTEN = "written"
    #: It was given up, for a reason that is told.
    DROPPED = "dropped"
    #: Its time, or that of the client's session, was over before the client had acknowledged it.
    EXPIRED = "expired"


@attrs.frozen
class Ending:
    """How a push ended for one client, and why.

    :param reason: of those that were not delivered.
    """

    outcome: Outcome
    reason: str = ""


TOO_LATE = Ending(Outcome.EXPIRED, "its time was over")


class Entry:
    """A message for one client.

    :param body: as it is sent, but for its number.
    :param size: of that, in bytes.
    :param policy: of a push; None for what is never dropped (answers, requests).
    :param key: of those that take each other's place.
    :param expires: the time from which on it need not be sent any more.
    :param told: takes the :class:`Ending` of a push whose publisher wants to know it.
    :param letter: that it is, which goes to another session of its user, if this one ends.
    :param binary: whether it goes into a binary frame, in the plain dialect.
    :ivar seq: its number, once it was given to a connection.
    :ivar missed: how many were dropped right before it.
    """

    __slots__ = (
        "binary", "body", "expires", "key", "letter", "missed", "policy", "seq", "size", "told",
    )  # fmt: skip

    def __init__(
        self,
        body: Any,
        size: int,
        policy: Policy | None = None,
        key: str | None = None,
        expires: float | None = None,
        told: Callable[[Ending], None] | None = None,
        letter: Any = None,
        binary: bool = False,
    ) -> None:
        self.binary = binary
        self.body = body
        self.size = size
        self.policy = policy
        self.key = key
        self.expires = expires
        self.told = told
        self.letter = letter
        self.seq = 0
        self.missed = 0
