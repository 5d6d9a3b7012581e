"""One connection's open requests: each gets exactly one answer, in its order, within its time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import AsyncGeneratorType
from typing import Any, Protocol

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from ..errors import (
    APIError,
    RequestCancelled,
    RequestTimeout,
    SerializerError,
    ServiceUnavailable,
    UnwritableMessage,
    for_clients,
)
from ..limits import Limits
from ..messages import Request, Response
from ..routing.dispatch import Dispatcher
from ..wire.dialects import PLAIN, Dialect
from .awaiting import begun
from .logs import CappedLog
from .loops import loop_of

__all__ = ["Answering"]

# Of an answer that is streamed to a client whose dialect has no parts.
_MOST_PARTS = 10_000


# What a connection begins with, and most have for ever; neither takes anything.
_NONE: frozenset[_Open] = frozenset()
_NO_TURNS: deque[_Open] = deque(maxlen=0)


@attrs.define(eq=False)
class _Open:
    """A request that was not answered yet.

    :param size: bytes that it holds: of its message, and then of its answer.
    :param ordered: it is answered in its turn (it has no id).
    :param answer: ready, and waiting for its turn.
    """

    request: Request
    binary: bool
    size: int
    ordered: bool
    answer: bytes | None = None
    running: Deferred[Any] | None = None
    timer: IDelayedCall | None = None
    done: bool = False


class Serving(Protocol):
    """What requests are put to."""

    @property
    def dispatcher(self) -> Dispatcher: ...


class Client(Protocol):
    """Who asks."""

    def send_answer(self, answer: bytes, binary: bool) -> None:
        """Send an answer, ``binary`` where its request came so."""

    def requests_changed(self) -> None:
        """A request was opened or answered."""


class _Nobody:
    """The client of a connection that is lost."""

    def send_answer(self, answer: bytes, binary: bool) -> None:
        """There is nobody to send it to."""

    def requests_changed(self) -> None:
        """There is nobody to tell."""


_NOBODY = _Nobody()


class Answering:
    """Takes requests and sends their answers.

    :param serving: has what answers a request, at once or when awaited.
    :param client: takes the answers.
    :param clock: for the time limits.
    :param limits: how many requests may be open, how large, and how long.
    :param events: for the application's errors.
    :param dialect: that answers are written in.
    :param send_part: sends a part of an answer, and ends when the client takes more; None where the
        dialect has no parts.
    :ivar full: whether no more requests should be taken: too many are open, or too large. One that
        takes its turn counts with its answer, once that is ready.
    """

    __slots__ = (
        "_client", "_clock", "_dialect", "_events", "_limits", "_loop", "_open", "_open_size",
        "_send_part", "_serving", "_turns", "full",
    )  # fmt: skip

    def __init__(
        self,
        serving: Serving,
        client: Client,
        clock: IReactorTime,
        limits: Limits,
        events: CappedLog,
        dialect: Dialect = PLAIN,
        send_part: Callable[[Any, Request], Awaitable[None]] | None = None,
    ) -> None:
        self._send_part = send_part
        self._serving = serving
        self._dialect = dialect
        self._client: Client = client
        self._clock = clock
        self._loop = loop_of(clock)
        self._limits = limits
        self._events = events
        self._open: set[_Open] | frozenset[_Open] = _NONE
        self._turns = _NO_TURNS
        self._open_size = 0
        self.full = False

    def served_by(self, serving: Serving) -> None:
        """Requests are put to another from now on; those that are open are finished where they are."""
        self._serving = serving

    @property
    def open(self) -> int:
        """How many requests are not answered yet."""
        return len(self._open)

    def ask(self, request: Request, binary: bool, size: int) -> None:
        """Take a request.

        :param size: of its message, in bytes.
        """
        running = streamed = None
        try:
            response: Any = self._serving.dispatcher.answer(request)
            if type(response) is not Response and not isinstance(response, Response):
                response = begun(response, self._loop)
            if type(response) is Response and type(response.data) is AsyncGeneratorType:
                streamed = _Open(request, binary, size, ordered=request.id is None)
                response = begun(self._streamed(response.data, streamed), self._loop)
            if type(response) is not Response and not isinstance(response, Response):
                running = response
            if running is None:
                answer = self._dialect.response(response, request.event_name, request.id)
        except BaseException as error:  # sys.exit() in a view ends no gateway
            answer = self._error(error, request)
        if running is not None:
            waiting = streamed or _Open(request, binary, size, ordered=request.id is None)
            self._wait(running, waiting)
        elif request.id is not None or not self._turns:
            self._client.send_answer(answer, binary)
        else:
            self._enter(_Open(request, binary, len(answer), ordered=True, answer=answer))

    def refuse(self, error: Exception, event_name: Any, id: Any, binary: bool) -> None:
        """Answer a message that is no request, in its turn."""
        request = Request(event_name=event_name, id=id)
        answer = self._error(error, request)
        if id is not None or not self._turns:
            self._client.send_answer(answer, binary)
        else:
            self._enter(_Open(request, binary, len(answer), ordered=True, answer=answer))

    def close(self) -> None:
        """Cancel whatever is open; nothing is sent any more, and nobody held on to."""
        self._client = _NOBODY
        requests, self._open, self._open_size = self._open, _NONE, 0
        self._turns = _NO_TURNS
        for waiting in requests:
            self._end(waiting)

    def cancel(self, id: Any) -> None:
        """The client wants no answer any more, but gets one: that its request was cancelled.

        Nothing happens where the request was answered already.
        """
        for waiting in self._open:
            if waiting.request.id == id:
                self._finish(waiting, self._error(RequestCancelled(), waiting.request))
                return

    def expire(self) -> None:
        """Answer whatever is open as if its time was over."""
        for waiting in tuple(self._open):
            self._expire(waiting)

    def _enter(self, waiting: _Open) -> None:
        if isinstance(self._open, frozenset):
            self._open = set()
        self._open.add(waiting)
        self._open_size += waiting.size
        if waiting.ordered:
            if self._turns is _NO_TURNS:
                self._turns = deque()
            self._turns.append(waiting)
        self._measure()
        self._client.requests_changed()

    def _measure(self) -> None:
        limits = self._limits
        self.full = (
            len(self._open) >= limits.max_open_requests
            or self._open_size >= limits.max_message_size
        )

    def _wait(self, running: Deferred[Response], waiting: _Open) -> None:
        self._enter(waiting)
        self._follow(running, waiting)
        if not waiting.done:
            # Compared before it is divided: a client's number may be beyond a float.
            deadline = waiting.request.deadline or float("inf")
            limit = min(self._limits.request_timeout * 1000, deadline) / 1000
            waiting.timer = self._clock.callLater(limit, self._time_out, waiting)

    async def _streamed(self, parts: AsyncGenerator[Any, None], waiting: _Open) -> Response:
        """Answer with one part after the other, as fast as the client takes them, until it has ended.

        :returns: the end of the answer; where the client's dialect has no parts, all of them.
        """
        kept: list[Any] = []
        try:
            async for part in parts:
                if waiting.done:
                    break
                if self._send_part is not None:
                    await self._send_part(part, waiting.request)
                elif len(kept) >= _MOST_PARTS:
                    raise ServiceUnavailable("The answer has too many parts.")
                else:
                    kept.append(part)
        finally:
            await parts.aclose()
        return Response(kept if self._send_part is None else None)

    def _succeeded(self, response: Response, waiting: _Open) -> None:
        if waiting.done:
            return
        if type(response.data) is not AsyncGeneratorType:
            self._finish(waiting, self._response(response, waiting.request))
            return
        try:
            rest = begun(self._streamed(response.data, waiting), self._loop)
        except BaseException as error:  # as in :meth:`ask`
            self._failed(Failure(error), waiting)
            return
        if isinstance(rest, Response):
            self._succeeded(rest, waiting)
        else:
            self._follow(rest, waiting)

    def _follow(self, running: Deferred[Response], waiting: _Open) -> None:
        waiting.running = running
        running.addCallbacks(
            self._succeeded, self._failed, callbackArgs=(waiting,), errbackArgs=(waiting,)
        )

    def _failed(self, failure: Failure, waiting: _Open) -> None:
        if not waiting.done:
            error = failure.value or failure
            self._finish(waiting, self._error(error, waiting.request, failure))
        elif (
            not failure.check(CancelledError, asyncio.CancelledError)
            and for_clients(failure.value) is not failure.value
        ):
            self._log("a view failed after its request was ended", waiting.request, failure)

    def _time_out(self, waiting: _Open) -> None:
        self._events.warn(
            "a request was not answered in time: {view}",
            view=self._serving.dispatcher.describe(waiting.request),
        )
        self._expire(waiting)

    def _expire(self, waiting: _Open) -> None:
        self._finish(waiting, self._error(RequestTimeout(), waiting.request))

    def _finish(self, waiting: _Open, answer: bytes) -> None:
        if waiting.answer is not None:
            return
        waiting.answer = answer
        self._open_size += len(answer) - waiting.size
        waiting.size = len(answer)
        self._end(waiting)
        if waiting.ordered:
            while self._turns and self._turns[0].answer is not None:
                self._deliver(self._turns.popleft())
        else:
            self._deliver(waiting)
        self._client.requests_changed()

    def _deliver(self, waiting: _Open) -> None:
        self._open -= {waiting}
        self._open_size -= waiting.size
        self._measure()
        assert waiting.answer is not None
        self._client.send_answer(waiting.answer, waiting.binary)

    def _end(self, waiting: _Open) -> None:
        """Stop the clock and whatever still runs for a request."""
        waiting.done = True
        if waiting.timer is not None and waiting.timer.active():
            waiting.timer.cancel()
        if waiting.running is not None:
            waiting.running.cancel()

    def _response(self, response: Response, request: Request) -> bytes:
        try:
            return self._dialect.response(response, request.event_name, request.id)
        except Exception as error:
            return self._error(error, request)

    def _error(
        self, error: BaseException, request: Request, failure: Failure | None = None
    ) -> bytes:
        """The answer for an error: the peer's fault is told, ours is logged."""
        if isinstance(error, UnwritableMessage):
            self._log("{what} cannot be written", request, failure or Failure(error), error.what)
        elif isinstance(error, SerializerError) and error.__cause__ is not None:
            # What cannot be written, and not that it cannot.
            self._log("a view's answer cannot be written", request, Failure(error.__cause__))
        elif not isinstance(error, APIError):
            self._log("a view failed", request, failure or Failure(error))
        try:
            return self._dialect.error(for_clients(error), request.event_name, request.id)
        except Exception as failed:
            self._log("an error's detail cannot be written", request, Failure(failed))
            return self._dialect.error(APIError(), request.event_name, request.id)

    def _log(self, format: str, request: Request, failure: Failure, what: str = "") -> None:
        view = self._serving.dispatcher.describe(request)
        self._events.failure(format + ": {view}", failure, view=view, what=what)
