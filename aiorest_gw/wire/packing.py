"""MessagePack: what a message is made of, found out before it is decoded, and the way to and fro.

Source: the MessagePack specification (github.com/msgpack/msgpack/blob/master/spec.md).
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import BadMessage, SerializerError
from ..messages import Message
from .codecs import check_deadline
from .shapes import Shape

__all__ = ["decode_packed", "packed"]

_decode = msgspec.msgpack.Decoder(Message).decode
_encode = msgspec.msgpack.Encoder().encode

# First bytes of arrays and maps; of all others, to be taken away.
_CONTAINERS = bytes((*range(0x80, 0xA0), *range(0xDC, 0xE0)))
_OTHERS = bytes(byte for byte in range(256) if byte not in _CONTAINERS)
# Of what has its length behind its first byte: how many bytes of length, and how many more of the value
# beside it (of extensions, their type).
_LENGTHS = {
    0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1),
    0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0),
}  # fmt: skip
# Of what has none: its bytes behind the first.
_SIZES = {
    0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2,
    0xD2: 4, 0xD3: 8, 0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17,
}  # fmt: skip
_COUNTS = {0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}


def decode_packed(payload: bytes, shape: Shape, dear: bool | None = None) -> Message:
    """The message in a binary frame of the v1 dialect in MessagePack.

    :param payload: one map.
    :param dear: of JSON alone; no number costs much here.
    :raises BadMessage: it is none, or holds too much of something.
    """
    size = len(payload)
    most = min(shape.depth, shape.containers)
    if size > shape.values or len(payload.translate(None, _OTHERS)) > most:
        _check(payload, shape)
    try:
        message = _decode(payload)
    except msgspec.ValidationError:
        raise BadMessage("The message is not a map of MessagePack.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise BadMessage(f"The message is not valid MessagePack: {error}.") from None
    if message.deadline is not None:
        check_deadline(message)
    return message


def _check(payload: bytes, shape: Shape) -> None:
    """Walk through the values, as far as there may be.

    :raises BadMessage: there are too many, or too deep in each other.
    """
    at = values = containers = 0
    # Of each container that is open: how many values are to come in it.
    open_ones = [1]
    size = len(payload)
    while open_ones and at < size:
        if not open_ones[-1]:
            open_ones.pop()
            continue
        open_ones[-1] -= 1
        values += 1
        if values > shape.values:
            raise BadMessage(
                f"The message holds more than {shape.values} values and names (max_values)."
            )
        first = payload[at]
        at += 1
        count = -1
        if first < 0x80 or first >= 0xE0:
            continue
        if first < 0x90:
            count = 2 * (first & 0x0F)
        elif first < 0xA0:
            count = first & 0x0F
        elif first < 0xC0:
            at += first & 0x1F
        elif first in _LENGTHS:
            width, more = _LENGTHS[first]
            at += width + more + int.from_bytes(payload[at : at + width], "big")
        elif first in _COUNTS:
            width = _COUNTS[first]
            count = int.from_bytes(payload[at : at + width], "big") * (1 if first < 0xDE else 2)
            at += width
        else:
            at += _SIZES.get(first, 0)
        if count >= 0:
            containers += 1
            open_ones.append(count)
            if containers > shape.containers:
                raise BadMessage(
                    f"The message holds more than {shape.containers} arrays and objects "
                    "(max_containers)."
                )
            if len(open_ones) - 1 > shape.depth:
                raise BadMessage(f"The message is nested more than {shape.depth} deep (max_depth).")


def packed(value: Any) -> bytes:
    """A value in MessagePack.

    :raises SerializerError: it cannot be written so.
    """
    try:
        return _encode(value)
    except OverflowError:
        # JSON has no bounds for integers; beyond 64 bits they are written as JavaScript reads them.
        return _encode(_narrowed(msgspec.to_builtins(value)))
    except (TypeError, ValueError, RecursionError) as error:
        raise SerializerError from error


def _narrowed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _narrowed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_narrowed(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value)
    return value
