"""Complete frames of a read in one loop: the way that nearly every message takes.

Only what is masked, unfragmented, whole and good is taken; whoever calls hands everything from the first
other byte on to a state machine for all of RFC 6455 (section 5.2 has a frame's layout) and RFC 7692.
"""

from __future__ import annotations

from collections.abc import Callable

from .deflate import inflated

__all__ = [
    "BINARY",
    "COMPRESSED",
    "PING",
    "PONG",
    "TEXT",
    "UNMASK_LARGE_FROM",
    "frame_head",
    "read_frames",
    "read_message",
]

# First bytes of unfragmented frames: FIN and the opcode.
TEXT, BINARY, PING, PONG = 0x81, 0x82, 0x89, 0x8A
# The bit RSV1 beside them (RFC 7692 section 6).
COMPRESSED = 0x40
_COMPRESSED = (TEXT | COMPRESSED, BINARY | COMPRESSED)
# The bit of the opcode by which binary differs from text.
_BINARY = 0x02
_MASKED = 0x80
# What the length's seven bits may say (RFC 6455 section 5.5 on control frames).
_MOST = {TEXT: 127, BINARY: 127, PING: 125, PONG: 125}
_MOST_WITH_DEFLATE = _MOST | dict.fromkeys(_COMPRESSED, 127)
# Bytes behind which no further frame is inflated ahead of those that are worked on.
_INFLATED_AHEAD = 65_536
# From this size on a native routine is faster than one huge integer.
UNMASK_LARGE_FROM = 1_200
UnmaskLarge = Callable[[memoryview, bytes], bytes]

# The heads of all small frames that a server sends, by opcode and payload length.
_HEADS = {
    first: tuple(bytes((first, length)) for length in range(126))
    for first in (TEXT, BINARY, TEXT | COMPRESSED, BINARY | COMPRESSED)
}


def frame_head(first: int, length: int) -> bytes:
    """The head of an unfragmented message's frame from server to client.

    :param first: its first byte.
    :param length: of the payload, in bytes.
    """
    if length < 126:
        return _HEADS[first][length]
    if length < 65_536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


def read_message(data: bytes, most: int, unmask_large: UnmaskLarge, deflate: bool) -> bytes | None:
    """The message of a read that is one message and nothing else: the commonest case by far.

    :param data: its first byte tells text from binary, in the bits of the opcode.
    :param most: the largest that may be taken, inflated or not.
    :param unmask_large: takes a payload and its mask of four bytes.
    :param deflate: messages may be compressed, without contexts.
    :returns: None where the read is anything else.
    """
    size = len(data)
    if size < 6:
        return None
    first = data[0]
    if first != TEXT and first != BINARY and (not deflate or first not in _COMPRESSED):
        return None
    length = size - 6
    at = 6
    if length > 125:
        at = 8
        length = size - 8
        if data[1] != _MASKED | 126 or data[2] << 8 | data[3] != length or length < 126:
            return None
    elif data[1] != _MASKED | length:
        return None
    if length > most:
        return None
    mask = data[at - 4 : at]
    if length < UNMASK_LARGE_FROM:
        key = (mask * ((length + 3) >> 2))[:length]
        masked = int.from_bytes(data[at:], "little")
        payload = (masked ^ int.from_bytes(key, "little")).to_bytes(length, "little")
    else:
        payload = unmask_large(memoryview(data)[at:], mask)
    if first & COMPRESSED:
        plain = inflated(payload, most)
        if plain is None:
            return None
        payload = plain
    return payload if first & _BINARY or payload.isascii() or _is_utf8(payload) else None


def read_frames(
    data: bytes,
    start: int,
    limit: int,
    most: int,
    unmask_large: UnmaskLarge,
    deflate: bool = False,
) -> list[tuple[int, bytes, int]]:
    """The frames that a read brings whole, up to the first byte that is of another kind.

    :param data: at ``start`` a frame begins, outside of a fragmented message.
    :param limit: most frames to read.
    :param most: the largest payload that may be taken, inflated or not.
    :param unmask_large: takes a payload and its mask of four bytes.
    :param deflate: messages may be compressed, without contexts.
    :returns: of each the first byte without :data:`COMPRESSED`, the payload as it was before it was
        compressed, and where it ends in ``data``.
    """
    frames: list[tuple[int, bytes, int]] = []
    size = len(data)
    lengths = _MOST_WITH_DEFLATE if deflate else _MOST
    ahead = 0
    while size - start >= 6 and len(frames) < limit:
        first = data[start]
        length = data[start + 1] - _MASKED
        if length < 0 or length > lengths.get(first, -1):
            break
        at = start + 6
        if length >= 126:
            if length == 127 or size - start < 8:
                break
            length = int.from_bytes(data[start + 2 : start + 4], "big")
            at += 2
            if length < 126:
                break
        end = at + length
        if end > size or length > most:
            break
        mask = data[at - 4 : at]
        if length < UNMASK_LARGE_FROM:
            key = (mask * ((length + 3) >> 2))[:length]
            masked = int.from_bytes(data[at:end], "little")
            payload = (masked ^ int.from_bytes(key, "little")).to_bytes(length, "little")
        else:
            payload = unmask_large(memoryview(data)[at:end], mask)
        if first & COMPRESSED:
            plain = inflated(payload, most) if ahead <= _INFLATED_AHEAD else None
            if plain is None:
                break
            first, payload = first ^ COMPRESSED, plain
            ahead += len(plain)
        if first == TEXT and not payload.isascii() and not _is_utf8(payload):
            break
        frames.append((first, payload, end))
        start = end
    return frames


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
