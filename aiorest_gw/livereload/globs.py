"""Patterns of paths, read as git reads those of a ``.gitignore``.

The standard library's fnmatch knows neither ``**`` nor ``\\``, and its ``*`` takes slashes. Here every
part between slashes is matched by itself, in time that does not explode with the stars.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import attrs

__all__ = ["Glob"]

_Fits = Callable[[str], object]

_TOKEN = re.compile(
    r"\\(?P<escaped>.)|(?P<stars>\*+)|(?P<any>\?)|(?P<plain>[^\\*?\[]+)"
    r"|\[(?P<negated>[!^]?)(?P<set>\]?(?:\\.|[^\]\\])+|\])\]",
    re.DOTALL,
)
_RANGE = re.compile(r"\\?(?P<first>.)(?:-\\?(?P<last>.))?", re.DOTALL)


@attrs.frozen
class Glob:
    """A pattern of paths relative to a folder.

    :param text: ``*`` stands for any part of a name, ``?`` for one character, ``[a-z]`` and ``[!a-z]``
        for one of a set or outside it, ``**`` between slashes for any number of folders, at the end for
        all that is inside; ``\\`` takes the meaning from what follows it.
    :raises ValueError: it is no pattern, with the reason.
    """

    text: str
    # A part between slashes each; None is ``**``.
    _parts: tuple[_Fits | None, ...] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_parts", _parse(self.text))

    def fits(self, path: str) -> bool:
        """
        :param path: relative to the folder, with ``/`` between its parts.
        """
        return _fit(self._parts, path.split("/"))


def _parse(text: str) -> tuple[_Fits | None, ...]:
    if not text:
        raise ValueError("a pattern is not empty")
    names = text.split("/")
    if not all(names) or not {".", ".."}.isdisjoint(names):
        raise ValueError(
            f"{text!r} has a part between slashes that is empty, . or ..: a pattern is relative, as in "
            "css/*.css, and for all that is inside a folder it is folder/**"
        )
    parts = [None if name == "**" else _part(name, text) for name in names]
    # At the end it stands for what is inside, and not for the folder itself.
    return (*parts, _anything) if parts[-1] is None else tuple(parts)


def _anything(name: str) -> bool:
    return True


def _part(name: str, text: str) -> _Fits:
    """What tells whether a name fits one part of a pattern."""
    pieces = [""]
    position = 0
    while position < len(name):
        token = _TOKEN.match(name, position)
        if token is None:
            wrong = r"a \ at its end" if name[position] == "\\" else "a [ without its ]"
            raise ValueError(
                f"{text!r} has {wrong}; for the character itself write \\{name[position]}"
            )
        if token["stars"]:
            pieces.append("")
        else:
            pieces[-1] += _expression(token, text)
        position = token.end()
    return re.compile(_joined(pieces), re.DOTALL).fullmatch


def _joined(pieces: Sequence[str]) -> str:
    """The pieces with stars between them: where one is found first it may stay, so none but the last
    star is ever tried again."""
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    return first + "".join(f"(?>.*?{piece})" for piece in middle) + f".*{last}"


def _expression(token: re.Match[str], text: str) -> str:
    if token["set"] is None:
        return "." if token["any"] else re.escape(token["escaped"] or token["plain"])
    if "[:" in token["set"]:
        raise ValueError(f"{text!r} names a class of characters; write them out, as in [a-zA-Z]")
    # To git a range that runs backwards is its first character.
    ranges = [
        re.escape(found["first"]) + "-" + re.escape(max(found["first"], found["last"] or ""))
        for found in _RANGE.finditer(token["set"])
    ]
    return f"[{'^' if token['negated'] else ''}{''.join(ranges)}]"


def _fit(parts: Sequence[_Fits | None], names: Sequence[str]) -> bool:
    """What follows a ``**`` is tried at each name in turn; where it has been found, earlier ones are
    never tried again, as their rest would fit no more."""
    part = name = 0
    again: tuple[int, int] | None = None
    while name < len(names):
        fits = parts[part] if part < len(parts) else _nothing
        if fits is None:
            part += 1
            again = (part, name)
        elif fits(names[name]):
            part += 1
            name += 1
        elif again is not None:
            again = part, name = again[0], again[1] + 1
        else:
            return False
    return all(fits is None for fits in parts[part:])


def _nothing(name: str) -> bool:
    return False
