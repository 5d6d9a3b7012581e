"""One connection of a page: its first message names its channel, and all others go to their handlers."""

from __future__ import annotations

from enum import Enum, auto
from inspect import isawaitable
from typing import Any

from ..arguments import checked_seconds
from ..errors import APIError, BadMessage, CloseCode, Conflict, NotFound
from ..sessions.entries import Policy
from ..sessions.session import Session
from ..sessions.surroundings import Surroundings, Timer
from ..sessions.terms import Terms
from .arguments import checked_dispatchers, is_made
from .expected import Expected
from .hub import FrontEndDispatcher, UnknownCode
from .incoming import MessageFromFrontEndDispatcher, refusal
from .messages import PageMessage, PreparedPage
from .outgoing import FrontEndWebSocketDispatcher

__all__ = ["FIRST_MESSAGE_TIMEOUT", "PageConnection", "handle_client"]

# Seconds, as PeerConnect has it.
FIRST_MESSAGE_TIMEOUT = 6.0
_TERMS = Terms(Policy.DROP_OLDEST)


class _State(Enum):
    #: Nothing is known of it but that it is there.
    NEW = auto()
    #: It has a channel.
    OPEN = auto()
    #: It is lost, or about to be closed.
    CLOSED = auto()


class PageConnection:
    """A connection of a page, which somebody else reads.

    The page that was connected to the channel before is told that it is taken over, and is closed with
    4503.

    :param transport: a :class:`~aiorest_gw.Session` of the plain dialect, or an object with
        ``send(text)`` and ``close(code, reason)``, which may be coroutine functions.
    :param hub: has the channels.
    :param messages: handles what the page says.
    :param surroundings: time, timers and log; those of ``messages`` if not given.
    :param first_message_timeout: seconds within which the page has to name its channel.
    :raises ValueError: the time is none.
    :raises TypeError: one of the others is not what it should be.
    """

    def __init__(
        self,
        transport: Any,
        hub: FrontEndDispatcher,
        messages: MessageFromFrontEndDispatcher,
        *,
        surroundings: Surroundings | None = None,
        first_message_timeout: float = FIRST_MESSAGE_TIMEOUT,
    ) -> None:
        checked_dispatchers(hub, messages)
        if not is_made(transport, "send", "close"):
            raise TypeError(
                f"a page's connection has send(text) and close(code, reason): {transport!r} has not"
            )
        self.transport = transport
        self._hub = hub
        self._messages = messages
        self._surroundings = surroundings or messages.surroundings
        self._timeout = checked_seconds("first_message_timeout", first_message_timeout)
        self._state = _State.NEW
        self._channel: FrontEndWebSocketDispatcher | None = None
        self._timer: Timer | None = None

    def begin(self) -> None:
        """It is open: from now on the page has its time for the first message."""
        self._timer = self._surroundings.later(self._timeout, self._too_late)

    def receive(self, message: PageMessage | str | bytes | dict[str, Any]) -> Expected | None:
        """Take a message of the page. Whatever it is, nothing is raised for it.

        A first one that cannot be read is answered so, and the page may try again.

        :param message: as it came.
        :returns: may be awaited until it is handled; None where it is.
        """
        if self._state is _State.NEW:
            self._choose(message)
        elif self._has_channel:
            return self._messages.submit(message, self._say)
        return None

    def refuse(self, error: BadMessage) -> None:
        """What the page sent could not be read: answer so."""
        if self._state is not _State.CLOSED:
            self._surroundings.begin(self._tell(self.transport, refusal(error, "", error.id)))

    def lost(self) -> None:
        """It is closed, or broken."""
        self._state = _State.CLOSED
        self._stop_timer()
        if self._channel is not None:
            self._channel.lost(self.transport)

    @property
    def _has_channel(self) -> bool:
        """Whether it has one; where another page took that over, this one may not have read so yet."""
        if self._state is not _State.OPEN or self._channel is None:
            return False
        return self._channel.transport in (None, self.transport)

    # -- the first message

    def _choose(self, first: PageMessage | str | bytes | dict[str, Any]) -> None:
        try:
            message = first if isinstance(first, PageMessage) else PageMessage.parse(first)
        except BadMessage as error:
            self.refuse(error)
            return
        try:
            channel = self._hub.get_dispatcher(message.code)
        except UnknownCode:
            channel = None
        # Others of an application's own are for no page.
        if not isinstance(channel, FrontEndWebSocketDispatcher):
            unknown = NotFound(f"There is no channel with the code {message.code!r}.")
            self._close(
                "there is no such channel", refusal(unknown, message.header, message.msg_id)
            )
            return
        self._stop_timer()
        self._state, self._channel = _State.OPEN, channel
        before = channel.update_transport(self.transport).result
        if before is not None:
            self._take_over(before, message.code)

    def _take_over(self, before: Any, code: str) -> None:
        told: APIError = Conflict("Another page has taken the channel over.")
        message = PageMessage(f"{code}error", {"detail": told.detail, "header": None})
        closing = self._part_with(
            before, CloseCode.TAKEN_OVER, "taken over by another page", message
        )
        self._surroundings.begin(closing)

    def _too_late(self) -> None:
        self._timer = None
        self._close(f"the first message did not come within {self._timeout:g} seconds")

    def _close(self, reason: str, message: PageMessage | None = None) -> None:
        self._state = _State.CLOSED
        self._stop_timer()
        self._surroundings.begin(
            self._part_with(self.transport, CloseCode.UNANSWERABLE, reason, message)
        )

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    # -- what the page is told over this connection, not over its channel

    def _say(self, message: PageMessage) -> Any:
        return _send(self.transport, message)

    async def _tell(self, transport: Any, message: PageMessage) -> None:
        try:
            sending = _send(transport, message)
            if isawaitable(sending):
                await sending
        except Exception as error:
            self._not_told(error)

    async def _part_with(
        self, transport: Any, code: int, reason: str, message: PageMessage | None
    ) -> None:
        """Close a connection, and say why before."""
        if message is not None:
            await self._tell(transport, message)
        try:
            # Of the transports that an application gave to a channel, not all can be closed.
            closing = transport.close(int(code), reason) if is_made(transport, "close") else None
            if isawaitable(closing):
                await closing
        except Exception as error:
            self._not_told(error)

    def _not_told(self, error: Exception) -> None:
        self._surroundings.warn(
            "a page could not be told what is wrong: {error}", error=type(error).__name__
        )


