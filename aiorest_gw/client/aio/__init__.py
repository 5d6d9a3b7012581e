"""Clients on asyncio; nothing of Twisted's is imported.

The same as :mod:`aiorest_gw.client`, with coroutines in place of Deferreds.
"""

from ..core.connection import Patience
from ..core.requests import Parts
from ..core.serving import GatewayRequest
from ..core.states import State
from ..core.streams import Stream
from ..core.subscriptions import Position, Subscription
from ..core.topics import Loss
from ..errors import (
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
from .gateway import GatewayClient
from .handler import ConnectionHandler, get_browser_ws_address

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
    "get_browser_ws_address",
]
