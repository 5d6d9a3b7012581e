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

__all__ = ["decode_base64", "decode_request", "encode_base64", "nesting"]

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
_BRACKETS = b"[]{}"
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in _BRACKETS)
# One step in for an opening bracket, one step out (-1 as a signed byte) for a closing one.
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")

_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode


def nesting(text: bytes) -> int:
    """How deep arrays and objects lie in each other in a valid JSON text; linear in its length."""
    brackets = _STRING.sub(b"", text).translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(array("b", brackets)), default=0)


def decode_request(payload: bytes, max_depth: int) -> Request:
    """The request in a text frame.

    :param payload: the frame's payload, UTF-8 JSON.
    :param max_depth: how deep arrays and objects may lie in each other.
    :raises BadMessage: the payload is no request; carries what could be read of its ``event_name``
        and ``id``.
    """
    try:
        message = _decode(payload)
    except RecursionError:
        raise BadMessage(f"The message is nested more than {max_depth} deep.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadMessage(f"The message is not valid JSON: {_reason(error)}.") from None
    if type(message) is not dict:
        raise BadMessage("The message is not a JSON object.")
    too_deep = (
        payload.count(b"[") + payload.count(b"{") > max_depth and nesting(payload) > max_depth
    )
    event_name = None if too_deep else message.pop("event_name", None)
    id = message.pop("id", None)
    if id is not None and type(id) not in (str, int, float):
        raise BadMessage("The `id` should be a string or a number.", event_name=event_name)
    if too_deep:
        raise BadMessage(f"The message is nested more than {max_depth} deep.", id=id)
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
