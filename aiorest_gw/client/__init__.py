"""Clients, on Twisted: a connection to a browser or a gateway, and a session with a gateway.

The same for asyncio is :mod:`aiorest_gw.client.aio`, and for scripts without a loop
:mod:`aiorest_gw.client.blocking`. What stands on Twisted is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazily import lazily
from .core.connection import Patience
from .core.requests import Parts
from .core.serving import GatewayRequest
from .core.states import State
from .core.streams import Stream
from .core.subscriptions import Position, Subscription
from .core.topics import Loss
from .errors import (
    CommandError,
    CommandFailed,
    CommandTimeout,
    ConnectionClosed,
    ConnectionFailed,
    ConnectionLost,
    InvalidCommand,
    ReconnectionFailed,
    SessionLost,
)

if TYPE_CHECKING:
    from .blocking import connect
    from .on_twisted.gateway import GatewayClient
    from .on_twisted.handler import ConnectionHandler, get_browser_ws_address

_HOMES = {
    ".blocking": ("connect",),
    ".on_twisted.gateway": ("GatewayClient",),
    ".on_twisted.handler": ("ConnectionHandler", "get_browser_ws_address"),
}
__getattr__, __dir__ = lazily(globals(), _HOMES)

__all__ = [
    "CommandError",
    "CommandFailed",
    "CommandTimeout",
    "ConnectionClosed",
    "ConnectionFailed",
    "ConnectionHandler",
    "ConnectionLost",
    "GatewayClient",
    "GatewayRequest",
    "InvalidCommand",
    "Loss",
    "Parts",
    "Patience",
    "Position",
    "ReconnectionFailed",
    "SessionLost",
    "State",
    "Stream",
    "Subscription",
    "connect",
    "get_browser_ws_address",
]
