"""Coroutines on whichever reactor runs: Deferreds in them, and asyncio's things where that runs."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

__all__ = ["on_asyncio", "to_deferred"]

T = TypeVar("T")


def to_deferred(awaitable: Awaitable[T]) -> Deferred[T]:
    """Run what was not finished at once.

    On an asyncio loop it runs as a task of that loop, so that ``asyncio.timeout``, ``asyncio.sleep``
    and libraries for asyncio work in it; elsewhere as a coroutine of Twisted's. Deferreds can be
    awaited in both. Cancelling the Deferred cancels it.
    """
    if isinstance(awaitable, Deferred):
        return awaitable
    running = awaitable if inspect.iscoroutine(awaitable) else _awaited(awaitable)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return Deferred.fromCoroutine(running)
    if sys.version_info >= (3, 12):
        task = asyncio.Task(on_asyncio(running), loop=loop, eager_start=True)
    else:
        task = asyncio.Task(on_asyncio(running), loop=loop)
    return Deferred.fromFuture(task)


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable


async def on_asyncio(running: Coroutine[Any, Any, T]) -> T:
    """A coroutine that an asyncio task can run, though what it awaits may be Deferreds."""
    return await _steps(running)


@coroutine
def _steps(running: Coroutine[Any, Any, T]) -> Generator[Any, None, T]:
    """Step a coroutine; where it waits for a Deferred, wait for a future in its place."""
    error: BaseException | None = None
    while True:
        try:
            waiting = running.send(None) if error is None else running.throw(error)
        except StopIteration as stop:
            result: T = stop.value
            return result
        except (SystemExit, KeyboardInterrupt) as of_view:
            # A task would hand it on to the loop, and end the gateway.
            raise RuntimeError(f"a view raised {type(of_view).__name__}") from of_view
        error = None
        try:
            if isinstance(waiting, Deferred):
                yield from _until(waiting)
            else:
                yield waiting
        except BaseException as raised:
            error = raised


def _until(waiting: Deferred[Any]) -> Generator[Any, None, None]:
    """Wait until a Deferred has fired; cancel it where the waiting is cancelled.

    Its result stays with it, where the coroutine looks for it when it is stepped again.
    """
    fired = asyncio.get_running_loop().create_future()

    def fire(result: Any) -> Any:
        if not fired.done():
            fired.set_result(None)
        return result

    waiting.addBoth(fire)
    try:
        yield from fired
    except BaseException:
        waiting.addErrback(lambda _: None)
        waiting.cancel()
        raise
