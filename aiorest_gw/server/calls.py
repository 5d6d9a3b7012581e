"""Requests of the application to a client, and the client's answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from ..errors import (
    APIError,
    ClientError,
    RequestTimeout,
    SerializerError,
    ServiceUnavailable,
)
from ..messages import Message
from ..sessions.entries import Ending, Outcome
from ..sessions.resumable import ResumableSession
from ..sessions.surroundings import Surroundings, Timer
from ..wire.unwritable import unwritable

__all__ = ["Calls"]

# Requests to one client that may be open at a time.
_MOST = 64


@attrs.define(eq=False)
class _Call:
    """:ivar arrived: the client has it, as far as is known."""

    body: bytes
    fire: Callable[[Any], None]
    timer: Timer
    arrived: bool = False


class Calls:
    """The open requests to one client.

    :param session: of the client.
    :param surroundings: for deadlines.
    """

    def __init__(self, session: ResumableSession, surroundings: Surroundings) -> None:
        self._session = session
        self._surroundings = surroundings
        self._last = 0
        self._open: dict[int, _Call] = {}

    async def request(
        self,
        method: str,
        url: str,
        *,
        args: dict[str, Any] | None = None,
        data: Any = None,
        event_name: Any = None,
        deadline: float = 10.0,
    ) -> Any:
        """Ask the client, and wait for its answer.

        :param deadline: seconds.
        :returns: the answer's data.
        :raises ClientError: the client answered with an error.
        :raises RequestTimeout: it did not answer in time, or its session has ended.
        :raises ServiceUnavailable: too many requests are open, or too much waits for the client.
        :raises UnwritableMessage: the request cannot be written.
        """
        if len(self._open) >= _MOST:
            raise ServiceUnavailable("Too many requests to the client are open.")
        if self._session.half_full:
            raise ServiceUnavailable("Too much waits for the client.")
        try:
            body = self._session.dialect.request(
                self._last + 1, method, url, args, data, event_name, deadline * 1000
            )
        except SerializerError as error:
            raise unwritable(f"the request {method} {url}", data, error) from error.__cause__
        self._last = id = self._last + 1
        awaitable: Awaitable[Any]
        awaitable, fire = self._surroundings.waiting()
        timer = self._surroundings.later(deadline, self._expire, id)
        self._open[id] = call = _Call(body, fire, timer)
        self._send(call)
        try:
            answer = await awaitable
        except BaseException:
            # Whoever asked was cancelled.
            self._give_up(id)
            raise
        if isinstance(answer, APIError):
            raise answer
        return answer

    def _give_up(self, id: int) -> _Call | None:
        """Nobody waits for an answer any more, which the client is told."""
        call = self._open.pop(id, None)
        if call is not None:
            call.timer.cancel()
            self._session.send(self._session.dialect.encode({"cancel": id}))
        return call

    def _expire(self, id: int) -> None:
        call = self._give_up(id)
        if call is not None:
            call.fire(RequestTimeout())

    def answered(self, message: Message) -> None:
        """The client has answered; that nobody waits for it any more is no error."""
        call = self._open.pop(message.id, None) if type(message.id) is int else None
        if call is None:
            return
        call.timer.cancel()
        if type(message.status) is int and 200 <= message.status < 300:
            call.fire(message.data)
        else:
            status = message.status if type(message.status) is int else 500
            call.fire(ClientError(message.detail, status=status))

    def again(self) -> None:
        """The client is back: what it has got, and perhaps has answered, it knows by the ids."""
        for call in tuple(self._open.values()):
            if call.arrived:
                call.arrived = False
                self._send(call)

    def _send(self, call: _Call) -> None:
        def told(ending: Ending) -> None:
            call.arrived = ending.outcome is Outcome.DELIVERED

        self._session.send_told(call.body, told)

    def close(self) -> None:
        """Nobody will answer any more."""
        calls, self._open = self._open, {}
        for call in calls.values():
            call.timer.cancel()
            call.fire(RequestTimeout("The client's session has ended."))
