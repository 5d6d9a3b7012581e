"""The world of clients that run on Twisted's reactor (:class:`~..core.world.World`)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from ...server.awaiting import begun
from ..core.world import APPLICATIONS, Keeper, Line
from ..errors import ConnectionClosed
from .websocket import WebSocketOptions, WebSocketService

__all__ = ["TwistedWorld"]

_log = Logger(namespace="aiorest_gw.client")


class _Ended:
    """What ran, and has ended already."""

    def cancel(self) -> None:
        """Nothing to cancel."""


class _Future:
    """What one coroutine awaits; nobody complains where nobody does."""

    __slots__ = ("_done", "_error", "_result", "_waiting")

    def __init__(self) -> None:
        self._done = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._waiting: Deferred[None] | None = None

    def end(self, result: Any, error: BaseException | None) -> None:
        """With a result or an error; the first end counts."""
        if not self._done:
            self._done, self._result, self._error = True, result, error
            waiting, self._waiting = self._waiting, None
            if waiting is not None and not waiting.called:
                waiting.callback(None)

    def __await__(self) -> Generator[Any, None, Any]:
        if not self._done:
            self._waiting = Deferred()
            yield self._waiting
        if self._error is not None:
            raise self._error
        return self._result


class _Timer:
    """A delayed call that may be cancelled whenever one likes."""

    __slots__ = ("_call",)

    def __init__(self, call: Any) -> None:
        self._call = call

    def cancel(self) -> None:
        if self._call.active():
            self._call.cancel()


class TwistedWorld:
    """
    :param reactor: gives time and timers, and connects.
    :param options: of the WebSockets.
    """

    def __init__(self, reactor: Any, options: WebSocketOptions) -> None:
        self._reactor = reactor
        self._options = options

    def now(self) -> float:
        return float(self._reactor.seconds())

    def random(self) -> float:
        return random.random()  # noqa: S311 (a wait is no secret)

    def later(self, seconds: float, function: Callable[..., Any], *args: Any) -> _Timer:
        return _Timer(self._reactor.callLater(seconds, function, *args))

    def soon(self, function: Callable[..., Any], *args: Any) -> None:
        self._reactor.callLater(0, function, *args)

    def future(self) -> _Future:
        return _Future()

    def settle(self, future: _Future, result: Any) -> None:
        future.end(result, None)

    def fail(self, future: _Future, error: BaseException) -> None:
        future.end(None, error)

    def run(self, running: Coroutine[Any, Any, Any]) -> Deferred[Any]:
        return Deferred.fromCoroutine(running)

    def begin(
        self, awaitable: Awaitable[Any], ended: Callable[[], None], what: str = APPLICATIONS
    ) -> Any:
        try:
            running = begun(awaitable)
        except Exception:
            self.failure("{what} failed", what=what)
            running = None
        if not isinstance(running, Deferred):
            ended()
            return _Ended()
        running.addErrback(self._failed, what)
        running.addBoth(lambda _: ended())
        return running

    def _failed(self, failure: Any, what: str) -> None:
        if failure.check(CancelledError, ConnectionClosed) is None:
            _log.failure("{what} failed", failure=failure, what=what)

    def awaitable(self, value: Any) -> bool:
        return hasattr(value, "__await__")

    def warn(self, format: str, **fields: Any) -> None:
        _log.warn(format, **fields)

    def failure(self, format: str, **fields: Any) -> None:
        _log.failure(format, **fields)

    def keep(self, line: Line) -> Keeper:
        if asyncio._get_running_loop() is not None and not getattr(self._reactor, "running", True):
            raise RuntimeError(
                "this client needs Twisted's reactor, which does not run; "
                "on a loop of asyncio's take aiorest_gw.client.aio in place of aiorest_gw.client"
            )
        return WebSocketService(self._reactor, self._options, line)
