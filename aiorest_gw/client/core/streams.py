"""What comes bit by bit, and is taken by ``async for``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .world import World

__all__ = ["Backlog", "Items", "Stream"]

T = TypeVar("T")
S = TypeVar("S", bound="Stream[Any]")


class Backlog:
    """How much waits for the application, wherever it waits.

    :param most: of more, no more is asked for.
    :param room: is called when there is room again.
    :param full: is called when there is none any more.
    """

    def __init__(self, most: int, room: Callable[[], None], full: Callable[[], None]) -> None:
        self._most = most
        self._room = room
        self._tell_full = full
        self._count = 0
        self._full = False

    @property
    def full(self) -> bool:
        """Whether there is no room until half of it is taken."""
        return self._full

    def add(self) -> None:
        """One more waits."""
        self._count += 1
        if self._count >= self._most and not self._full:
            self._full = True
            self._tell_full()

    def take(self, count: int = 1) -> None:
        """So many do not wait any more."""
        self._count -= count
        if self._full and self._count <= self._most // 2:
            self._full = False
            self._room()


class Items(Generic[T]):
    """What came and was not taken yet, and whether more comes.

    :param world: that whoever takes it waits in.
    :param backlog: that it is counted in.
    """

    def __init__(self, world: World[Any], backlog: Backlog) -> None:
        self._world = world
        self._backlog = backlog
        self._items: deque[T] = deque()
        self._error: BaseException | None = None
        self._ended = False
        self._waiting: Any = None

    def put(self, item: T) -> None:
        """It came."""
        if not self._ended:
            self._items.append(item)
            self._backlog.add()
            self._wake()

    def end(self, error: BaseException | None = None) -> None:
        """No more comes; what came can still be taken."""
        if not self._ended:
            self._ended, self._error = True, error
            self._wake()

    def drop(self) -> None:
        """Nobody takes them any more."""
        self.end()
        self._backlog.take(len(self._items))
        self._items.clear()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._world.settle(waiting, None)

    async def take(self) -> T:
        """The next one.

        :raises StopAsyncIteration: there is none any more.
        :raises Exception: the error that it ended with.
        """
        while not self._items:
            if self._ended:
                error, self._error = self._error, None
                if error is not None:
                    raise error
                raise StopAsyncIteration
            if self._waiting is not None:
                raise RuntimeError("two wait for the next one at the same time")
            self._waiting = waiting = self._world.future()
            try:
                await waiting
            finally:
                if self._waiting is waiting:
                    self._waiting = None
        self._backlog.take()
        return self._items.popleft()


class Stream(Generic[T]):
    """Is taken with ``async for``; it ends with the loop that leaves it, or with :meth:`close`.

    :param items: that it hands on.
    :param begin: is called when the first one is wanted.
    :param end: is called when no more are wanted, whether they came or not.
    """

    def __init__(self, items: Items[T], begin: Callable[[], None], end: Callable[[], None]) -> None:
        self._items = items
        self._begin: Callable[[], None] | None = begin
        self._end: Callable[[], None] | None = end

    def __aiter__(self: S) -> S:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.take()
        except BaseException:
            self.close()
            raise

    async def take(self) -> T:
        """The next one; whoever gives up waiting may come back for it.

        :raises StopAsyncIteration: there is none any more.
        """
        self._start()
        return await self._items.take()

    def _start(self) -> None:
        begin, self._begin = self._begin, None
        if begin is not None:
            begin()

    def close(self) -> None:
        """No more is wanted."""
        end, self._end = self._end, None
        if end is not None:
            self._begin = None
            self._items.drop()
            end()

    async def __aenter__(self: S) -> S:
        return self

    async def __aexit__(self, *exception: Any) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
