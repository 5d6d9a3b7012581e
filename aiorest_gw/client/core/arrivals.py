"""The numbers of what came in a session, and how far that is acknowledged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...sessions.surroundings import Timer
from ..errors import ConnectionLost
from .opening import Limits
from .world import World

__all__ = ["Arrivals", "OutOfOrder"]

# Messages behind which one is acknowledged at the latest, and seconds.
_EACH = 100
_WITHIN = 0.5
# What a gateway may send beyond what it keeps, of its own accord.
_MOST_NOTICES = 100


class OutOfOrder(Exception):
    """What came is not what is next; the text says how."""


class Arrivals:
    """
    :param world: gives timers.
    :param acknowledge: sends an acknowledgement up to a number, and says whether that could be done.
    :ivar seq: the number of the last message that came.
    """

    def __init__(self, world: World[Any], acknowledge: Callable[[int], bool]) -> None:
        self._world = world
        self._send = acknowledge
        self._acknowledged = 0
        self._size = 0
        self._timer: Timer | None = None
        self.seq = 0
        self.bound(Limits())

    def bound(self, limits: Limits) -> None:
        """These are the gateway's bounds."""
        self._most_messages = max(1, min(_EACH, limits.max_outbox_messages // 4))
        self._most_size = max(1, limits.max_outbox_size // 4)
        self._most_kept = 2 * limits.max_outbox_messages + _MOST_NOTICES

    def take(self, seq: int | None, size: int) -> None:
        """A message came; it is acknowledged soon, and before the gateway keeps too many.

        :param size: bytes of it.
        :raises OutOfOrder: another one is the next.
        :raises ConnectionLost: the gateway heeds no acknowledgements.
        """
        if seq is None or seq != self.seq + 1:
            raise OutOfOrder(f"message {seq} came where {self.seq + 1} is the next")
        open_ones = seq - self._acknowledged
        if open_ones > self._most_kept:
            raise ConnectionLost("the gateway sends more than it says that it keeps", 1002)
        self.seq = seq
        self._size += size
        if open_ones >= self._most_messages or self._size >= self._most_size:
            self.acknowledge()
        elif self._timer is None:
            self._timer = self._world.later(_WITHIN, self._in_time)

    def _in_time(self) -> None:
        self._timer = None
        self.acknowledge()

    def acknowledge(self) -> None:
        """Acknowledge what came, if that may be and is not done."""
        if self.seq != self._acknowledged and self._send(self.seq):
            self.are_acknowledged()

    @property
    def open(self) -> int | None:
        """What may be acknowledged along with something else; None: all is."""
        return self.seq if self.seq != self._acknowledged else None

    def are_acknowledged(self) -> None:
        """All that came was acknowledged, on whichever way."""
        self._acknowledged = self.seq
        self._size = 0

    def begin_anew(self) -> None:
        """A new session counts anew."""
        self.seq = 0
        self.are_acknowledged()

    def end(self) -> None:
        """Nothing more comes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
