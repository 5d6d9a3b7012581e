"""Where ``@blocking`` views run: a bounded number of threads, and a bounded number of calls waiting."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from threading import Thread
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from ..limits import Limits
from .waiting import Bound

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

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: ThreadPool | None = None
        self._bound = Bound(0)

    def run(self, function: Callable[[], T]) -> Deferred[T]:
        """Run a function in a thread.

        :returns: fires with its result; when cancelled before its turn, the function is not run, and
            its place is free.
        :raises ServiceUnavailable: as many calls wait for a thread as may; raised through the
            Deferred.
        """
        reactor, limits = self._settings.reactor, self._settings.limits
        pool = self._pool
        if pool is None:
            pool = self._pool = _DaemonThreads(0, limits.max_threads, name="aiorest_gw views")
            self._bound = Bound(limits.max_threads, limits.max_waiting_calls)
            pool.start()
            reactor.addSystemEventTrigger("after", "shutdown", self.close)
        context = copy_context()
        return self._bound.admit(lambda: deferToThreadPool(reactor, pool, context.run, function))

    def close(self) -> None:
        """Stop the threads that are idle; one that a view keeps busy ends with the process."""
        pool, self._pool = self._pool, None
        if pool is not None and self._bound.idle:
            pool.stop()
