"""What pages say: a message goes to whoever waits for it as a reply, or to the handler of its code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable, iscoroutine
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from ..arguments import checked_callable, checked_number, checked_seconds
from ..errors import (
    APIError,
    BadMessage,
    NotFound,
    RequestTimeout,
    ServiceUnavailable,
    for_clients,
)
from ..server.awaiting import begun
from ..sessions.surroundings import Surroundings, Timer
from .arguments import checked_surroundings
from .expected import Expected
from .messages import PageMessage, checked_code
from .surroundings import surroundings_here

__all__ = ["MessageFromFrontEndDispatcher", "refusal"]

Answer = Callable[[PageMessage], Any]
Handler = Callable[[PageMessage], Any]

# What the application's functions may raise; sys.exit() there ends no gateway.
_ANY = (Exception, SystemExit, KeyboardInterrupt)
# The channel that a page is told on that its message could not be read.
_UNREADABLE = "1"


@attrs.frozen
class _Reply:
    expected: Expected
    timer: Timer


class MessageFromFrontEndDispatcher:
    """The handlers of what pages say, by code. It reads and writes no connection itself.

    :param surroundings: time, timers and log, as of a :class:`FrontEndWebSocketDispatcher`.
    :param most_open: messages whose handlers have not ended, and replies that are waited for, at the
        same time.
    """

    def __init__(self, surroundings: Surroundings | None = None, *, most_open: int = 1_000) -> None:
        self._surroundings = checked_surroundings(surroundings)
        self._most_open = checked_number("most_open", most_open)
        self._handlers: dict[str, Handler] = {}
        self._replies: dict[str | int, _Reply] = {}
        self._open = 0

    @property
    def surroundings(self) -> Surroundings:
        """Time, timers and log."""
        if self._surroundings is None:
            self._surroundings = surroundings_here()
        return self._surroundings

    def register_handler(self, code: str | int, handler: Handler) -> None:
        """Hand the messages of a code to a handler.

        :param code: one digit.
        :param handler: is called with each message, and may be a coroutine function. An
            :class:`~aiorest_gw.APIError` that it raises is what the page is answered.
        :raises ValueError: it is no digit, or has a handler already.
        :raises TypeError: the handler is no function of one argument.
        """
        code = checked_code(code)
        if code in self._handlers:
            raise ValueError(f"the code {code!r} has a handler already")
        self._handlers[code] = checked_callable("handler", handler, "message")

    def expect_reply(self, message_id: str | int, timeout: float) -> Expected:
        """Wait for the message with an id. Call it before the page is asked.

        :param timeout: seconds.
        :returns: is awaited for the :class:`PageMessage`; that raises
            :class:`~aiorest_gw.errors.RequestTimeout` where it does not come in time.
        :raises ValueError: it is waited for already, or is no id; or the time is none.
        :raises ServiceUnavailable: too many are waited for.
        """
        timeout = checked_seconds("timeout", timeout)
        if type(message_id) not in (str, int):
            raise ValueError(f"an id is a string or a whole number, not {message_id!r}")
        if message_id in self._replies:
            raise ValueError(f"a reply to {message_id!r} is waited for already")
        if len(self._replies) >= self._most_open:
            raise ServiceUnavailable("Too many replies are waited for.")
        expected = Expected(lambda: self.surroundings.waiting())
        timer = self.surroundings.later(timeout, self._too_late, message_id)
        self._replies[message_id] = _Reply(expected, timer)
        return expected

    def _too_late(self, message_id: str | int) -> None:
        self._replies.pop(message_id).expected.fail(
            RequestTimeout("The page did not reply in time.")
        )

    def submit(
        self, message: PageMessage | str | bytes | dict[str, Any], answer: Answer | None = None
    ) -> Expected:
        """Take a message of a page. Whatever it is, nothing is raised for it.

        What cannot be read, has a code without a handler, or fails in its handler is answered with a
        message whose header is the code and ``error``, and whose content holds a ``detail`` and the
        ``header`` that it is about.

        :param message: as it came.
        :param answer: takes the answer, for the connection that the message came over; may be a
            coroutine function, or the ``submit`` of a channel.
        :returns: may be awaited until it is handled.
        :raises TypeError: ``answer`` is no function.
        """
        if answer is not None and not callable(answer):
            raise TypeError(f"answer should be a function of a message, not {answer!r}")
        handled = Expected(lambda: self.surroundings.waiting())
        try:
            if not isinstance(message, PageMessage):
                message = PageMessage.parse(message)
        except BadMessage as error:
            self._answer(answer, refusal(error, "", error.id))
            handled.succeed(None)
            return handled
        reply = None if message.msg_id is None else self._replies.pop(message.msg_id, None)
        if reply is not None:
            reply.timer.cancel()
            reply.expected.succeed(message)
            handled.succeed(None)
            return handled
        self._handle(message, answer, handled)
        return handled

    def _handle(self, message: PageMessage, answer: Answer | None, handled: Expected) -> None:
        """Run the handler of a message, as far as it goes."""
        result: Any = None
        try:
            handler = self._handlers.get(message.code)
            if handler is None:
                raise NotFound(f"There is no handler for the code {message.code!r}.")
            if self._open >= self._most_open:
                raise ServiceUnavailable("Too many messages are being handled; try again later.")
            result = handler(message)
        except _ANY as error:
            self._refuse(message, answer, error)
        if isawaitable(result):
            self._open += 1
            _begin(self._go_on(result, message, answer, handled))
        else:
            handled.succeed(None)

    async def _go_on(
        self,
        running: Awaitable[Any],
        message: PageMessage,
        answer: Answer | None,
        handled: Expected,
    ) -> None:
        try:
            await running
        except _ANY as error:
            self._refuse(message, answer, error)
        finally:
            self._open -= 1
            handled.succeed(None)

    def _refuse(self, message: PageMessage, answer: Answer | None, error: BaseException) -> None:
        """Answer a message that failed; the exception is being handled."""
        told = for_clients(error)
        if told is not error:
            self.surroundings.failure("the handler of the code {code} failed", code=message.code)
        self._answer(answer, refusal(told, message.header, message.msg_id))

    def _answer(self, answer: Answer | None, told: PageMessage) -> None:
        """Answer; what fails there is the connection's."""
        if answer is None:
            self.surroundings.warn("a message of a page was refused, and nobody takes the answer")
            return
        try:
            sending = answer(told)
        except _ANY as error:
            self._not_answered(error)
        else:
            if iscoroutine(sending) or isinstance(sending, Deferred):
                _begin(self._answered(sending))

    async def _answered(self, sending: Awaitable[Any]) -> None:
        try:
            await sending
        except _ANY as error:
            self._not_answered(error)

    def _not_answered(self, error: BaseException) -> None:
        self.surroundings.warn("a page could not be answered: {error}", error=type(error).__name__)


def refusal(error: APIError, header: str, msg_id: Any) -> PageMessage:
    """What a page is answered in place of what it asked."""
    content: dict[str, Any] = {"detail": error.detail, "header": header or None}
    if error.errors is not None:
        content["errors"] = error.errors
    return PageMessage(f"{header[:1] or _UNREADABLE}error", content, msg_id=msg_id)


def _begin(running: Awaitable[None]) -> None:
    """Run a coroutine that raises nothing, but where it is cancelled."""
    begin = begun(running)
    if isinstance(begin, Deferred):
        begin.addErrback(lambda _: None)
