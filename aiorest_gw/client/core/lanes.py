"""Events on their way to callbacks: off the reading path, in order, and no more than are allowed.

The events of one name are in one lane, and its callbacks run one after another. So one that waits, for
the answer of a command or for another event, holds up nothing but its own lane.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from .listeners import Listener
from .world import World

__all__ = ["Lanes"]

# Callbacks that run before whatever else there is to do gets its turn.
_TURN = 100


class _Lane(deque[tuple[Listener, Any]]):
    """What waits in it."""

    __slots__ = ("key",)

    def __init__(self, key: Hashable) -> None:
        super().__init__()
        self.key = key


class Lanes:
    """
    :param world: that the callbacks run in.
    :param called: is told after each callback that has ended, or is none any more.
    """

    def __init__(self, world: World[Any], called: Callable[[], None]) -> None:
        self._world = world
        self._called = called
        self._lanes: dict[Hashable, _Lane] = {}
        self._ready: deque[_Lane] = deque()
        self._going = False

    def put(self, key: Hashable, listener: Listener, event: Any) -> int:
        """Call a listener when those before it in its lane have ended.

        :returns: how many there are in the lane now.
        """
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(key)
            self._make_ready(lane)
        lane.append((listener, event))
        return len(lane)

    def drop_oldest(self, key: Hashable) -> None:
        """Of those in a lane that are not called yet."""
        self._lanes[key].popleft()
        self._called()

    def _make_ready(self, lane: _Lane) -> None:
        self._ready.append(lane)
        if not self._going:
            self._going = True
            self._world.soon(self._go)

    def _go(self) -> None:
        for _ in range(_TURN):
            if not self._ready:
                break
            lane = self._ready.popleft()
            if not lane:
                del self._lanes[lane.key]
            elif self._call(lane):
                self._ready.append(lane)
        self._going = bool(self._ready)
        if self._going:
            self._world.soon(self._go)

    def _call(self, lane: _Lane) -> bool:
        """Call the next one of a lane.

        :returns: whether it has ended.
        """
        listener, event = lane.popleft()
        if not listener.removed:
            try:
                result = listener.callback(event)
            except Exception:
                self._failed(listener)
            else:
                if self._world.awaitable(result):
                    self._world.begin(result, partial(self._ended, lane))
                    return False
        self._called()
        return True

    def _ended(self, lane: _Lane) -> None:
        self._called()
        self._make_ready(lane)

    def _failed(self, listener: Listener) -> None:
        self._world.failure("a callback for {event_name} failed", event_name=listener.event_name)
