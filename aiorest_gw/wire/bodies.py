"""How long a request's body is (RFC 9112 section 6): in one way only, or it is refused.

Where a proxy and a server disagree on it, the end of one request is the beginning of another.
"""

from __future__ import annotations

import re

from .handshake import HandshakeRefused, RequestHead

__all__ = ["body_length", "expects_continue", "persists"]

_LENGTH = re.compile(r"[0-9]{1,18}")


def body_length(request: RequestHead) -> int | None:
    """
    :returns: bytes; None where the body comes in chunks.
    :raises HandshakeRefused: it could be read in two ways, or is coded in a way that is not known here.
    """
    length = request.headers.get("content-length")
    coding = request.headers.get("transfer-encoding")
    if coding is None:
        if length is None:
            return 0
        if not _LENGTH.fullmatch(length):
            raise HandshakeRefused(400, "Content-Length is no number")
        return int(length)
    if length is not None:
        raise HandshakeRefused(400, "The body has both a Content-Length and a Transfer-Encoding")
    if request.version != "HTTP/1.1":
        raise HandshakeRefused(400, "HTTP/1.0 has no Transfer-Encoding")
    if coding.lower() != "chunked":
        raise HandshakeRefused(501, "Bodies are taken in chunks, and in no other coding")
    return None


def expects_continue(request: RequestHead) -> bool:
    """Whether the client waits until its body is asked for (RFC 9110 section 10.1.1)."""
    expected = request.headers.get("expect", "")
    return request.version == "HTTP/1.1" and expected.lower() == "100-continue"


def persists(request: RequestHead) -> bool:
    """Whether more may be asked on the connection (RFC 9112 section 9.3); of HTTP/1.0 never."""
    if request.version != "HTTP/1.1":
        return False
    connection = request.headers.get("connection")
    if connection is None:
        return True
    return "close" not in [word.strip(" \t") for word in connection.lower().split(",")]
