"""Which web pages may open a connection: those of the same origin, and those that are listed.

Browsers send the page's origin and let a page connect anywhere, so the server has to look (RFC 6455
section 10.2). A handshake without an origin comes from a program, which could send any.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from ..errors import ConfigurationError

__all__ = ["allowed_origins", "normal_origin", "origin_is_allowed"]

# As browsers write it: names in their ASCII form, and addresses.
_HOST = re.compile(r"[a-z0-9._\-]+|[0-9a-f:.]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def normal_origin(text: str) -> str | None:
    """An origin in its one form, ``scheme://host[:port]`` in lower case without the default port.

    :returns: None where the text is no origin of a web page (``null``, another scheme, a path).
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    if not _HOST.fullmatch(parts.hostname) or parts.path or parts.query or parts.fragment:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = "" if port in (None, _DEFAULT_PORTS[scheme]) else f":{port}"
    return f"{scheme}://{host}{suffix}"


def allowed_origins(texts: Collection[str]) -> frozenset[str]:
    """The listed origins in their one form.

    :raises ConfigurationError: one of them is no exact origin.
    """
    found = set()
    for text in texts:
        origin = normal_origin(text)
        if origin is None:
            raise ConfigurationError(
                f"{text!r} is no origin: write it as https://example.com or http://host:port, without "
                "a path and without wildcards"
            )
        found.add(origin)
    return frozenset(found)


def origin_is_allowed(
    origin: str | None, host: str, secure: bool, allowed: Collection[str]
) -> bool:
    """Whether a handshake may go on.

    :param origin: its ``Origin`` header, or None.
    :param host: its ``Host`` header, port included.
    :param secure: whether it came over TLS here; a page of plain HTTP is then another origin. Without
        TLS here a proxy may have taken it off, so a page of HTTPS is of the same origin too.
    :param allowed: further origins, each in its one form.
    """
    if origin is None:
        return True
    page = normal_origin(origin)
    if page is None:
        return False
    if page in allowed:
        return True
    scheme = page.partition(":")[0]
    return (scheme == "https" or not secure) and page == normal_origin(f"{scheme}://{host}")
