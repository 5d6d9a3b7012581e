"""Coroutines on whichever reactor runs: views may await Deferreds, and asyncio's things where it runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = ["to_deferred"]

T = TypeVar("T")


def to_deferred(awaitable: Awaitable[T]) -> Deferred[T]:
    """Run what was not finished at once.

    On an asyncio loop it runs as a task of that loop, so that ``asyncio.timeout``, ``asyncio.sleep``
    and libraries for asyncio work in it; elsewhere as a coroutine of Twisted's. Deferreds can be
    awaited in both. Cancelling the Deferred cancels it.
    """
    if isinstance(awaitable, Deferred):
        return awaitable
    running = awaitable if asyncio.iscoroutine(awaitable) else _awaited(awaitable)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return Deferred.fromCoroutine(running)
    return Deferred.fromFuture(_task(loop, _bridged(running, loop)))


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable


_task: Callable[[asyncio.AbstractEventLoop, Coroutine[Any, Any, T]], asyncio.Future[T]]
if sys.version_info >= (3, 12):

    def _task(loop, running):  # type: ignore[no-untyped-def, no-redef]
        return asyncio.Task(running, loop=loop, eager_start=True)

else:

    def _task(loop, running):  # type: ignore[no-untyped-def, no-redef]
        return asyncio.Task(running, loop=loop)


async def _bridged(running: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    return await _steps(running, loop)


@coroutine
def _steps(
    running: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop
) -> Generator[Any, None, T]:
    """Step a coroutine; where it waits for a Deferred, wait for a future in its place.

    A task takes nothing but futures. A Deferred that is awaited keeps its result for the coroutine,
    which looks for it when it is stepped again, so the future has no result of its own to carry.
    """
    step: Callable[[], Any] = lambda: running.send(None)  # noqa: E731 (swapped for a throw below)
    while True:
        try:
            waiting = step()
        except StopIteration as stop:
            result: T = stop.value
            return result
        try:
            if isinstance(waiting, Deferred):
                yield from _until(waiting, loop)
            else:
                yield waiting
        except BaseException as raised:
            error = raised
            if isinstance(waiting, Deferred):
                waiting.addErrback(lambda _: None)
                waiting.cancel()
            step = lambda: running.throw(error)  # noqa: B023, E731 (run before the next round)
        else:
            step = lambda: running.send(None)  # noqa: E731


def _until(waiting: Deferred[Any], loop: asyncio.AbstractEventLoop) -> Generator[Any, None, None]:
    future: asyncio.Future[None] = loop.create_future()

    def fired(result: Any | Failure) -> Any:
        if not future.done():
            future.set_result(None)
        return result

    waiting.addBoth(fired)
    yield from future
