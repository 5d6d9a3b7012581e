"""The :class:`GatewayClient` of applications on Twisted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred

from ..core.address import parse_address
from ..core.connection import Patience
from ..core.credentials import Token
from ..core.gateway import Gateway
from .websocket import Connector, WebSocketOptions
from .world import TwistedWorld

__all__ = ["GatewayClient"]


class GatewayClient(Gateway[Deferred[Any]]):
    """A client of a gateway, in one session; each method that asks returns a Deferred.

    It connects with the first request or with ``async with``, and resumes its session where the
    connection is lost. What it returns may be awaited.

    :param url: ``ws://…`` or ``wss://…``.
    :param token: credentials; or a function that gives them, at once or to be awaited. It is called for
        the first connection, and when they ran out or are refused.
    :param headers: of the opening handshake of each connection.
    :param msgpack: speak MessagePack in place of JSON.
    :param max_queued: pushes and parts of answers that wait for the application; beyond that nothing is
        acknowledged, and the gateway keeps what comes next, or does with it what its policy says.
    :param max_message_size: bytes of the largest message that is taken; 0: of any size.
    :param compression: whether messages may be compressed (RFC 7692).
    :param tls: what :func:`twisted.internet.ssl.optionsForClientTLS` gives; if not given, the system's
        certificates are trusted.
    :param connector: takes the reactor and an :class:`~aiorest_gw.client.core.address.Address`, and
        returns the endpoint that leads there.
    :param patience: how often and how long it tries.
    :param reactor: Twisted's if not given.
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
        tls: Any = None,
        connector: Connector | None = None,
        patience: Patience | None = None,
        reactor: Any = None,
    ) -> None:
        if reactor is None:
            from twisted.internet import reactor
        address = parse_address(url).url
        options = WebSocketOptions(headers, max_message_size, compression, tls, connector)
        super().__init__(
            TwistedWorld(reactor, options),
            lambda: address,
            token,
            msgpack,
            max_queued,
            Patience() if patience is None else patience,
        )
