"""What an application's own tests need: views without a socket, and connections without a network.

:func:`call` and :func:`ask` put a request through a router and its middlewares.
:class:`GatewayTestCase` connects clients in memory, on a clock that the test advances.
"""

from .calls import Answer, ask, call
from .cases import GatewayTestCase
from .connections import InlineCalls, MemoryClient, connect
from .sessions import SessionClient

__all__ = [
    "Answer",
    "GatewayTestCase",
    "InlineCalls",
    "MemoryClient",
    "SessionClient",
    "ask",
    "call",
    "connect",
]
