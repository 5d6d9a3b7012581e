"""Bytes to requests. No other module knows that the wire is JSON, or base64 of it, but for its shape.

Source: ``docs/wire-protocol.rst``, plain dialect.
"""

from __future__ import annotations

import binascii
import math
from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import BadMessage
from ..messages import Message, Request
from .shapes import Shape, TooMuch, check

__all__ = [
    "check_deadline",
    "decode_base64",
    "decode_message",
    "decode_request",
    "encode_base64",
    "look",
]

_ID_TYPES = (str, int, float)


def _float(text: str) -> float:
    """As msgspec reads it.

    :raises ValueError: it is beyond what there is.
    """
    number = float(text)
    if math.isinf(number):
        raise ValueError("Number out of range")
    return number


_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode
_decode_evenly: Callable[[bytes], Any] = msgspec.json.Decoder(float_hook=_float).decode
# Of a message without keys of its own, which nearly all are.
_decode_plain = msgspec.json.Decoder(Request).decode
_decode_plain_evenly = msgspec.json.Decoder(Request, float_hook=_float).decode


# Of the v1 dialect, where keys that nobody knows are passed over.
_decode_message = msgspec.json.Decoder(Message).decode
_decode_message_evenly = msgspec.json.Decoder(Message, float_hook=_float).decode


class _Head(msgspec.Struct):
    """What a message that is refused for its size is still answered with; the rest is passed over."""

    event_name: msgspec.Raw = msgspec.Raw()
    id: msgspec.Raw = msgspec.Raw()


_decode_head = msgspec.json.Decoder(_Head).decode


def decode_request(payload: bytes, shape: Shape, dear: bool | None = None) -> Request:
    """The request in a text frame.

    :param payload: the frame's payload, UTF-8 JSON.
    :param dear: what :func:`look` found, if it was asked already.
    :raises BadMessage: the payload is no request; carries what could be read of its ``event_name``
        and ``id``.
    """
    try:
        if dear is None:
            dear = look(payload, shape)
        try:
            # A large one is not decoded twice for a key of its own.
            whole = len(payload) <= shape.small
            request = (_decode_plain_evenly if dear else _decode_plain)(payload) if whole else None
        except msgspec.ValidationError:
            request = None
        if request is None:
            message = (_decode_evenly if dear else _decode)(payload)
            if type(message) is not dict:
                raise BadMessage("The message is not a JSON object.")
            request = Request.of(message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(error, shape) from None
    id = request.id
    if id is not None and type(id) not in _ID_TYPES:
        raise BadMessage("The `id` should be a string or a number.", event_name=request.event_name)
    if request.deadline is not None:
        check_deadline(request)
    return request


def decode_message(payload: bytes, shape: Shape, dear: bool | None = None) -> Message:
    """The message in a text frame of the v1 dialect.

    Parameters as :func:`decode_request`.

    :raises BadMessage: as there; its ``id`` need not be one of this dialect.
    """
    try:
        if dear is None:
            dear = look(payload, shape)
        message = (_decode_message_evenly if dear else _decode_message)(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(error, shape) from None
    if message.deadline is not None:
        check_deadline(message)
    return message


def check_deadline(request: Request) -> None:
    """
    :raises BadMessage: the request's deadline is none.
    """
    deadline = request.deadline
    if type(deadline) not in (int, float) or deadline <= 0:
        raise BadMessage(
            "The `deadline` should be a number of milliseconds above 0.",
            event_name=request.event_name,
            id=request.id,
        )


def _unreadable(error: Exception, shape: Shape) -> BadMessage:
    if isinstance(error, RecursionError):
        return BadMessage(f"The message is nested more than {shape.depth} deep (max_depth).")
    if isinstance(error, msgspec.ValidationError) and str(error).startswith("Expected `object`"):
        return BadMessage("The message is not a JSON object.")
    return BadMessage(f"The message is not valid JSON: {_reason(error)}.")


def look(payload: bytes, shape: Shape) -> bool:
    """Whether the floats of a request have to be read evenly.

    :raises BadMessage: there is too much of something.
    """
    size = len(payload)
    if size <= shape.unchecked or (
        size <= shape.short and payload.count(b"[") + payload.count(b"{") <= shape.brackets
    ):
        # There are never so many that to read them evenly would cost much.
        return True
    try:
        return check(payload, shape)
    except TooMuch as wrong:
        raise _refused(payload, str(wrong)) from None


def _refused(payload: bytes, wrong: str) -> BadMessage:
    try:
        head = _decode_head(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return BadMessage(f"The message {wrong}.")
    id = _small(head.id)
    return BadMessage(
        f"The message {wrong}.",
        event_name=_small(head.event_name),
        id=id if type(id) in _ID_TYPES else None,
    )


def _small(raw: msgspec.Raw) -> Any:
    """A value that holds no others, or None."""
    text = bytes(raw)
    try:
        return _decode_evenly(text) if text and text[:1] not in (b"[", b"{") else None
    except msgspec.DecodeError:  # a number that there is not
        return None


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
