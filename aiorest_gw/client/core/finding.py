"""Where a connection leads that is named by a port and a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .address import page_address, parse_address

__all__ = ["BROWSER", "Resolver", "finder"]

# The page that stands for the browser itself.
BROWSER = "browser"
# Gives the address of the browser that listens at a port.
Resolver = Callable[[int], Awaitable[str] | str]


def finder(
    port: int | None, page_id: str | None, resolver: Resolver, ws_address: str | None
) -> Callable[[], Awaitable[str] | str]:
    """What gives the address, anew for each connection: a browser that was started again has another.

    :param port: that a browser listens at, on this machine.
    :param page_id: a page of it; None or ``"browser"``: the browser itself.
    :param resolver: gives the browser's address.
    :param ws_address: in place of all that.
    :raises TypeError: there is neither a port nor an address.
    :raises ValueError: the port, the page or the address is none.
    """
    if ws_address is not None:
        url = parse_address(ws_address).url
        return lambda: url
    if port is None:
        raise TypeError("give the port that the browser listens at, or ws_address='ws://…'")
    if type(port) is not int or not 0 < port < 65_536:
        raise ValueError(f"a port is a number from 1 to 65535, not {port!r}")
    number: Any = port
    if page_id in (None, BROWSER):
        return lambda: resolver(number)
    if not isinstance(page_id, str) or not page_id:
        raise ValueError(f"a page is named by the id of its target, a text, not {page_id!r}")
    page = parse_address(page_address(number, page_id)).url
    return lambda: page
