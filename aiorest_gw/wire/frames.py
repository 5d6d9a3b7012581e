"""Complete frames of a read in one loop: the way that nearly every message takes.

Only what is masked, unfragmented, uncompressed and whole is taken; whoever calls hands everything from
the first other byte on to a state machine for all of RFC 6455 (section 5.2 has a frame's layout).
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["UNMASK_LARGE_FROM", "frame_head", "read_messages"]

_TEXT, _BINARY = 0x81, 0x82
_MASKED = 0x80
# From this size on a native routine is faster than one huge integer.
UNMASK_LARGE_FROM = 1_200

# The heads of all small frames that a server sends, by opcode and payload length.
_HEADS = {
    first: tuple(bytes((first, length)) for length in range(126)) for first in (_TEXT, _BINARY)
}


def frame_head(length: int, binary: bool) -> bytes:
    """The head of an unfragmented frame from server to client.

    :param length: of the payload, in bytes.
    """
    first = _BINARY if binary else _TEXT
    if length < 126:
        return _HEADS[first][length]
    if length < 65_536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


def read_messages(
    data: bytes, most: int, unmask_large: Callable[[bytes, bytes], bytes]
) -> list[tuple[bytes, bool, int]]:
    """The messages that a read brings whole, up to the first byte that is of another kind.

    :param data: begins where a frame begins, outside of a fragmented message.
    :param most: the largest payload that may be taken.
    :param unmask_large: takes a payload and its mask of four bytes.
    :returns: payload, whether it is binary, and where its frame ends in ``data``.
    """
    messages = []
    start, size = 0, len(data)
    while size - start >= 6:
        first = data[start]
        length = data[start + 1] - _MASKED
        if (first != _TEXT and first != _BINARY) or length < 0:
            break
        mask_at = start + 2
        if length >= 126:
            if length == 127 or size - start < 8:
                break
            length = int.from_bytes(data[mask_at : mask_at + 2], "big")
            mask_at += 2
            if length < 126:
                break
        at = mask_at + 4
        end = at + length
        if end > size or length > most:
            break
        mask = data[mask_at:at]
        payload = data[at:end]
        if length < UNMASK_LARGE_FROM:
            key = (mask * ((length + 3) >> 2))[:length]
            payload = (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(
                length, "little"
            )
        else:
            payload = unmask_large(payload, mask)
        if first == _TEXT and not payload.isascii():
            try:
                payload.decode()
            except UnicodeDecodeError:
                break
        messages.append((payload, first == _BINARY, end))
        start = end
    return messages
