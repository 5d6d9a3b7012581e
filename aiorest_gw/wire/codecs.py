"""Bytes to requests. The only module that knows the wire is JSON, or base64 of it.

Source: ``docs/wire-protocol.rst``, plain dialect.
"""

from __future__ import annotations

import binascii
import math
from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import BadMessage
from ..messages import Request

__all__ = ["brackets_of", "decode_base64", "decode_request", "deeper_than", "encode_base64"]

# Reading an integer costs the square of its digits.
_LONGEST_INTEGER = 1_000
_TOO_LONG = b"0" * (_LONGEST_INTEGER + 1)
# msgspec reads some floats with exponents a hundred times slower than others, and some with too many
# digits three times: where there may be more than a few, Python reads all of them in the same time. What
# is not larger than this holds no more than can be read in 20 ms.
_FEW_BYTES = 16_384
# A text with fewer brackets is seldom more than texts; it takes no longer to find that out.
_FEW_BRACKETS = 12
_FEW_FLOATS = 500
_MANY_DIGITS = b"0" * 21
_MOST_EXPONENTS = 20_000
_EXPONENT = b"0e0"
# What is looked for first: brackets, all square; digits, all zeros; e. Quotes and commas part them.
_ALIKE = bytes.maketrans(b"123456789E{}", b"000000000e[]")
_NO_MARK = bytes(byte for byte in range(256) if byte not in b'0123456789eE[]{}",')
_NO_BRACKET = b'0e",'
_NEITHER_BRACKET = bytes(byte for byte in range(256) if byte not in b"[]{}")
_NEITHER_BRACKET_NOR_QUOTE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
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


class _Head(msgspec.Struct):
    """What a message that is refused for its size is still answered with; the rest is passed over."""

    event_name: msgspec.Raw = msgspec.Raw()
    id: msgspec.Raw = msgspec.Raw()


_decode_head = msgspec.json.Decoder(_Head).decode


def brackets_of(text: bytes) -> bytes:
    """The opening and closing brackets of a JSON text, all square; linear in its length."""
    bare = _unescaped(text).translate(_ALIKE, _NEITHER_BRACKET_NOR_QUOTE)
    # Two quotes beside each other are a string without brackets, or lie between two that hold some.
    return _unquoted(bare.replace(b'""', b""))


def _unescaped(text: bytes) -> bytes:
    """A JSON text without its escaped quotes."""
    # Escaped backslashes first: what is left before a quote then escapes it.
    return text.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in text else text


def _unquoted(text: bytes) -> bytes:
    """A text without its strings, none of which holds a quote."""
    return b"".join(text.split(b'"')[::2])


def deeper_than(brackets: bytes, most: int) -> bool:
    """Whether arrays and objects lie deeper in each other.

    :param brackets: of :func:`brackets_of`.
    """
    for _ in range(most):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def decode_request(payload: bytes, max_depth: int, max_containers: int) -> Request:
    """The request in a text frame.

    :param payload: the frame's payload, UTF-8 JSON.
    :param max_depth: how deep arrays and objects may lie in each other.
    :param max_containers: how many there may be.
    :raises BadMessage: the payload is no request; carries what could be read of its ``event_name``
        and ``id``.
    """
    try:
        # A level takes two bytes, so what is small needs no second look.
        size = len(payload)
        decode = _decode_plain
        most = max_depth if max_depth < max_containers else max_containers
        if (
            size > 2 * most
            and (size > _LONGEST_INTEGER or payload.count(b"[") + payload.count(b"{") > most)
            and _check_shape(payload, max_depth, max_containers)
        ):
            decode = _decode_plain_evenly
        try:
            request = decode(payload)
        except msgspec.ValidationError:
            message = (_decode if decode is _decode_plain else _decode_evenly)(payload)
            if type(message) is not dict:
                raise BadMessage("The message is not a JSON object.") from None
            request = Request.of(message)
    except RecursionError:
        raise BadMessage(f"The message is nested more than {max_depth} deep.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadMessage(f"The message is not valid JSON: {_reason(error)}.") from None
    id, deadline = request.id, request.deadline
    if id is not None and type(id) not in _ID_TYPES:
        raise BadMessage("The `id` should be a string or a number.", event_name=request.event_name)
    if deadline is not None and (type(deadline) not in (int, float) or deadline <= 0):
        raise BadMessage(
            "The `deadline` should be a number of milliseconds above 0.",
            event_name=request.event_name,
            id=id,
        )
    return request


def _check_shape(payload: bytes, max_depth: int, max_containers: int) -> bool:
    """Refuse what would be dear to decode, before it is.

    :returns: whether there may be so many dear floats that all have to be read evenly.
    :raises BadMessage: there are too many arrays and objects, they lie too deep, a number is too long,
        or too many have exponents.
    """
    exponents = long_numbers = 0
    if len(payload) <= _FEW_BYTES:
        few = min(_FEW_BRACKETS, max_depth, max_containers)
        brackets = b""
        if not _holds_fewer(payload, few):
            brackets = payload.translate(_ALIKE, _NEITHER_BRACKET)
        dear = _may_hold_long_integer(payload)
    else:
        marks = payload.translate(_ALIKE, _NO_MARK)
        brackets = marks.translate(None, _NO_BRACKET)
        exponents, long_numbers = marks.count(_EXPONENT), marks.count(_MANY_DIGITS)
        dear = exponents > _MOST_EXPONENTS or (long_numbers > 0 and _TOO_LONG in marks)
    wrong = None
    if len(brackets) > 2 * max_containers or deeper_than(brackets, max_depth):
        wrong = _too_many_brackets(brackets_of(payload), max_depth, max_containers)
    if dear:
        wrong = wrong or _too_dear_numbers(_unquoted(_unescaped(payload)).translate(_ALIKE))
    if wrong is not None:
        raise _refused(payload, wrong)
    return exponents > _FEW_FLOATS or long_numbers > _FEW_FLOATS


def _holds_fewer(text: bytes, brackets: int) -> bool:
    """Whether there are fewer opening brackets, in strings or not; found out by a few looks for each."""
    left = brackets
    for bracket in (b"{", b"["):
        at = text.find(bracket)
        while at >= 0:
            left -= 1
            if not left:
                return False
            at = text.find(bracket, at + 1)
    return True


def _may_hold_long_integer(text: bytes) -> bool:
    """Whether there may be so many digits in a row: one of them is then at a multiple of that."""
    half = _LONGEST_INTEGER // 2
    for place, byte in enumerate(text[::_LONGEST_INTEGER]):
        if 48 <= byte <= 57:
            at = place * _LONGEST_INTEGER
            if text[at : at + half].isdigit() or text[max(0, at - half) : at].isdigit():
                return True
    return False


def _too_many_brackets(brackets: bytes, max_depth: int, max_containers: int) -> str | None:
    if len(brackets) > 2 * max_containers:
        return f"holds more than {max_containers} arrays and objects"
    if deeper_than(brackets, max_depth):
        return f"is nested more than {max_depth} deep"
    return None


def _too_dear_numbers(numbers: bytes) -> str | None:
    if _TOO_LONG in numbers:
        return f"holds an integer of more than {_LONGEST_INTEGER} digits"
    if numbers.translate(None, b"+-").count(_EXPONENT) > _MOST_EXPONENTS:
        return f"holds more than {_MOST_EXPONENTS} numbers with exponents"
    return None


def _refused(payload: bytes, wrong: str) -> BadMessage:
    try:
        head = _decode_head(payload)
    except msgspec.ValidationError:
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
