"""Events on their way to callbacks: off the reading path, in order, and no more than are allowed.

The events of one name are in one lane, and its callbacks run one after another. So one that waits, for
the answer of a command or for another event, holds up nothing but its own lane. The lanes that are not
held up are served in the order in which what is in them came, so that whoever hears of events with
several names hears of them as they happened.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from .listeners import Listener
from .world import World

__all__ = ["Lanes"]

# Callbacks that run before whatever else there is to do gets its turn.
_TURN = 100


class _Lane(deque[tuple[int, Listener, Any]]):
    """What waits in it, each with the number in the order of all that came."""

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
        # Each with the number of its first: those that have one, and wait for none that runs.
        self._ready: list[tuple[int, _Lane]] = []
        self._came = 0
        self._going = False

    def put(self, key: Hashable, listener: Listener, event: Any) -> int:
        """Call a listener when those before it in its lane have ended.

        :returns: how many there are in the lane now.
        """
        self._came += 1
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(key)
            lane.append((self._came, listener, event))
            self._make_ready(lane)
        else:
            lane.append((self._came, listener, event))
        return len(lane)

    def drop_oldest(self, key: Hashable) -> None:
        """Of those in a lane that are not called yet."""
        self._lanes[key].popleft()
        self._called()

    def _make_ready(self, lane: _Lane) -> None:
        """It is served again, unless nothing is left in it."""
        if not lane:
            del self._lanes[lane.key]
            return
        heapq.heappush(self._ready, (lane[0][0], lane))
        if not self._going:
            self._going = True
            self._world.soon(self._go)

    def _go(self) -> None:
        for _ in range(_TURN):
            if not self._ready:
                break
            _, lane = heapq.heappop(self._ready)
            if not lane or self._call(lane):
                self._make_ready(lane)
        self._going = bool(self._ready)
        if self._going:
            self._world.soon(self._go)

    def _call(self, lane: _Lane) -> bool:
        """Call the next one of a lane.

        :returns: whether it has ended.
        """
        _, listener, event = lane.popleft()
        if not listener.removed:
            try:
                result = listener.callback(event)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # of asyncio a CancelledError, which is no Exception
                self._failed(listener)
            else:
                if self._world.awaitable(result):
                    what = f"a callback for {listener.event_name}"
                    self._world.begin(result, partial(self._ended, lane), what)
                    return False
        self._called()
        return True

    def _ended(self, lane: _Lane) -> None:
        self._called()
        self._make_ready(lane)

    def _failed(self, listener: Listener) -> None:
        self._world.failure("a callback for {event_name} failed", event_name=listener.event_name)
