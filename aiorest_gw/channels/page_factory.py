"""A gateway for pages and their channels: a client of the plain dialect is a page."""

from __future__ import annotations

from typing import Any

from autobahn.websocket.types import ConnectionDeny, ConnectionRequest

from ..arguments import checked_seconds
from ..errors import BadMessage, ConfigurationError
from ..server.factory import RequestHandlerFactory
from ..server.protocol import RequestHandlerProtocol
from ..sessions.manager import ToHandler
from ..sessions.session import Session
from .arguments import checked_dispatchers
from .hub import FrontEndDispatcher
from .incoming import MessageFromFrontEndDispatcher
from .page_connection import FIRST_MESSAGE_TIMEOUT, PageConnection

__all__ = ["PageFactory", "PageProtocol"]


class PageProtocol(RequestHandlerProtocol):
    """A page's connection; or one of a client of the v1 dialect, which is no page."""

    factory: PageFactory
    _page: PageConnection | None = None

    def onConnect(self, request: ConnectionRequest) -> Any:
        """
        :raises ConnectionDeny: the page may not connect.
        """
        factory = self.factory
        if factory.authenticator is not None and not self._spoken():
            assert self.session is not None
            if not self.session.user.is_authenticated():
                raise ConnectionDeny(401, "Credentials are needed")
        return super().onConnect(request)

    def onOpen(self) -> None:
        super().onOpen()
        if self._conversation is None:
            assert self.session is not None
            self._page = self.factory.page_opened(self.session)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        super().onClose(wasClean, code, reason)
        if self._page is not None:
            self.factory.page_lost(self._page)

    def _refuse_message(self, error: BadMessage, isBinary: bool) -> None:
        assert self._page is not None
        self._page.refuse(error)


class PageFactory(RequestHandlerFactory):
    """Makes the connections of pages. To a plain gateway it adds what pages may say.

    A message that is no request is a page's: the first one names its channel, and has to come in time;
    all others go to ``messages``. With an ``authenticator``, pages without credentials are refused.

    :param hub: has the channels; whoever makes the factory starts and stops it.
    :param messages: handles what pages say.
    :param first_message_timeout: seconds.
    :param local: it listens for this machine alone, and answers under no other's name.
    :param options: as of :class:`~aiorest_gw.RequestHandlerFactory`.
    :raises TypeError: hub or messages are none.
    :raises ValueError: the time is none.
    :raises ConfigurationError: a value is wrong, or the manager hands messages on already.
    """

    protocol = PageProtocol

    def __init__(
        self,
        hub: FrontEndDispatcher,
        messages: MessageFromFrontEndDispatcher,
        *,
        first_message_timeout: float = FIRST_MESSAGE_TIMEOUT,
        local: bool = False,
        **options: Any,
    ) -> None:
        checked_dispatchers(hub, messages)
        super().__init__(**options)
        self.hub = hub
        self.messages = messages
        if local:
            self.web.hosts = frozenset()
        self._timeout = checked_seconds("first_message_timeout", first_message_timeout)
        self._pages: dict[str, PageConnection] = {}
        if self.manager.on_handler_message_received is not None:
            raise ConfigurationError(
                "the manager has an on_handler_message_received: messages of pages come to their hub"
            )
        self.manager.on_handler_message_received = self._received

    def page_opened(self, session: Session) -> PageConnection:
        """A page has connected."""
        page = self._pages[session.session_id] = PageConnection(
            session,
            self.hub,
            self.messages,
            surroundings=self.surroundings,
            first_message_timeout=self._timeout,
        )
        page.begin()
        return page

    def page_lost(self, page: PageConnection) -> None:
        """Its connection is closed, or broken."""
        self._pages.pop(page.transport.session_id, None)
        page.lost()

    async def _received(self, answer: ToHandler, session: Session, message: dict[str, Any]) -> None:
        page = self._pages.get(session.session_id)
        handled = None if page is None else page.receive(message)
        if handled is not None:
            await handled
