"""What every client says of its connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ...arguments import checked_seconds
from .connection import Connection, Find, Patience
from .states import State
from .watching import Watchers
from .world import World

__all__ = ["Connected"]

A = TypeVar("A")
F = TypeVar("F", bound=Callable[..., Any])


class Connected(Generic[A]):
    """Whoever has a connection; ``A`` is what its methods return in a world.

    :param find: gives the address, anew for each WebSocket.
    """

    def __init__(self, world: World[A], find: Find, patience: Patience) -> None:
        self._world = world
        self._states = Watchers(world, "state", "reason")
        self._connection = Connection(world, find, patience, self._state_changed)

    @property
    def state(self) -> State:
        """Of the connection."""
        return self._connection.state

    @property
    def error(self) -> Exception | None:
        """Why it is closed; None, where the application has closed it, or it is not."""
        return self._connection.error

    def on_state(self, watcher: F) -> F:
        """Tell of each new state, and why it is so: ``watcher(state, reason)``.

        It may return something to be awaited, which runs by itself.
        """
        return self._states.add(watcher)

    def _state_changed(self, state: State, reason: str) -> None:
        self._states.tell(state, reason)

    def connect(self) -> A:
        """Connect now, and not with the first thing that is asked.

        :raises ConnectionFailed: it cannot be done.
        :raises CommandFailed: the gateway refuses to open a session.
        """
        return self._world.run(self._connection.until_open())

    def network_returned(self) -> None:
        """An attempt to connect that is waited for is made now, and the waits begin anew."""
        self._connection.hurry()

    def ping(self, timeout: float = 10) -> A:
        """Wait for the pong to a ping.

        :param timeout: seconds.
        :returns: the seconds that it took.
        :raises CommandTimeout: it did not come.
        :raises ConnectionLost: the connection was lost meanwhile, or cannot be made.
        """
        return self._world.run(self._connection.ping(checked_seconds("timeout", timeout)))

    async def _close(self) -> None:
        await self._connection.close()

    async def __aenter__(self) -> Any:
        try:
            await self._connection.until_open()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *exception: Any) -> None:
        await self._close()
