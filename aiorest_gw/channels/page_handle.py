"""Pages and their channels as one service on one port: what starts first stops last."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from os import PathLike
from types import TracebackType
from typing import Any

from ..arguments import nearest
from ..auth.identity import Authenticator
from ..errors import ConfigurationError
from ..server.embedded import EmbeddedServer
from ..web.files import Pages
from ..wire.hosts import LOCAL
from .hub import FrontEndDispatcher
from .incoming import MessageFromFrontEndDispatcher
from .page_connection import FIRST_MESSAGE_TIMEOUT
from .page_factory import PageFactory

__all__ = ["PageHandle", "initiate_page_handle"]

_OWN = ("folder", "host", "port", "origins", "authenticator", "first_message_timeout", "reactor")


def _refuse_misspelt(options: Iterable[str]) -> None:
    """
    :raises ConfigurationError: one of them looks like a parameter of :class:`PageHandle`.
    """
    for name in options:
        meant = nearest(name, _OWN, 0.75)
        if meant is not None:
            raise ConfigurationError(f"there is no option {name}; is {meant} meant?")


class PageHandle:
    """A folder's pages, their WebSocket, and the channels behind it, within an ``async with`` block.

    The channels start first and stop last, so that what a page says finds them running. It runs in
    programs for asyncio, where no reactor is installed, and in those on a reactor of Twisted's.

    :param folder: of the pages, or :class:`~aiorest_gw.web.files.Pages`; None: others serve them.
    :param hub: has the channels, and is started and stopped here.
    :param messages: handles what pages say.
    :param host: an address to listen on; ``localhost`` is 127.0.0.1, and ::1 where there is IPv6.
    :param port: 0 takes a free one.
    :param origins: of pages that others serve and that may connect too, each exactly as browsers send
        it.
    :param authenticator: finds out who a page's user is; a page without credentials is refused then.
    :param first_message_timeout: seconds within which a page has to name its channel.
    :param reactor: to run on; what runs the caller when the block is entered, if not given.
    :param options: as of :class:`~aiorest_gw.RequestHandlerFactory`: ``token_cookie``, ``path``,
        ``router`` for requests of pages, limits, and the others.
    :raises TypeError: hub or messages are none.
    :raises ValueError: the time is none.
    :raises ConfigurationError: there is no such folder, or another value is wrong.
    """

    def __init__(
        self,
        folder: str | PathLike[str] | Pages | None,
        hub: FrontEndDispatcher,
        messages: MessageFromFrontEndDispatcher,
        *,
        host: str = "localhost",
        port: int = 0,
        origins: Iterable[str] = (),
        authenticator: Authenticator | None = None,
        first_message_timeout: float = FIRST_MESSAGE_TIMEOUT,
        reactor: Any = None,
        **options: Any,
    ) -> None:
        _refuse_misspelt(options)
        self.hub = hub
        self.messages = messages
        self.factory = PageFactory(
            hub,
            messages,
            site=folder,
            origins=origins,
            authenticator=authenticator,
            first_message_timeout=first_message_timeout,
            local=host in LOCAL,
            **options,
        )
        self._server = EmbeddedServer(self.factory, host, port, reactor)
        self._stack = AsyncExitStack()

    @property
    def port(self) -> int:
        """The number of its port.

        :raises RuntimeError: it does not listen.
        """
        return self._server.port

    @property
    def url(self) -> str:
        """Of the pages, as a browser on this machine takes it.

        :raises RuntimeError: it does not listen.
        """
        return f"http://{self._server.location}/"

    @property
    def socket_url(self) -> str:
        """Of their WebSocket.

        :raises RuntimeError: it does not listen.
        """
        return f"ws://{self._server.location}{self.factory.path}"

    async def __aenter__(self) -> PageHandle:
        """Start the channels, then listen; where that fails, they are stopped again.

        :raises ConfigurationError: the address cannot be had.
        :raises RuntimeError: it or its hub was entered before, or Twisted's reactor runs in another
            thread.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.hub)
            await stack.enter_async_context(self._server)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening, close the connections (4001), wait for that, and stop the channels."""
        await self._stack.aclose()


async def initiate_page_handle(
    exit_stack: AsyncExitStack,
    folder: str | PathLike[str] | Pages | None,
    hub: FrontEndDispatcher,
    messages: MessageFromFrontEndDispatcher,
    **options: Any,
) -> PageHandle:
    """Start a :class:`PageHandle` that an application's own exit stack stops.

    :param options: as there.
    """
    handle = PageHandle(folder, hub, messages, **options)
    return await exit_stack.enter_async_context(handle)
