"""How much of what was written a peer has not read yet, in the system's memory too.

A system keeps megabytes for a peer; one that reads slowly looks deaf to whoever sees only what the
transport keeps.
"""

from __future__ import annotations

import struct
from typing import Any

from twisted.protocols.policies import ProtocolWrapper

from ..server.transport import LoopTransport

try:
    from fcntl import ioctl
    from termios import TIOCOUTQ
except ImportError:  # on Windows
    ioctl = None  # type: ignore[assignment]

__all__ = ["unread"]


def unread(transport: Any) -> int:
    """Bytes that the peer has not acknowledged, as far as the transport and the system tell."""
    while isinstance(transport, ProtocolWrapper):  # of Twisted's TLS
        transport = transport.transport
    if isinstance(transport, LoopTransport):
        return transport.waiting + _in_the_system(transport)
    kept = len(getattr(transport, "dataBuffer", b"")) + getattr(transport, "_tempDataLen", 0)
    return kept - int(getattr(transport, "offset", 0)) + _in_the_system(transport)


def _in_the_system(transport: Any) -> int:
    """SIOCOUTQ of tcp(7) and unix(7)."""
    if ioctl is None:
        return 0
    try:
        answer = ioctl(transport.fileno(), TIOCOUTQ, bytes(4))
    except (OSError, ValueError, AttributeError):  # it is gone, or has no socket
        return 0
    return int(struct.unpack("i", answer)[0])
