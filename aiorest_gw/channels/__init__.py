"""Pages and their channels: what an application tells a page by a code, and what a page tells it.

A channel outlives the connections of its page, whoever accepts them.
"""

from .expected import Expected
from .hub import FrontEndDispatcher, UnknownCode
from .incoming import MessageFromFrontEndDispatcher
from .messages import PageMessage
from .outgoing import FrontEndWebSocketDispatcher
from .surroundings import loop_surroundings, reactor_surroundings

__all__ = [
    "Expected",
    "FrontEndDispatcher",
    "FrontEndWebSocketDispatcher",
    "MessageFromFrontEndDispatcher",
    "PageMessage",
    "UnknownCode",
    "loop_surroundings",
    "reactor_surroundings",
]
