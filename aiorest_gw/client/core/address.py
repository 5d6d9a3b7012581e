"""Where a WebSocket leads: ``ws://host:port/path?query`` (RFC 6455 section 3), taken apart."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import attrs
import msgspec

__all__ = ["Address", "browser_address", "page_address", "parse_address", "version_url"]

# Also where a password holds what would end the name of a host.
_CREDENTIALS = re.compile(
    r"(?:[^/?#]*//)?(?:[^/?#]*@|[^@/?#\[]*:(?!\d*(?:[/?#]|$))[^@]*@)",
)
_PORTS = {"ws": 80, "wss": 443}


@attrs.frozen
class Address:
    """
    :param url: all of it.
    :param host: a name or a number, of IPv6 without brackets.
    :param port: 1 to 65535.
    :param secure: whether over TLS.
    :param target: path and query, as the request line has them.
    """

    url: str
    host: str
    port: int
    secure: bool
    target: str


def parse_address(url: Any) -> Address:
    """
    :raises ValueError: it is none; the text says what is wrong.
    """
    if not isinstance(url, str):
        raise ValueError(f"an address is a text such as 'ws://127.0.0.1:8080/', not {url!r}")
    text = url.strip()
    if _CREDENTIALS.match(text):
        # Before anything tells what stands there.
        raise ValueError(
            "an address holds no user and password; give a token, or headers={'Authorization': …}"
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{url!r} is no address: {error}") from None
    if parts.scheme not in _PORTS:
        meant = {"http": "ws", "https": "wss"}.get(parts.scheme)
        hint = (
            f"is {meant}://{text.partition('://')[2]} meant?" if meant else "write ws:// or wss://"
        )
        raise ValueError(f"{url!r} is no address of a WebSocket; {hint}")
    if not parts.hostname or port == 0:
        raise ValueError(f"{url!r} names no {'port' if port == 0 else 'host'}")
    if parts.fragment or "#" in text:
        raise ValueError(f"{url!r} has a fragment, which the address of a WebSocket cannot have")
    if any(ord(character) <= 32 or ord(character) > 126 for character in text):
        raise ValueError(f"{url!r} holds characters that have to be percent-escaped")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(
        text, parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "wss", target
    )


def version_url(port: int) -> str:
    """Where a browser tells its own address (the HTTP endpoints of the DevTools Protocol)."""
    return f"http://localhost:{port}/json/version"


def page_address(port: int, page_id: str) -> str:
    """The address of a page of a browser.

    :param page_id: the ``id`` of a target.
    """
    return f"ws://localhost:{port}/devtools/page/{page_id}"


def browser_address(answer: bytes) -> str:
    """The address of a browser.

    :param answer: of :func:`version_url`.
    :raises ValueError: it has none.
    """
    try:
        url = msgspec.json.decode(answer)["webSocketDebuggerUrl"]
    except (msgspec.DecodeError, UnicodeError, KeyError, TypeError):
        raise ValueError("what answers there is no browser with the DevTools Protocol") from None
    return str(url)
