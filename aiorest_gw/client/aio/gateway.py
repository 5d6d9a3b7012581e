"""The :class:`GatewayClient` of applications on asyncio."""

from __future__ import annotations

import ssl
from collections.abc import Coroutine, Mapping
from typing import Any

from ..core.address import parse_address
from ..core.connection import Patience
from ..core.credentials import Token
from ..core.gateway import Gateway
from .websocket import Connector, WebSocketOptions
from .world import AsyncioWorld

__all__ = ["GatewayClient"]


class GatewayClient(Gateway[Coroutine[Any, Any, Any]]):
    """A client of a gateway, in one session; each method that asks returns a coroutine.

    It connects with the first request or with ``async with``, and resumes its session where the
    connection is lost. It belongs to the loop that it is first used in.

    :param url: ``ws://…`` or ``wss://…``.
    :param token: credentials; or a function that gives them, at once or to be awaited. It is called for
        the first connection, and when they ran out or are refused.
    :param headers: of the opening handshake of each connection.
    :param msgpack: speak MessagePack in place of JSON.
    :param max_queued: pushes and parts of answers that wait for the application; beyond that nothing is
        acknowledged, and the gateway keeps what comes next, or does with it what its policy says.
    :param max_message_size: bytes of the largest message that is taken; 0: of any size.
    :param compression: whether messages may be compressed (RFC 7692).
    :param tls: if not given, the system's certificates are trusted.
    :param connector: a coroutine function that takes what makes a protocol, and an
        :class:`~aiorest_gw.client.core.address.Address`, and connects the one to the other as
        :meth:`asyncio.loop.create_connection` does.
    :param patience: how often and how long it tries.
    :raises ValueError: the address is none.
    """

    def __init__(
        self,
        url: str,
        token: Token = None,
        *,
        headers: Mapping[str, str] | None = None,
        msgpack: bool = False,
        max_queued: int = 10_000,
        max_message_size: int = 16_777_216,
        compression: bool = False,
        tls: ssl.SSLContext | None = None,
        connector: Connector | None = None,
        patience: Patience | None = None,
    ) -> None:
        address = parse_address(url).url
        options = WebSocketOptions(headers, max_message_size, compression, tls, connector)
        super().__init__(
            AsyncioWorld(options),
            lambda: address,
            token,
            msgpack,
            max_queued,
            Patience() if patience is None else patience,
        )
