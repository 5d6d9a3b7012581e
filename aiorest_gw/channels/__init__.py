"""Pages and their channels: what an application tells a page by a code, and what a page tells it.

A channel outlives the connections of its page, whoever accepts them.
"""

from typing import TYPE_CHECKING

from ..lazily import lazily
from .expected import Expected
from .hub import FrontEndDispatcher, UnknownCode
from .incoming import MessageFromFrontEndDispatcher
from .messages import PageMessage
from .outgoing import FrontEndWebSocketDispatcher
from .page_connection import PageConnection, handle_client
from .surroundings import loop_surroundings, reactor_surroundings

if TYPE_CHECKING:
    from .page_factory import PageFactory
    from .page_handle import PageHandle, initiate_page_handle

# Whoever has a server of their own needs nothing of the gateway's.
_HOMES = {
    ".page_factory": ("PageFactory",),
    ".page_handle": (
        "PageHandle",
        "initiate_page_handle",
    ),
}
__getattr__, __dir__ = lazily(globals(), _HOMES)

__all__ = [
    "Expected",
    "FrontEndDispatcher",
    "FrontEndWebSocketDispatcher",
    "MessageFromFrontEndDispatcher",
    "PageConnection",
    "PageFactory",
    "PageHandle",
    "PageMessage",
    "UnknownCode",
    "handle_client",
    "initiate_page_handle",
    "loop_surroundings",
    "reactor_surroundings",
]
