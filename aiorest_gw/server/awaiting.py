"""Coroutines on whichever reactor runs: Deferreds in them, and asyncio's things where that runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Coroutine, Generator
from types import CoroutineType, coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = ["begun", "on_asyncio"]

T = TypeVar("T")


def begun(awaitable: Awaitable[T], loop: Any = None) -> T | Deferred[T]:
    """Run what was returned to be awaited, as far as it goes.

    On an asyncio loop a coroutine runs as a task of that loop, so that ``asyncio.timeout``,
    ``asyncio.sleep`` and libraries for asyncio work in it; elsewhere as a coroutine of Twisted's.
    Deferreds can be awaited in both. One that waits for nothing has ended here and now.

    :param loop: the asyncio loop that runs, where that is known.
    :returns: its result, or what fires with it; to cancel that cancels it.
    :raises BaseException: what it raised, where it has ended.
    """
    if isinstance(awaitable, Deferred):
        return awaitable
    running = awaitable if isinstance(awaitable, CoroutineType) else _awaited(awaitable)
    if loop is None:
        loop = asyncio._get_running_loop()
    if loop is None:
        deferred = Deferred.fromCoroutine(running)
        result = getattr(deferred, "result", deferred)
        if isinstance(result, Failure):
            deferred.addErrback(lambda _: None)
            result.raiseException()
        return result
    task = _task(running, loop)
    return task.result() if task.done() else Deferred.fromFuture(task)


if sys.version_info >= (3, 12):

    def _task(running: Coroutine[Any, Any, T], loop: Any) -> asyncio.Task[T]:
        return asyncio.Task(on_asyncio(running), loop=loop, eager_start=True)

else:

    def _task(running: Coroutine[Any, Any, T], loop: Any) -> asyncio.Task[T]:
        """A task that has made its first step, as ``eager_start`` makes one from Python 3.12 on.

        A task asks its loop to call that step soon; here the asking is caught, and the step called.
        """
        steps: Any = _steps(running)  # which asyncio takes for a coroutine, until Python 3.11
        if asyncio.current_task(loop) is not None:
            return asyncio.Task(steps, loop=loop)  # a task cannot step within another
        asked: list[tuple[Any, Any]] = []
        loop.call_soon = lambda step, context: asked.append((step, context))
        try:
            task = asyncio.Task(steps, loop=loop)
        finally:
            del loop.call_soon
        [(step, context)] = asked
        context.run(step)
        return task


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
