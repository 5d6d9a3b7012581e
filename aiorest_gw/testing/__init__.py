"""What an application's own tests need: views without a socket, connections without a network, and a
network that fails.

:func:`call` and :func:`ask` put a request through a router and its middlewares.
:class:`GatewayTestCase` connects clients in memory, on a clock that the test advances.
:class:`FlakyProxy` is a bad network between real clients and a real gateway.
"""

from .calls import Answer, ask, call
from .cases import GatewayTestCase
from .connections import InlineCalls, MemoryClient, connect
from .proxy import FlakyProxy
from .sessions import SessionClient

__all__ = [
    "Answer",
    "FlakyProxy",
    "GatewayTestCase",
    "InlineCalls",
    "MemoryClient",
    "SessionClient",
    "ask",
    "call",
    "connect",
]
