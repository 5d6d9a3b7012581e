"""What a JSON text is made of, found out before it is decoded: some of it costs far more than its size.

A first look counts brackets, commas and digits wherever they are, in strings too. Only what then seems
to be too much is looked at again, without its strings. Both looks take one piece after the other, and
end where there is too much.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import getrandbits

import attrs

__all__ = ["Shape", "TooMuch", "check", "check_exactly"]

# Bytes that are looked at together, and of a text that holds little enough to be looked at less closely.
_PIECE, _SMALL = 65_536, 16_384
# Reading an integer costs the square of its digits.
_LONGEST_NUMBER = 1_000
_TOO_LONG = b"0" * (_LONGEST_NUMBER + 1)
# A dot between two such rows of digits.
_LONGEST_PARTS = 2 * _LONGEST_NUMBER + 1
# msgspec reads floats near the end of what there is some hundred times slower than others, and some
# with too many digits ten times: where there may be more than a few, all are read by Python, evenly.
_FEW_FLOATS = 20
_MANY_DIGITS = b"0" * 21
_EXPONENT = b"0e0"
_WINDOWS, _WINDOW, _FEW_EXPONENTS = 4, 512, 4
# What is looked for: brackets, all square; commas, and colons as such; digits, all zeros; e; quotes.
_ALIKE = bytes.maketrans(b"123456789E{}:", b"000000000e[],")
_NO_MARK = bytes(byte for byte in range(256) if byte not in b'0123456789eE[]{}",:')
_NO_BRACKET_NOR_QUOTE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_NO_MARK_NOR_DOT = bytes(byte for byte in range(256) if byte not in b'0123456789eE.[]{}",:')
_BACKSLASH = 0x5C
# One of so many bytes.
_MUCH_ESCAPED = 32


class TooMuch(Exception):
    """What there is too much of; the text goes behind "The message"."""


@attrs.frozen
class Shape:
    """What a message may be made of.

    :param depth: how deep arrays and objects may lie in each other.
    :param containers: how many arrays and objects there may be.
    :param values: how many values and names of members; what is counted are the commas and colons. A
        tenth of them may be numbers with exponents, and five times as many digits may be in numbers of
        more than 20, in a text that is not small.
    :ivar unchecked: bytes that hold no more, whatever they are: a level takes two, and so does a value
        with its comma.
    :ivar brackets: opening ones that are no more.
    :ivar short: bytes that hold neither more values nor too long a number, and where nothing costs much.
    :ivar small: bytes that hold no more values; exponents and digits cost little there.
    """

    depth: int
    containers: int
    values: int
    exponents: int = attrs.field(init=False)
    digits: int = attrs.field(init=False)
    unchecked: int = attrs.field(init=False)
    brackets: int = attrs.field(init=False)
    short: int = attrs.field(init=False)
    small: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        derived = {
            "exponents": self.values // 10,
            "digits": self.values * 5,
            "unchecked": 2 * min(self.depth, self.containers, self.values),
            "brackets": min(self.depth, self.containers),
            "short": min(_LONGEST_NUMBER, self.values),
            "small": min(_SMALL, self.values),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)


def check(text: bytes, shape: Shape) -> bool:
    """Whether there may be so many dear floats that all have to be read evenly.

    Of one of :attr:`Shape.short` bytes with no more than :attr:`Shape.brackets` it need not be asked.

    :raises TooMuch: of arrays and objects, of their depth, of values, or of digits.
    """
    bare = _without_text(text)
    if len(text) <= shape.small:
        return _check_small(text, bare, shape)
    return _check_large(text, bare, shape)


def _check_small(text: bytes, bare: bytes, shape: Shape) -> bool:
    """Look at what cannot hold too many values, nor digits and exponents that cost much."""
    found = bare.translate(_ALIKE, _NO_BRACKET_NOR_QUOTE)
    brackets = len(found) - found.count(b'"')
    if (
        brackets > 2 * shape.containers
        or _may_be_deeper(text, found, brackets, shape.depth)
        or _may_hold_long_number(bare)
    ):
        check_exactly(text, shape)
    return _may_hold_exponents(bare)


def _check_large(text: bytes, bare: bytes, shape: Shape) -> bool:
    found: list[bytes] = []
    brackets = commas = exponents = long_numbers = 0
    digits = b""
    # Where much is escaped both looks would cost most, and the second is needed anyway.
    fine = bare.count(b"\\") > len(text) // _MUCH_ESCAPED
    if fine:
        check_exactly(text, shape)
    for at in range(0, len(bare), _PIECE):
        marks = digits + bare[at : at + _PIECE].translate(_ALIKE, _NO_MARK)
        exponents += marks.count(_EXPONENT)
        long_numbers += marks.count(_MANY_DIGITS)
        if not fine:
            found.append(marks.translate(None, b"0e,"))
            brackets += len(found[-1]) - found[-1].count(b'"')
            commas += marks.count(b",")
            if (
                brackets > 2 * shape.containers
                or commas > shape.values
                or exponents > shape.exponents
                or long_numbers * len(_MANY_DIGITS) > shape.digits
                or (long_numbers and _TOO_LONG in marks)
            ):
                check_exactly(text, shape)
                fine = True
        digits = _unfinished(marks)
    if not fine and _may_be_deeper(text, b"".join(found), brackets, shape.depth):
        check_exactly(text, shape)
    return exponents > _FEW_FLOATS or long_numbers > _FEW_FLOATS


def _may_hold_long_number(text: bytes) -> bool:
    """Whether there may be so many digits in a row: one of them is then at a multiple of that."""
    half = _LONGEST_NUMBER // 2
    for place, byte in enumerate(text[::_LONGEST_NUMBER]):
        if 48 <= byte <= 57:
            at = place * _LONGEST_NUMBER
            if text[at : at + half].isdigit() or text[max(0, at - half) : at].isdigit():
                return True
    return False


def _may_hold_exponents(text: bytes) -> bool:
    """Whether there seem to be more than a few floats with exponents.

    It is looked for in a few places that nobody can know before: dear floats that are seen in none of
    them are too few to cost much.
    """
    last = len(text) - _WINDOW
    if last > _WINDOWS * _WINDOW:
        places = [byte * last // 255 for byte in getrandbits(8 * _WINDOWS).to_bytes(_WINDOWS)]
        text = b",".join([text[at : at + _WINDOW] for at in places])
    return text.translate(_ALIKE, _NO_MARK).count(_EXPONENT) > _FEW_EXPONENTS


def _may_be_deeper(text: bytes, found: bytes, brackets: int, depth: int) -> bool:
    """Whether that cannot be ruled out.

    :param found: the brackets and quotes of the text.
    :param brackets: how many of them are brackets.
    """
    if brackets <= depth:
        return False
    if b"\\" in text:
        return True
    # Where a string holds a bracket, not all quotes lie beside each other in pairs.
    if 2 * found.count(b'""') != len(found) - brackets:
        return True
    return _deeper(found.translate(None, b'"'), depth)


def _without_text(text: bytes) -> bytes:
    """A JSON text without the string in its middle, where that is most of it."""
    middle = len(text) // 2
    opening, closing = text.rfind(b'"', 0, middle), text.find(b'"', middle)
    if opening < 0 or closing - opening < middle or text[closing - 1] == _BACKSLASH:
        return text
    head = text[:opening]
    if head.count(b'"') % 2 or b"\\" in head:
        return text
    return head + text[closing + 1 :]


def check_exactly(text: bytes, shape: Shape) -> None:
    """Look at a JSON text without its strings.

    :raises TooMuch: of arrays and objects, of their depth, of values, or of digits.
    """
    found: list[bytes] = []
    brackets = commas = exponents = long_digits = 0
    digits = b""
    # In a small one they cost little, and are not counted in the first look either.
    dear = len(text) > shape.small
    for bare in _without_strings(text):
        marks = digits + bare
        found.append(marks.translate(None, b"0e,."))
        brackets += len(found[-1])
        commas += marks.count(b",")
        exponents += marks.count(_EXPONENT)
        long_digits += _long_digits(marks) - _long_digits(digits)
        if brackets > 2 * shape.containers:
            raise TooMuch(f"holds more than {shape.containers} arrays and objects (max_containers)")
        if commas > shape.values:
            raise TooMuch(f"holds more than {shape.values} values and names (max_values)")
        if _TOO_LONG in marks:
            raise TooMuch(f"holds a number of more than {_LONGEST_NUMBER} digits")
        if dear and exponents > shape.exponents:
            raise TooMuch(
                f"holds more than {shape.exponents} numbers with exponents (a tenth of max_values)"
            )
        if dear and long_digits > shape.digits:
            raise TooMuch(
                f"holds more than {shape.digits} digits in numbers of more than 20 "
                "(five times max_values)"
            )
        digits = _unfinished(marks)
    if _deeper(b"".join(found), shape.depth):
        raise TooMuch(f"is nested more than {shape.depth} deep (max_depth)")


def _without_strings(text: bytes) -> Iterator[bytes]:
    """What is looked for in a JSON text, and dots, without what is in its strings; piece by piece."""
    at, inside = 0, 0
    while at < len(text):
        piece = text[at : at + _PIECE]
        # A backslash goes with what it escapes.
        escapes = len(piece) - len(piece.rstrip(b"\\"))
        if escapes % 2 and at + len(piece) < len(text):
            piece = piece[:-1]
        at += len(piece)
        if b"\\" in piece:
            # Escaped backslashes first: what is left before a quote then escapes it.
            piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
        # Two quotes beside each other are a string of which nothing is left.
        parts = piece.translate(_ALIKE, _NO_MARK_NOR_DOT).replace(b'""', b"").split(b'"')
        yield b"".join(parts[inside::2])
        inside ^= (len(parts) - 1) % 2


def _long_digits(marks: bytes) -> int:
    return marks.translate(None, b".").count(_MANY_DIGITS) * len(_MANY_DIGITS)


def _unfinished(marks: bytes) -> bytes:
    """What of a number is at the end, as much as matters: the next piece may go on with it."""
    if marks.endswith(b"0e"):
        return b"0e"
    return marks[len(marks.rstrip(b"0.")) :][-_LONGEST_PARTS:]


def _deeper(brackets: bytes, most: int) -> bool:
    """Whether brackets, all square, lie deeper in each other."""
    for level in range(most):
        if not brackets:
            return False
        fewer = brackets.replace(b"[]", b"")
        if len(fewer) == len(brackets):
            # Those that are not closed lie in each other.
            return level + brackets.count(b"[") > most
        brackets = fewer
    return bool(brackets)
