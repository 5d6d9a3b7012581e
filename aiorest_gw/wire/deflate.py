"""Messages that are compressed each for itself (permessage-deflate without contexts, RFC 7692).

A context that outlives a message costs each connection some 300 KB. Without one an idle connection costs
nothing, a message can be compressed once for many receivers, and what inflating one finds wrong can be
found again by whoever is to tell the peer.
"""

from __future__ import annotations

import zlib
from typing import Any

__all__ = ["COMPRESS_FROM", "Deflater", "inflated"]

# So many bytes of JSON become fewer without a context.
COMPRESS_FROM = 256
# The fast levels; behind the third each takes much more time than it saves bytes.
_LEVEL = 2
# The tables are small enough to be cleared for each message.
_MEMORY = 5
# The end of a block that a sender leaves out (RFC 7692 section 7.2.1).
_FLUSHED = b"\x00\x00\xff\xff"
# Bytes that are inflated in one go.
_PIECE = 65_536


class Deflater:
    """Compresses messages for all who take them; nothing of one shows in another."""

    def __init__(self) -> None:
        # By window size: zlib's state takes longer to make than to clear.
        self._deflaters: dict[int, zlib._Compress] = {}

    def compressed(self, payload: bytes, window_bits: int = zlib.MAX_WBITS) -> bytes | None:
        """The payload of a frame with the bit RSV1 that says the same in fewer bytes.

        :param window_bits: base 2 logarithm of the window that the peer has, 9 to 15.
        :returns: None where it would not be smaller.
        """
        # Taken out while it is used: where it fails it may hold half of a message.
        deflater = self._deflaters.pop(window_bits, None)
        if deflater is None:
            deflater = zlib.compressobj(_LEVEL, zlib.DEFLATED, -window_bits, _MEMORY)
        # A full flush forgets what came before it.
        octets = deflater.compress(payload) + deflater.flush(zlib.Z_FULL_FLUSH)
        self._deflaters[window_bits] = deflater
        size = len(octets) - len(_FLUSHED)
        return octets[:size] if size < len(payload) else None


def inflated(payload: bytes, most: int) -> bytes | None:
    """What a frame with the bit RSV1 says.

    :param most: bytes that it may become; hardly more are ever held.
    :returns: None where it is more, or not compressed as it should be.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        octets = _in_pieces(inflater, payload, most)
        whole = not inflater.decompress(_FLUSHED, 1)
    except zlib.error:
        return None
    return octets if whole else None


def _in_pieces(inflater: Any, payload: bytes, most: int) -> bytes | None:
    """All that is inflated, or None where it is more than ``most``; zlib holds each piece twice."""
    octets: bytes = inflater.decompress(payload, _PIECE)
    if len(octets) < _PIECE:
        return octets if len(octets) <= most else None
    pieces, size = [octets], len(octets)
    while len(octets) == _PIECE and size <= most:
        octets = inflater.decompress(inflater.unconsumed_tail, _PIECE)
        pieces.append(octets)
        size += len(octets)
    return b"".join(pieces) if size <= most else None
