"""A reactor as what the sessions run in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from reprlib import Repr
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.python import threadable
from twisted.python.failure import Failure

from ..sessions.surroundings import Timer
from .awaiting import begun
from .logs import CappedLog
from .loops import loop_of
from .outgoing import Outgoing

__all__ = ["ReactorSurroundings"]

# A result may be anything.
_short = Repr()
_short.maxstring = _short.maxother = 100


class HasTimers(Protocol):
    """What gives the reactor and its timers: a factory."""

    events: CappedLog
    outgoing: Outgoing
    _batched_timer: Any

    @property
    def reactor(self) -> Any: ...


class Begun:
    """Something that runs by itself, and may be awaited.

    :param deferred: fires with its result.
    :param events: for what it raises.
    :param name: what runs.
    """

    def __init__(self, deferred: Deferred[Any], events: CappedLog, name: str) -> None:
        self._name = name
        self._failure: Failure | None = None
        self._value: Any = None
        self._done = False
        self._callbacks: list[Callable[[], None]] = []
        self._events = events
        self._awaited = False
        deferred.addBoth(self._finish)

    def __repr__(self) -> str:
        if not self._done:
            found = "runs, and may be awaited"
        elif self._failure is None:
            found = _short.repr(self._value)
        else:
            found = f"failed, {_short.repr(self._failure.value)}"
        return f"<{self._name}: {found}>"

    def _finish(self, result: Any) -> None:
        self._done = True
        if isinstance(result, Failure):
            self._failure = result
            if not self._awaited and not result.check(CancelledError):
                self._events.failure("what runs by itself failed", result)
        else:
            self._value = result
        self._tell()

    def _tell(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback()
            except BaseException:  # sys.exit() in it ends no gateway
                self._events.failure("whoever waited for what runs by itself failed")

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call something when it has ended, which may be now; what it raises is logged."""
        self._awaited = True
        self._callbacks.append(callback)
        if self._done:
            self._tell()

    @property
    def result(self) -> Any:
        """Its result, when it has ended.

        :raises BaseException: what it raised.
        """
        if self._failure is not None:
            self._failure.raiseException()
        return self._value

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self._done:
            awaitable, fire = _waiting()
            self.when_done(lambda: fire(None))
            yield from awaitable.__await__()
        return self.result


def _finish(future: Future[Any], ended: Any) -> None:
    try:
        future.set_result(ended.result)
    except BaseException as error:
        future.set_exception(error)


def _waiting() -> tuple[Awaitable[Any], Callable[[Any], None]]:
    """A future for asyncio's tasks, which await no Deferreds; a Deferred for all else."""
    loop = asyncio._get_running_loop()
    if loop is None or asyncio.current_task(loop) is None:
        deferred: Deferred[Any] = Deferred()
        if loop is None:
            return deferred, deferred.callback

        def fire_outside_of_tasks(result: Any) -> None:
            # Or what is awaited next would be taken for a task's.
            loop.call_soon(deferred.callback, result)

        return deferred, fire_outside_of_tasks
    future: asyncio.Future[Any] = loop.create_future()

    def fire(result: Any) -> None:
        if not future.done():
            future.set_result(result)

    return future, fire


class ReactorSurroundings:
    """The time, timers and threads of a factory's reactor.

    :param factory: that has it, when it is asked for first.
    """

    def __init__(self, factory: HasTimers) -> None:
        self._factory = factory

    def now(self) -> float:
        now: float = self._factory.reactor.seconds()
        return now

    def later(self, seconds: float, function: Callable[..., Any], *args: Any) -> Timer:
        timer: Timer = self._factory._batched_timer.call_later(seconds, function, *args)
        return timer

    def flush(self) -> None:
        self._factory.outgoing.leave_all()

    def waiting(self) -> tuple[Awaitable[Any], Callable[[Any], None]]:
        return _waiting()

    def begin(self, running: Coroutine[Any, Any, Any]) -> Awaitable[Any]:
        result = begun(running, loop_of(self._factory.reactor))
        ended = result if isinstance(result, Deferred) else succeed(result)
        return Begun(ended, self._factory.events, getattr(running, "__name__", "it"))

    def in_loop(self, function: Callable[[], Any]) -> Future[Any]:
        """Call something in the reactor's thread.

        :returns: is done when it has returned, and what it returned is done too, if that is a receipt.
        """
        future: Future[Any] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function()
                when_done = getattr(result, "when_done", None)
                if when_done is None:
                    future.set_result(result)
                else:
                    when_done(lambda: _finish(future, result))
            except BaseException as error:
                future.set_exception(error)

        self._factory.reactor.callFromThread(call)
        return future

    def check_thread(self, what: str, instead: str | None = None) -> None:
        if threadable.ioThread is not None and not threadable.isInIOThread():
            instead = instead or f"manager.call_from_thread.{what}"
            raise RuntimeError(f"{what} was called in another thread: use {instead}")

    def warn(self, format: str, **fields: Any) -> None:
        self._factory.events.warn(format, **fields)

    def failure(self, format: str, **fields: Any) -> None:
        self._factory.events.failure(format, **fields)
