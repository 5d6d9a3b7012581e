"""Where ``@blocking`` views run: a bounded number of threads, and a bounded number of calls waiting."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from threading import Thread
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from ..errors import ServiceUnavailable
from ..limits import Limits

__all__ = ["BlockingCalls", "RunsBlocking"]

T = TypeVar("T")


class _DaemonThreads(ThreadPool):
    """Threads that do not keep the process from ending: nothing can interrupt a view in one."""

    @staticmethod
    def threadFactory(*args: Any, **kwargs: Any) -> Thread:  # type: ignore[override]
        return Thread(*args, daemon=True, **kwargs)


class Settings(Protocol):
    """What it takes to run threads."""

    @property
    def limits(self) -> Limits: ...

    @property
    def reactor(self) -> Any: ...


class RunsBlocking(Protocol):
    """Runs functions that block."""

    def run(self, function: Callable[[], T]) -> Deferred[T]: ...

    def close(self) -> None: ...


class BlockingCalls:
    """Runs functions in threads.

    :param settings: has the ``limits`` and the ``reactor``, which is asked for when the first call
        comes; a factory.
    """

    log = Logger()

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: ThreadPool | None = None
        self._waiting = 0
        self._running = 0

    def run(self, function: Callable[[], T]) -> Deferred[T]:
        """Run a function in a thread.

        :returns: fires with its result; when cancelled before its turn, the function is not run.
        :raises ServiceUnavailable: as many calls wait for a thread as may.
        """
        if self._waiting >= self._settings.limits.max_waiting_calls:
            raise ServiceUnavailable
        reactor = self._settings.reactor
        if self._pool is None:
            self._pool = _DaemonThreads(
                0, self._settings.limits.max_threads, name="aiorest_gw views"
            )
            self._pool.start()
            reactor.addSystemEventTrigger("after", "shutdown", self.close)
        self._waiting += 1
        context = copy_context()
        cancelled = False

        def in_thread() -> T | None:
            reactor.callFromThread(self._started)
            return None if cancelled else context.run(function)

        def cancel(_: Deferred[T]) -> None:
            nonlocal cancelled
            cancelled = True

        # The thread's own Deferred knows no cancelling, so its result is handed to one that does.
        outer: Deferred[T] = Deferred(cancel)

        def hand_over(result: Any) -> None:
            self._running -= 1
            if not outer.called:
                outer.callback(result)
            elif isinstance(result, Failure):
                self.log.failure("a view failed after its request was ended", result)

        deferToThreadPool(reactor, self._pool, in_thread).addBoth(hand_over)
        return outer

    def _started(self) -> None:
        self._waiting -= 1
        self._running += 1

    def close(self) -> None:
        """Stop the threads that are idle; one that a view keeps busy ends with the process."""
        pool, self._pool = self._pool, None
        if pool is not None and not self._running and not self._waiting:
            pool.stop()
