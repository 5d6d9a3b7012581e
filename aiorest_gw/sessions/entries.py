"""A message that waits for one client, or for its acknowledgement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .outbox import Ending, Policy

__all__ = ["Entry"]


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
