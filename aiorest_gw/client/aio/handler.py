"""The :class:`ConnectionHandler` of applications on asyncio."""

from __future__ import annotations

import asyncio
import ssl
import urllib.request
from collections.abc import Coroutine, Mapping
from typing import Any

from ..core.address import browser_address, version_url
from ..core.connection import Patience
from ..core.credentials import Token
from ..core.finding import BROWSER, Resolver, finder
from ..core.handler import HANDLER_PATIENCE, MOST_BYTES, Handler
from .websocket import Connector, WebSocketOptions
from .world import AsyncioWorld

__all__ = ["ConnectionHandler", "get_browser_ws_address"]

# Seconds for a browser to tell its address, and the bytes of that.
_PATIENCE = 5
_MOST = 65_536


async def get_browser_ws_address(port: int) -> str:
    """The address of the browser that listens at a port of this machine.

    :raises ValueError: what listens there is no browser.
    """
    return browser_address(await asyncio.to_thread(_read, version_url(port)))


def _read(url: str) -> bytes:
    # This machine is not reached over a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=_PATIENCE) as response:
        answer: bytes = response.read(_MOST)
        return answer


class ConnectionHandler(Handler[Coroutine[Any, Any, Any]]):
    """A connection to a browser, or to a gateway; each method returns a coroutine.

    It connects with the first command, and again where the connection is lost. Each belongs to the loop
    that it is first used in.

    :param connection_port: that a browser listens at, on this machine.
    :param page_id: the ``id`` of a page of it; ``"browser"``: the browser itself.
    :param ws_address_resolver: takes the port, and gives the browser's address; asked anew for each
        connection. It may return something to be awaited.
    :param ws_connector: a coroutine function that takes what makes a protocol, and an
        :class:`~aiorest_gw.client.core.address.Address`, and connects the one to the other as
        :meth:`asyncio.loop.create_connection` does.
    :param ws_address: the whole address, ``ws://…`` or ``wss://…``, in place of port and page.
    :param dialect: ``"cdp"`` of browsers; ``"plain"`` or ``"v1"`` of gateways.
    :param token: for ``"v1"``: credentials, or what gives them, as of a :class:`GatewayClient`.
    :param headers: of the opening handshake of each connection.
    :param on_connect: commands that are sent first on each connection, as by :meth:`add_on_connect`.
    :param max_queued_events: that wait for the callbacks of one event; of more the oldest are dropped,
        which is logged.
    :param max_message_size: bytes of the largest message that is taken; 0: of any size.
    :param compression: whether messages may be compressed (RFC 7692).
    :param tls: if not given, the system's certificates are trusted.
    :param patience: how often and how long it tries.
    :raises TypeError: there is neither a port nor an address.
    :raises ValueError: an argument is none of its kind.
    """

    def __init__(
        self,
        connection_port: int | None = None,
        page_id: str | None = BROWSER,
        ws_address_resolver: Resolver = get_browser_ws_address,
        ws_connector: Connector | None = None,
        *,
        ws_address: str | None = None,
        dialect: str = "cdp",
        token: Token = None,
        headers: Mapping[str, str] | None = None,
        on_connect: tuple[dict[str, Any], ...] | list[dict[str, Any]] = (),
        max_queued_events: int = 10_000,
        max_message_size: int = MOST_BYTES,
        compression: bool = False,
        tls: ssl.SSLContext | None = None,
        patience: Patience = HANDLER_PATIENCE,
    ) -> None:
        options = WebSocketOptions(headers, max_message_size, compression, tls, ws_connector)
        super().__init__(
            AsyncioWorld(options),
            finder(connection_port, page_id, ws_address_resolver, ws_address),
            dialect,
            token,
            on_connect,
            max_queued_events,
            patience,
        )
