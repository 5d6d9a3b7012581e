"""Who is told how a client's connection goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ...arguments import checked_callable
from .world import World

__all__ = ["Watchers"]

F = TypeVar("F", bound=Callable[..., Any])


class Watchers:
    """Callbacks for one kind of news, in the order in which they came; what they raise is logged.

    :param takes: the names of what they are called with.
    """

    def __init__(self, world: World[Any], *takes: str) -> None:
        self._world = world
        self._takes = takes
        self._watchers: list[Callable[..., Any]] = []

    def add(self, watcher: F) -> F:
        """Tell it too.

        :raises TypeError: it cannot be called with the news.
        """
        checked_callable("a watcher", watcher, *self._takes)
        self._watchers.append(watcher)
        return watcher

    def tell(self, *news: Any) -> None:
        """Call all of them; what they return to be awaited runs by itself."""
        for watcher in [*self._watchers]:
            try:
                result = watcher(*news)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # of asyncio a CancelledError, which is no Exception
                self._world.failure("a watcher of the connection failed")
            else:
                if self._world.awaitable(result):
                    self._world.begin(result, lambda: None)