def _send(transport: Any, message: PageMessage) -> Any:
    if isinstance(transport, Session):
        return transport.deliver(PreparedPage(message), _TERMS)
    return transport.send(message.dump())


async def handle_client(
    websocket: Any,
    hub: FrontEndDispatcher,
    messages: MessageFromFrontEndDispatcher,
    *,
    first_message_timeout: float = FIRST_MESSAGE_TIMEOUT,
) -> None:
    """Serve a page's WebSocket of a server of your own, until it is closed.

    :param websocket: gives its messages with ``async for``, and has ``send(text)`` and
        ``close(code, reason)``, as one of the ``websockets`` library has.
    :param hub: has the channels.
    :param messages: handles what the page says.
    :param first_message_timeout: seconds within which the page has to name its channel.
    :raises ValueError: the time is none.
    :raises TypeError: one of the others is not what it should be.
    """
    if isinstance(websocket, Session):
        raise TypeError(
            "what a session's client says comes to its gateway: make that a PageFactory"
        )
    if not is_made(websocket, "__aiter__"):
        raise TypeError(f"messages cannot be read with async for from {websocket!r:.100}")
    page = PageConnection(websocket, hub, messages, first_message_timeout=first_message_timeout)
    page.begin()
    try:
        async for message in websocket:
            page.receive(message)
    except Exception as error:  # of whichever library
        messages.surroundings.warn(
            "the connection of a page broke: {error}", error=type(error).__name__
        )
    finally:
        page.lost()
