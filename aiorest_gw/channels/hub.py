"""The way of messages to pages, each by its code to a channel; and the channels' lives."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Protocol

from .arguments import checked_dispatcher, checked_message
from .messages import PageMessage, checked_code

__all__ = ["Dispatcher", "FrontEndDispatcher", "UnknownCode"]


class UnknownCode(LookupError):
    """No channel has the code of a message."""


class Dispatcher(Protocol):
    """What may be a channel."""

    def submit(self, message: PageMessage) -> Any:
        """Send a message."""

    async def __aenter__(self) -> Any: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> Any: ...


class FrontEndDispatcher:
    """Sends each message over the channel of its code.

    It owns the lives of its channels: ``async with`` starts them in the order in which they were added,
    and stops them in reverse.
    """

    def __init__(self) -> None:
        self._dispatchers: dict[str, Dispatcher] = {}
        self._stack: AsyncExitStack | None = None
        self._starting = False

    def __repr__(self) -> str:
        return f"<FrontEndDispatcher: {self._known}>"

    @property
    def _known(self) -> str:
        return ", ".join(map(repr, self._dispatchers)) or "none"

    async def add_dispatcher(self, code: str | int, dispatcher: Dispatcher) -> None:
        """Add a channel; where this runs, it is started.

        :param code: one digit, with which the headers of its messages begin.
        :param dispatcher: a :class:`FrontEndWebSocketDispatcher`, or what has its ``submit`` and can be
            entered with ``async with``.
        :raises ValueError: it is no digit, or has a channel already; or the channel has a code.
        :raises TypeError: the dispatcher is no channel.
        :raises Exception: starting the channel failed; then it is not added.
        """
        code = checked_code(code)
        if code in self._dispatchers:
            raise ValueError(f"the code {code!r} has a channel already")
        for known, channel in self._dispatchers.items():
            if channel is dispatcher:
                raise ValueError(f"this channel has the code {known!r} already")
        checked_dispatcher(dispatcher)
        self._dispatchers[code] = dispatcher
        if self._stack is not None:
            try:
                await self._stack.enter_async_context(dispatcher)
            except BaseException:
                del self._dispatchers[code]
                raise

    def get_dispatcher(self, code: str | int) -> Any:
        """The channel of a code.

        :raises UnknownCode: there is none.
        """
        try:
            return self._dispatchers[str(code)]
        except KeyError:
            wrong = f"no channel has the code {code!r}; there are: {self._known}"
            raise UnknownCode(wrong) from None

    def submit(self, message: PageMessage) -> Any:
        """Send a message over the channel of its code. Nothing waits for that, nor for other channels.

        :returns: of a :class:`FrontEndWebSocketDispatcher` the receipt.
        :raises UnknownCode: there is none.
        :raises SerializerError: it cannot be written.
        :raises TypeError: it is no message.
        """
        return self.get_dispatcher(checked_message(message).code).submit(message)

    async def __aenter__(self) -> FrontEndDispatcher:
        """Start the channels; where one of them fails, those before it are stopped again.

        :raises RuntimeError: it runs already, or is being started.
        """
        if self._starting or self._stack is not None:
            raise RuntimeError("it runs already")
        self._starting = True
        try:
            async with AsyncExitStack() as stack:
                stack.callback(self._forget_stack)
                started = 0
                while started < len(self._dispatchers):  # some may be added meanwhile
                    await stack.enter_async_context(list(self._dispatchers.values())[started])
                    started += 1
                self._stack = stack.pop_all()
        finally:
            self._starting = False
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """Stop the channels; one that fails to stop keeps no other from it."""
        stack = self._stack
        if stack is None:
            return None
        return await stack.__aexit__(kind, error, traceback)

    def _forget_stack(self) -> None:
        self._stack = None
