"""Requests of a client to its gateway: what they are asked with, and how long they are waited for."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import attrs
from msgspec import UNSET

from ..errors import CommandFailed, CommandTimeout, InvalidCommand
from .calls import Call
from .session import Session
from .streams import Items, Stream
from .v1 import Incoming, Request
from .world import World

__all__ = ["Parts", "Requests", "data_of", "request_of"]

# Seconds behind a request's deadline at which the client gives up, where nobody has answered.
_BEHIND_DEADLINE = 1.0


def request_of(
    method: Any,
    url: Any,
    data: Any = None,
    args: Any = None,
    deadline: Any = None,
    event_name: Any = None,
    headers: Any = None,
    token: Any = None,
) -> Request:
    """
    :raises InvalidCommand: an argument is none of its kind.
    """
    if not isinstance(method, str) or not method:
        raise InvalidCommand(f"a request has a method, a text, not {method!r:.100}")
    if not isinstance(url, str) or not url:
        raise InvalidCommand(f"a request has a url, such as '/users/1', not {url!r:.100}")
    for name, value in (("args", args), ("headers", headers)):
        if value is not None and not isinstance(value, dict):
            raise InvalidCommand(f"{name} is a dictionary, not {value!r:.100}")
    number = isinstance(deadline, (int, float)) and not isinstance(deadline, bool)
    if deadline is not None and not (number and 0 < deadline < inf):
        raise InvalidCommand(f"a deadline is milliseconds, more than 0, not {deadline!r:.100}")
    if token is not None and not isinstance(token, str):
        raise InvalidCommand(f"a token is a text, not {type(token).__name__}")
    return Request(
        method,
        url,
        args=args,
        data=data,
        event_name=event_name,
        token=token,
        deadline=deadline,
        headers=headers,
    )


class Requests:
    """
    :param world: that they are waited for in.
    :param session: that they are made in.
    """

    def __init__(self, world: World[Any], session: Session) -> None:
        self._world = world
        self._session = session

    async def answer(self, request: Request, begin: Callable[[], None]) -> Any:
        """The data of the answer; of one that comes in parts, a list of them.

        :param begin: connects; what is asked is there already, as that may fail within the call.
        :raises CommandError: there is none, or it is a failure.
        """
        call = self._session.ask(request)
        begin()
        return data_of(await self._answered(call))

    async def _answered(self, call: Call) -> Incoming:
        deadline = call.message.deadline
        timer = None
        if deadline is not None:
            seconds = deadline / 1_000 + _BEHIND_DEADLINE
            timer = self._world.later(seconds, self._too_late, call, deadline)
        try:
            answer: Incoming = await call.future
            return answer
        finally:
            if timer is not None:
                timer.cancel()
            if not call.ended:
                self._session.forget(call)

    def _too_late(self, call: Call, deadline: float) -> None:
        sent = "" if call.id is not None else ", and it was not sent: there is no connection"
        asked = f"{call.message.method} {call.message.url}"
        self._world.fail(
            call.future, CommandTimeout(f"{asked} was not answered in {deadline:g} ms{sent}")
        )

    def in_parts(self, request: Request, items: Items[Any], begin: Callable[[], None]) -> Parts:
        """An answer that may come in parts; it is asked for when the first one is wanted.

        :param items: that wait for the application.
        :param begin: connects.
        """
        answering = _Answering(items)

        def ask() -> None:
            answering.call = self._session.ask(request, answering.put)
            begin()
            self._world.begin(self._until_ended(answering.call, answering), lambda: None)

        def leave() -> None:
            call = answering.call
            if call is not None and not call.ended:
                self._session.forget(call)

        return Parts(answering, ask, leave)

    async def _until_ended(self, call: Call, answering: _Answering) -> None:
        try:
            answering.end(await self._answered(call))
        except Exception as error:
            answering.items.end(error)


@attrs.define(eq=False)
class _Answering:
    """An answer that comes in parts, as far as it has come; whoever takes them is not known to it."""

    items: Items[Any]
    call: Call | None = None
    status: int | None = None
    in_parts: bool = False

    def put(self, part: Any) -> None:
        """A part came."""
        self.in_parts = True
        self.items.put(part)

    def end(self, answer: Incoming) -> None:
        """The end came.

        :raises CommandFailed: it is a failure.
        """
        self.status = answer.status
        last = data_of(answer)
        # The end of what came in parts has no data.
        if last is not None or not self.in_parts:
            self.items.put(last)
        self.items.end()


class Parts(Stream[Any]):
    """The parts of an answer, as they come; of one that comes at once, that alone.

    It is asked for when the first one is wanted, and cancelled where the loop is left before its end.
    """

    def __init__(
        self, answering: _Answering, ask: Callable[[], None], leave: Callable[[], None]
    ) -> None:
        super().__init__(answering.items, ask, leave)
        self._answering = answering

    @property
    def status(self) -> int | None:
        """Of the answer, an HTTP number; None until its end came."""
        return self._answering.status

    @property
    def in_parts(self) -> bool:
        """Whether it comes in parts."""
        return self._answering.in_parts


def data_of(answer: Incoming) -> Any:
    """
    :raises CommandFailed: it is a failure.
    """
    if answer.detail is not UNSET:
        raise CommandFailed(answer.status or 500, answer.detail, answer.errors)
    return answer.data
