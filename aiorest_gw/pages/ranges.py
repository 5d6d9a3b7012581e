"""The part of a document that is asked for (RFC 9110 section 14): one, or all of it.

Several parts at once are answered with the whole, which is allowed (section 14.2): browsers and
downloaders ask for one, and who asks for thousands that overlap wants to do harm (section 17.15).
"""

from __future__ import annotations

import re

import attrs

__all__ = ["ByteRange", "RangeNotSatisfiable", "asked_range"]

_PART = re.compile(r"([0-9]*)-([0-9]*)")
# As many digits no file's size has; of more than 4300 Python makes no number.
_DIGITS = 19


class RangeNotSatisfiable(Exception):
    """The document ends before the part begins."""


@attrs.frozen
class ByteRange:
    """A part of a document.

    :param start: its first byte.
    :param length: how many there are, at least 1.
    """

    start: int
    length: int

    def told(self, size: int) -> str:
        """``Content-Range`` (section 14.4)."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def asked_range(text: str, size: int) -> ByteRange | None:
    """
    :param text: the ``Range`` header.
    :param size: of the document, in bytes.
    :returns: None where the whole document is sent.
    :raises RangeNotSatisfiable: it has no such part.
    """
    unit, _, parts = text.partition("=")
    wanted = [one for part in parts.split(",") if (one := part.strip(" \t"))]
    found = _PART.fullmatch(wanted[0]) if len(wanted) == 1 else None
    if unit.lower() != "bytes" or found is None or found[0] == "-":
        return None
    first, last = found.groups()
    return _from(_number(first), last, size) if first else _suffix(_number(last), size)


def _from(start: int, last: str, size: int) -> ByteRange | None:
    end = _number(last) if last else size - 1
    if last and end < start:
        return None
    if start >= size:
        raise RangeNotSatisfiable
    return ByteRange(start, min(end, size - 1) - start + 1)


def _suffix(length: int, size: int) -> ByteRange | None:
    if length == 0:
        raise RangeNotSatisfiable
    # The last bytes of an empty document are there, but Content-Range has no way to say so.
    return ByteRange(max(size - length, 0), min(length, size)) if size else None


def _number(digits: str) -> int:
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) < _DIGITS else 10**_DIGITS
