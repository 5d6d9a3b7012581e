"""What is being done for a session of the v1 dialect, which outlives its connections."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import CloseCode, RequestTimeout
from ..messages import Message, Request, Response
from ..sessions.resumable import ResumableSession
from ..sessions.states import State
from ..sessions.surroundings import Timer
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

    __slots__ = (
        "_answering", "_calls", "_limits", "_outbox", "_queue", "_queued", "_session", "_surroundings",
        "_timer", "changed",
    )  # fmt: skip

    def __init__(self, session: ResumableSession, factory: RequestHandlerFactory) -> None:
        self._session = session
        self.changed: Callable[[], None] | None = None
        self._answering = Answering(
            factory,
            self,
            factory.reactor,
            factory.limits,
            factory.events,
            session.dialect,
            self.send_part,
        )
        self._surroundings = factory.surroundings
        self._calls = Calls(session, factory.surroundings)
        self._limits = factory.limits
        # It is the session's for its whole life.
        self._outbox = session.outbox
        # Requests that wait until others are answered, and the answers acknowledged; their bytes.
        self._queue: deque[tuple[Request, bool, int]] = deque()
        self._queued = 0
        self._timer: Timer | None = None

    # -- for what answers

    def send_answer(self, answer: bytes, binary: bool) -> None:
        self._session.send(answer)

    def requests_changed(self) -> None:
        self.go_on()
        if self.changed is not None:
            self.changed()

    # -- for the connection that is there

    @property
    def full(self) -> bool:
        """Whether no more should be read: more requests wait than may be open, or they are too large."""
        limits = self._limits
        return len(self._queue) > limits.max_open_requests or self._queued > limits.max_message_size

    @property
    def open(self) -> int:
        """How many requests are not answered yet."""
        return self._answering.open + len(self._queue)

    def expire(self) -> None:
        """Answer whatever is open as if its time was over."""
        while self._queue:
            request, binary, _ = self._queue.popleft()
            self._answering.refuse(RequestTimeout(), request.event_name, request.id, binary)
        self._queued = 0
        self._answering.expire()

    # -- for what reads

    def ask(self, request: Request, binary: bool, size: int) -> None:
        """Take a request; it waits while too much is open or on its way, and what is read goes on."""
        if self._queue or self._answering.full or self._outbox.half_full:
            self._queue.append((request, binary, size))
            self._queued += size
            if self._timer is None:
                seconds = self._limits.request_timeout
                self._timer = self._surroundings.later(seconds, self._stuck)
            if self.full and self.changed is not None:
                self.changed()
        else:
            self._answering.ask(request, binary, size)

    @property
    def _must_wait(self) -> bool:
        outbox = self._outbox
        # Where reading would stop, acknowledgements would not come either; so some more are taken.
        return self._answering.full or (outbox.half_full and (not self.full or outbox.far_too_full))

    def go_on(self) -> None:
        """Take those that wait, as far as there is room."""
        if not self._queue:
            return
        was_full = self.full
        while self._queue and not self._must_wait:
            request, binary, size = self._queue.popleft()
            self._queued -= size
            self._answering.ask(request, binary, size)
        if not self._queue and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if was_full and not self.full and self.changed is not None:
            self.changed()

    def _stuck(self) -> None:
        """Requests wait for so long: the client acknowledges nothing, or views do not end."""
        self._timer = None
        if self._queue and not self._answering.open:
            self._session.close(int(CloseCode.SLOW_READER), "nothing is acknowledged")
        elif self._queue:
            self._timer = self._surroundings.later(self._limits.request_timeout, self._stuck)

    def refuse(self, error: Exception, event_name: Any, id: Any, binary: bool) -> None:
        """Answer a request that could not be read."""
        self._answering.refuse(error, event_name, id, binary)

    def cancel(self, id: Any) -> None:
        """The client wants no answer to a request any more."""
        self._answering.cancel(id)

    def answered(self, message: Message) -> None:
        """The client has answered a request of ours."""
        self._calls.answered(message)

    async def request(self, method: str, url: str, **options: Any) -> Any:
        """Ask the client."""
        return await self._calls.request(method, url, **options)

    def again(self) -> None:
        """The client is back: ask again what it has not answered."""
        self._calls.again()

    async def send_part(self, part: Any, request: Request) -> None:
        """Send a part of an answer, and wait until the client takes more.

        :raises RequestTimeout: its session has ended.
        """
        session = self._session
        answer = session.dialect.response(Response(part), request.event_name, request.id, True)
        await self._room()
        session.send(answer)
        await self._room()

    async def _room(self) -> None:
        session = self._session
        while not session.has_room:
            if session.state is State.GONE:
                raise RequestTimeout("The session has ended.")
            awaitable, fire = self._surroundings.waiting()
            session.when_room(lambda fire=fire: fire(None))  # type: ignore[misc]
            await awaitable

    def close(self) -> None:
        """The session has ended."""
        self._queue.clear()
        self._queued = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._answering.close()
        self._calls.close()
