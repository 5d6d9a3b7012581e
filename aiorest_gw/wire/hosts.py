"""Names that lead to this machine, and those that anybody may make lead here."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address

__all__ = ["LOCAL", "is_own_host"]

# What a browser calls the machine that it runs on.
LOCAL = ("localhost", "127.0.0.1", "::1")
_LOCAL = "localhost"


def is_own_host(host: str, allowed: Collection[str] = ()) -> bool:
    """Whether a page under this name is this machine's own.

    Addresses are: a page has to come from there. So is ``localhost`` and what is below it (RFC 6761
    section 6.3). Any other name is somebody's, who may have it lead here for a moment.

    :param host: as in the ``Host`` header, with its port or without; empty where HTTP/1.0 has none.
    :param allowed: further names, without ports.
    """
    name = host.lower()
    if not name.endswith("]") and name.count(":") == 1:
        name = name.partition(":")[0]
    elif name.startswith("["):
        name = name[1:].partition("]")[0]
    name = name.rstrip(".")
    if not name or name == _LOCAL or name.endswith("." + _LOCAL) or name in allowed:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
