"""What is being done for a session of the v1 dialect, which outlives its connections."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import RequestCancelled, RequestTimeout
from ..messages import Message, Request, Response
from ..sessions.resumable import ResumableSession
from ..sessions.states import State
from ..sessions.surroundings import Timer
from .answering import Answering
from .calls import Calls
from .turns import Turn

if TYPE_CHECKING:
    from .factory import RequestHandlerFactory

__all__ = ["Working"]


# Seconds for which requests that waited are begun in one go.
_MOMENT = 0.001
# So many times as much may wait where the client's answers and acknowledgements are behind it.
_DEPENDING = 4


@attrs.define(eq=False)
class _Waiting:
    """A request that waits.

    :param since: the time at which it came.
    :param error: of one that could not be read, which is its answer.
    """

    request: Request
    binary: bool
    size: int
    since: float
    error: Exception | None = None
    timer: Timer | None = None


class Working:
    """The open requests of a session, both ways.

    :param session: that they belong to.
    :param factory: that serves it.
    :ivar changed: called where a request was opened or answered; the connection that is there sets it.
    """

    __slots__ = (
        "_acknowledged", "_answering", "_beginning", "_calls", "_depending", "_limits", "_outbox",
        "_queue", "_queued", "_session", "_surroundings", "_timer", "_turn", "_turns", "changed",
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
        self._turns = factory.turns
        self._calls = Calls(session, factory.surroundings)
        self._limits = factory.limits
        # It is the session's for its whole life.
        self._outbox = session.outbox
        # Requests that wait until others are answered, and the answers acknowledged; their bytes.
        self._queue: deque[_Waiting] = deque()
        self._queued = 0
        self._beginning = False
        self._turn: Turn | None = None
        # Until when something has to be acknowledged, and what was when that began.
        self._timer: Timer | None = None
        self._acknowledged = 0
        # How many wait for the client to answer, or to acknowledge.
        self._depending = 0

    # -- for what answers

    def send_answer(self, answer: bytes, binary: bool) -> None:
        self._session.send(answer)

    def requests_changed(self) -> None:
        self.go_on()
        self._tell()

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed()

    # -- for the connection that is there

    def served_by(self, factory: RequestHandlerFactory) -> None:
        """Another factory serves the session from now on; those that wait are its requests too."""
        self._answering.served_by(factory)
        for waiting in self._queue:
            waiting.request.factory = factory

    @property
    def full(self) -> bool:
        """Whether no more should be read: more requests wait than may be open, or they are too large."""
        limits = self._limits
        times = _DEPENDING if self._depending or self._outbox.far_too_full else 1
        return (
            len(self._queue) > times * limits.max_open_requests
            or self._queued > times * limits.max_message_size
        )

    @property
    def open(self) -> int:
        """How many requests are not answered yet."""
        return self._answering.open + len(self._queue)

    def expire(self) -> None:
        """Answer whatever is open as if its time was over."""
        queue = tuple(self._queue)
        self._forget_all()
        for waiting in queue:
            self._refuse(waiting, waiting.error or RequestTimeout())
        self._answering.expire()
        self._tell()

    # -- for what reads

    def ask(self, request: Request, binary: bool, size: int) -> None:
        """Take a request; it waits while too much is open or on its way, and what is read goes on."""
        if self._has_to_wait:
            self._wait(_Waiting(request, binary, size, self._surroundings.now()))
        else:
            self._answering.ask(request, binary, size)

    def refuse(
        self, error: Exception, event_name: Any, id: Any, binary: bool, size: int = 0
    ) -> None:
        """Answer a request that could not be read, in its turn.

        :param size: of its message, in bytes.
        """
        if self._has_to_wait:
            request = Request(event_name=event_name, id=id)
            self._wait(_Waiting(request, binary, size, self._surroundings.now(), error))
        else:
            self._answering.refuse(error, event_name, id, binary)

    @property
    def _has_to_wait(self) -> bool:
        return bool(self._queue) or self._answering.full or self._outbox.half_full

    def _wait(self, waiting: _Waiting) -> None:
        deadline = waiting.request.deadline
        if deadline is not None and deadline <= self._limits.request_timeout * 1000:
            waiting.timer = self._surroundings.later(deadline / 1000, self._too_late, waiting)
        self._queue.append(waiting)
        self._queued += waiting.size
        if self._timer is None:
            self._watch()
        if self.full:
            self.go_on()
        if self.full:
            self._tell()

    @property
    def _must_wait(self) -> bool:
        outbox = self._outbox
        # Where reading would stop, acknowledgements would not come either; so some more are taken.
        return self._answering.full or (outbox.half_full and (not self.full or outbox.far_too_full))

    def go_on(self) -> None:
        """Take those that wait, as far as there is room, and as far as others need not wait for it."""
        if not self._queue:
            return
        if self._session.state is State.GONE:
            self._forget_all()
        elif self._turn is None and not self._beginning:
            self._begin_some()

    def _begin_some(self) -> None:
        self._turn = None
        was_full = self.full
        until = self._surroundings.now() + _MOMENT
        self._beginning = True
        try:
            while self._queue and not self._must_wait:
                if self._surroundings.now() > until:
                    self._turn = self._turns.wait(self._begin_some)
                    break
                self._begin(self._forget(self._queue[0]))
        finally:
            self._beginning = False
        if not self._queue or (was_full and not self.full):
            self._tell()

    def _begin(self, waiting: _Waiting) -> None:
        request = waiting.request
        if waiting.error is not None:
            self._refuse(waiting, waiting.error)
            return
        if request.deadline is not None:
            # What it has waited is of its time.
            request.deadline -= (self._surroundings.now() - waiting.since) * 1000
        if request.deadline is not None and request.deadline <= 0:
            self._refuse(waiting, RequestTimeout())
        else:
            self._answering.ask(request, waiting.binary, waiting.size)

    def _refuse(self, waiting: _Waiting, error: Exception) -> None:
        request = waiting.request
        self._answering.refuse(error, request.event_name, request.id, waiting.binary)

    def _forget(self, waiting: _Waiting) -> _Waiting:
        """One waits no more."""
        self._queue.remove(waiting)
        self._queued -= waiting.size
        if waiting.timer is not None:
            waiting.timer.cancel()
        if not self._queue:
            self._forget_all()
        return waiting

    def _forget_all(self) -> None:
        for waiting in self._queue:
            if waiting.timer is not None:
                waiting.timer.cancel()
        self._queue.clear()
        self._queued = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None

    def _watch(self) -> None:
        """Look later whether something was acknowledged."""
        self._acknowledged = self._outbox.acknowledged
        self._timer = self._surroundings.later(self._limits.request_timeout, self._look)

    def _look(self) -> None:
        """Requests wait for long: views take their time, or the client is away, or too slow."""
        acknowledges = self._outbox.acknowledged != self._acknowledged
        if acknowledges or self._answering.open or self._session.state is not State.OPEN:
            self._watch()
        else:
            self._timer = None
            self._session.overflow("requests wait, and nothing is acknowledged")

    def cancel(self, id: Any) -> None:
        """The client wants no answer to a request any more."""
        if type(id) is not int:
            return
        for waiting in self._queue:
            if waiting.request.id == id:
                self._give_up(waiting, RequestCancelled())
                return
        self._answering.cancel(id)

    def _too_late(self, waiting: _Waiting) -> None:
        self._give_up(waiting, RequestTimeout())

    def _give_up(self, waiting: _Waiting, error: Exception) -> None:
        self._refuse(self._forget(waiting), error)
        self.requests_changed()

    def answered(self, message: Message) -> None:
        """The client has answered a request of ours."""
        self._calls.answered(message)

    async def request(self, method: str, url: str, **options: Any) -> Any:
        """Ask the client."""
        with self._dependent():
            return await self._calls.request(method, url, **options)

    @contextmanager
    def _dependent(self) -> Iterator[None]:
        """Somebody waits for what the client sends: it has to be read, whatever else is before it."""
        self._depending += 1
        if self._queue:
            self._tell()
        try:
            yield
        finally:
            self._depending -= 1
            if self._queue:
                self._tell()

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
            with self._dependent():
                await awaitable

    def close(self) -> None:
        """The session has ended."""
        self._forget_all()
        self._answering.close()
        self._calls.close()
