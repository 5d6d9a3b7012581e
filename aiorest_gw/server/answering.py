"""One connection's open requests: each gets exactly one answer, in its order, within its time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from ..errors import APIError, RequestTimeout, SerializerError
from ..messages import Request, Response
from ..wire.answers import render_error, render_response
from .awaiting import to_deferred
from .logs import CappedLog

__all__ = ["Answering"]


@attrs.define(eq=False)
class _Open:
    """A request that was not answered yet.

    :param ordered: it is answered in its turn (it has no id).
    :param answer: ready, and waiting for its turn.
    """

    event_name: Any
    id: str | int | float | None
    binary: bool
    ordered: bool
    answer: bytes | None = None
    running: Deferred[Any] | None = None
    timer: IDelayedCall | None = None
    done: bool = False


class Answering:
    """Takes requests and sends their answers.

    :param dispatch: answers a request at once or when awaited, or raises.
    :param send: takes an answer and whether its request came in a binary frame.
    :param changed: called after a request that was open has been answered.
    :param clock: for the time limits.
    :param timeout: seconds that a request may take.
    :param events: for the application's errors.
    """

    def __init__(
        self,
        dispatch: Callable[[Request], Response | Awaitable[Response]],
        send: Callable[[bytes, bool], None],
        changed: Callable[[], None],
        clock: IReactorTime,
        timeout: float,
        events: CappedLog,
    ) -> None:
        self._dispatch = dispatch
        self._send = send
        self._changed = changed
        self._clock = clock
        self._timeout = timeout
        self._events = events
        self._open: set[_Open] = set()
        self._turns: deque[_Open] = deque()

    @property
    def open(self) -> int:
        """How many requests are not answered yet."""
        return len(self._open)

    def ask(self, request: Request, binary: bool) -> None:
        """Take a request."""
        try:
            response = self._dispatch(request)
        except BaseException as error:  # sys.exit() in a view ends no gateway
            self._at_once(self._error(error, request.event_name, request.id), request.id, binary)
            return
        if isinstance(response, Response):
            answer = self._response(response, request.event_name, request.id)
            self._at_once(answer, request.id, binary)
        else:
            self._wait(response, request, binary)

    def refuse(self, error: APIError, event_name: Any, id: Any, binary: bool) -> None:
        """Answer a message that is no request, in its turn."""
        self._at_once(self._error(error, event_name, id), id, binary)

    def close(self) -> None:
        """Cancel whatever is open; nothing is sent any more."""
        requests, self._open = self._open, set()
        self._turns.clear()
        for request in requests:
            self._end(request)

    def expire(self) -> None:
        """Answer whatever is open as if its time was over."""
        for request in tuple(self._open):
            self._expire(request)

    def _at_once(self, answer: bytes, id: Any, binary: bool) -> None:
        if id is not None or not self._turns:
            self._send(answer, binary)
        else:
            waiting = _Open(None, None, binary, ordered=True, answer=answer)
            self._open.add(waiting)
            self._turns.append(waiting)

    def _wait(self, response: Awaitable[Response], request: Request, binary: bool) -> None:
        waiting = _Open(request.event_name, request.id, binary, ordered=request.id is None)
        self._open.add(waiting)
        if waiting.ordered:
            self._turns.append(waiting)
        waiting.running = to_deferred(response)
        waiting.running.addCallbacks(
            self._succeeded, self._failed, callbackArgs=(waiting,), errbackArgs=(waiting,)
        )
        if not waiting.done:
            # Compared before it is divided: a client's number may be beyond a float.
            limit = min(self._timeout * 1000, request.deadline or float("inf")) / 1000
            waiting.timer = self._clock.callLater(limit, self._expire, waiting)

    def _succeeded(self, response: Response, request: _Open) -> None:
        if not request.done:
            self._finish(request, self._response(response, request.event_name, request.id))

    def _failed(self, failure: Failure, request: _Open) -> None:
        if not request.done:
            self._finish(
                request,
                self._error(failure.value or failure, request.event_name, request.id, failure),
            )
        elif not failure.check(CancelledError, asyncio.CancelledError, APIError):
            self._events.failure("a view failed after its request was ended", failure)

    def _expire(self, request: _Open) -> None:
        self._finish(request, self._error(RequestTimeout(), request.event_name, request.id))

    def _finish(self, request: _Open, answer: bytes) -> None:
        if request.answer is not None:
            return
        request.answer = answer
        self._end(request)
        if request.ordered:
            while self._turns and self._turns[0].answer is not None:
                self._deliver(self._turns.popleft())
        else:
            self._deliver(request)
        self._changed()

    def _deliver(self, request: _Open) -> None:
        self._open.discard(request)
        assert request.answer is not None
        self._send(request.answer, request.binary)

    def _end(self, request: _Open) -> None:
        """Stop the clock and whatever still runs for a request."""
        request.done = True
        if request.timer is not None and request.timer.active():
            request.timer.cancel()
        if request.running is not None:
            request.running.cancel()

    def _response(self, response: Response, event_name: Any, id: Any) -> bytes:
        try:
            return render_response(response, event_name, id)
        except Exception as error:
            return self._error(error, event_name, id)

    def _error(
        self, error: BaseException, event_name: Any, id: Any, failure: Failure | None = None
    ) -> bytes:
        """The answer for an error: the peer's fault is told, ours is logged."""
        unwritable = isinstance(error, SerializerError) and error.__cause__ is not None
        if unwritable or not isinstance(error, APIError):
            self._events.failure("a request failed", failure or Failure(error))
        if not isinstance(error, APIError):
            error = APIError()
        try:
            return render_error(error, event_name, id)
        except Exception as failed:
            self._events.failure("an error cannot be written", Failure(failed))
            return render_error(APIError(), event_name, id)
