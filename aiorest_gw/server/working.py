"""What is being done for a session of the v1 dialect, which outlives its connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import RequestTimeout
from ..messages import Message, Request, Response
from ..sessions.resumable import ResumableSession
from ..sessions.states import State
from .answering import Answering
from .calls import Calls

if TYPE_CHECKING:
    from .factory import RequestHandlerFactory

__all__ = ["Working"]


class Working:
    """The open requests of a session, both ways.

    :param session: that they belong to.
    :param factory: that serves it.
    :ivar changed: called where a request was opened or answered; the connection that is there sets it.
    """

    __slots__ = ("_session", "_surroundings", "answering", "calls", "changed")

    def __init__(self, session: ResumableSession, factory: RequestHandlerFactory) -> None:
        self._session = session
        self.changed: Callable[[], None] | None = None
        self.answering = Answering(
            factory,
            self,
            factory.reactor,
            factory.limits,
            factory.events,
            session.dialect,
            self.send_part,
        )
        self._surroundings = factory.surroundings
        self.calls = Calls(session, factory.surroundings)

    # -- for what answers

    def send_answer(self, answer: bytes, binary: bool) -> None:
        self._session.send(answer)

    def requests_changed(self) -> None:
        if self.changed is not None:
            self.changed()

    # -- for what reads

    def ask(self, request: Request, binary: bool, size: int) -> None:
        """Take a request."""
        self.answering.ask(request, binary, size)

    def refuse(self, error: Exception, event_name: Any, id: Any, binary: bool) -> None:
        """Answer a request that could not be read."""
        self.answering.refuse(error, event_name, id, binary)

    def cancel(self, id: Any) -> None:
        """The client wants no answer to a request any more."""
        self.answering.cancel(id)

    def answered(self, message: Message) -> None:
        """The client has answered a request of ours."""
        self.calls.answered(message)

    async def request(self, method: str, url: str, **options: Any) -> Any:
        """Ask the client."""
        return await self.calls.request(method, url, **options)

    def again(self) -> None:
        """The client is back: ask again what it has not answered."""
        self.calls.again()

    async def send_part(self, part: Any, request: Request) -> None:
        """Send a part of an answer, and wait until the client takes more.

        :raises RequestTimeout: its session has ended.
        """
        session = self._session
        answer = session.dialect.response(Response(part), request.event_name, request.id, True)
        session.send(answer)
        while not session.has_room:
            if session.state is State.GONE:
                raise RequestTimeout("The session has ended.")
            awaitable, fire = self._surroundings.waiting()
            session.when_room(lambda fire=fire: fire(None))  # type: ignore[misc]
            await awaitable

    def close(self) -> None:
        """The session has ended."""
        self.answering.close()
        self.calls.close()
