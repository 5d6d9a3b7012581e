"""Bytes to requests. The only module that knows the wire is JSON, or base64 of it.

Source: ``docs/wire-protocol.rst``, plain dialect.
"""

from __future__ import annotations

import binascii
import re
from array import array
from collections.abc import Callable
from itertools import accumulate
from typing import Any

import msgspec

from ..errors import BadMessage
from ..messages import Request

__all__ = ["brackets_of", "decode_base64", "decode_request", "encode_base64", "nesting"]

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
# Reading an integer costs the square of its digits.
_LONGEST_INTEGER = 1_000
_LONG_INTEGER = re.compile(rb"\d{%d}" % (_LONGEST_INTEGER + 1))
_BRACKETS = b"[]{}"
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in _BRACKETS)
# One step in for an opening bracket, one step out (-1 as a signed byte) for a closing one.
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")

_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode


class _Head(msgspec.Struct):
    """What a message that is refused for its size is still answered with; the rest is passed over."""

    event_name: msgspec.Raw = msgspec.Raw()
    id: msgspec.Raw = msgspec.Raw()


_decode_head = msgspec.json.Decoder(_Head).decode


def brackets_of(text: bytes) -> bytes:
    """The opening and closing brackets of a valid JSON text as 1 and 255; linear in its length."""
    return _STRING.sub(b"", text).translate(_STEPS, _NOT_BRACKETS)


def nesting(brackets: bytes) -> int:
    """How deep arrays and objects lie in each other.

    :param brackets: of :func:`brackets_of`.
    """
    return max(accumulate(array("b", brackets)), default=0)


def decode_request(payload: bytes, max_depth: int, max_containers: int) -> Request:
    """The request in a text frame.

    :param payload: the frame's payload, UTF-8 JSON.
    :param max_depth: how deep arrays and objects may lie in each other.
    :param max_containers: how many there may be.
    :raises BadMessage: the payload is no request; carries what could be read of its ``event_name``
        and ``id``.
    """
    try:
        if payload.count(b"[") + payload.count(b"{") > max_depth or (
            len(payload) > _LONGEST_INTEGER and _LONG_INTEGER.search(payload)
        ):
            _check_shape(payload, max_depth, max_containers)
        message = _decode(payload)
    except RecursionError:
        raise BadMessage(f"The message is nested more than {max_depth} deep.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadMessage(f"The message is not valid JSON: {_reason(error)}.") from None
    if type(message) is not dict:
        raise BadMessage("The message is not a JSON object.")
    event_name = message.pop("event_name", None)
    id = message.pop("id", None)
    if id is not None and type(id) not in (str, int, float):
        raise BadMessage("The `id` should be a string or a number.", event_name=event_name)
    deadline = message.pop("deadline", None)
    if deadline is not None and (type(deadline) not in (int, float) or deadline <= 0):
        raise BadMessage(
            "The `deadline` should be a number of milliseconds above 0.",
            event_name=event_name,
            id=id,
        )
    take = message.pop
    return Request(
        method=take("method", None),
        url=take("url", None),
        args=take("args", None),
        data=take("data", None),
        event_name=event_name,
        token=take("token", None),
        id=id,
        deadline=deadline,
        extra=message,
    )


def _check_shape(payload: bytes, max_depth: int, max_containers: int) -> None:
    """Refuse what would be dear to decode, before it is.

    :raises BadMessage: there are too many arrays and objects, or they lie too deep.
    """
    try:
        head = _decode_head(payload)
    except msgspec.ValidationError:
        return  # no object, and refused as such
    bare = _STRING.sub(b'""', payload)
    brackets = brackets_of(bare)
    if _LONG_INTEGER.search(bare):
        wrong = f"holds an integer of more than {_LONGEST_INTEGER} digits"
    elif brackets.count(b"\x01") > max_containers:
        wrong = f"holds more than {max_containers} arrays and objects"
    elif nesting(brackets) > max_depth:
        wrong = f"is nested more than {max_depth} deep"
    else:
        return
    id = _small(head.id)
    raise BadMessage(
        f"The message {wrong}.",
        event_name=_small(head.event_name),
        id=id if type(id) in (str, int, float) else None,
    )


def _small(raw: msgspec.Raw) -> Any:
    """A value that holds no others, or None."""
    text = bytes(raw)
    return _decode(text) if text and text[:1] not in (b"[", b"{") else None


def _reason(error: Exception) -> str:
    """What is wrong with the text, without quoting the text."""
    if isinstance(error, UnicodeDecodeError):
        return "a string is not UTF-8"
    return str(error).removeprefix("JSON is malformed: ")


def decode_base64(payload: bytes) -> bytes:
    """The text frame that a binary frame stands for; white space in it is passed over.

    :raises BadMessage: it is not base64 (RFC 4648 section 4).
    """
    try:
        return binascii.a2b_base64(payload.translate(None, b" \t\r\n"), strict_mode=True)
    except binascii.Error:
        raise BadMessage("The binary message is not base64 of a JSON object.") from None


def encode_base64(text: bytes) -> bytes:
    """The binary frame that stands for a text frame."""
    return binascii.b2a_base64(text, newline=False)
