"""What asyncio's loops say, in the words of Twisted."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address

__all__ = ["Address", "address_from", "is_of_the_network", "loop_of"]

# An OSError that comes from nowhere else is the network's.
_NETWORK = {"asyncio", "uvloop", "ssl"}

Address = IPv4Address | IPv6Address


def loop_of(reactor: Any) -> asyncio.AbstractEventLoop | None:
    """The asyncio loop that a reactor runs on, or None."""
    return getattr(reactor, "_asyncioEventloop", None)


def address_from(name: tuple[Any, ...]) -> Address:
    """What ``getsockname`` gives, as an address of Twisted's."""
    host, port, *scope = name
    return IPv6Address("TCP", host, port, *scope) if scope else IPv4Address("TCP", host, port)


def is_of_the_network(traceback: TracebackType | None) -> bool:
    """Whether an error was raised by the loop, and not by what it called."""
    while traceback is not None:
        if traceback.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in _NETWORK:
            return False
        traceback = traceback.tb_next
    return True
