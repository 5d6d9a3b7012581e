"""The world of clients that run on asyncio (:class:`~..core.world.World`)."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..core.world import APPLICATIONS, Keeper, Line
from ..errors import ConnectionClosed
from .websocket import WebSocketKeeper, WebSocketOptions

__all__ = ["AsyncioWorld"]

_log = logging.getLogger("aiorest_gw.client")

# What runs by itself is kept, or it might be collected while it waits.
Tasks = set["asyncio.Future[Any]"]


class AsyncioWorld:
    """
    :param options: of the WebSockets.
    """

    def __init__(self, options: WebSocketOptions) -> None:
        self._options = options
        self._tasks: Tasks = set()
        self._keeper: WebSocketKeeper | None = None

    def now(self) -> float:
        # uvloop's own time stands still within a turn of the loop, and knows milliseconds alone.
        return time.monotonic()

    def random(self) -> float:
        return random.random()  # noqa: S311 (a wait is no secret)

    def later(
        self, seconds: float, function: Callable[..., Any], *args: Any
    ) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, function, *args)

    def soon(self, function: Callable[..., Any], *args: Any) -> None:
        asyncio.get_running_loop().call_soon(function, *args)

    def future(self) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        keeper = self._keeper
        if keeper is not None and keeper.loop is not loop and not keeper.stopped:
            # Nobody would be woken there.
            raise RuntimeError("the client is open in another loop, which alone may use it")
        return loop.create_future()

    def settle(self, future: asyncio.Future[Any], result: Any) -> None:
        if not future.done():
            future.set_result(result)

    def fail(self, future: asyncio.Future[Any], error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)
            # Whoever awaited it may be gone.
            future.exception()

    def run(self, running: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
        return running

    def begin(
        self, awaitable: Awaitable[Any], ended: Callable[[], None], what: str = APPLICATIONS
    ) -> asyncio.Future[Any]:
        task = asyncio.ensure_future(awaitable)
        self._tasks.add(task)

        def done(task: asyncio.Future[Any]) -> None:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None and not isinstance(error, ConnectionClosed):
                _log.error("%s failed", what, exc_info=error)
            ended()

        task.add_done_callback(done)
        return task

    def awaitable(self, value: Any) -> bool:
        return inspect.isawaitable(value)

    def warn(self, format: str, **fields: Any) -> None:
        _log.warning(format.format(**fields))

    def failure(self, format: str, **fields: Any) -> None:
        _log.exception(format.format(**fields))

    def keep(self, line: Line) -> Keeper:
        self._keeper = WebSocketKeeper(self._options, line)
        return self._keeper
