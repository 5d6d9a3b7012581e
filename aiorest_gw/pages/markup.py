"""The tags of a page as a browser sees them, without what only looks like one.

As much of HTML's tokenization (WHATWG HTML section 13.2.5) as is needed to tell tags from comments,
quoted attributes and the text of scripts. It works on bytes, in every encoding whose ASCII characters
are single bytes, which leaves out UTF-16 alone of those that browsers know; ISO-2022-JP may hide a tag
from it. Each byte is looked at a bounded number of times, whatever a page holds. HTML within a drawing
(``foreignObject``, a ``title`` there) is read as the drawing's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

__all__ = ["Tag", "Unfinished", "tags"]

_BLANK = rb"[\t\n\f\r ]"
# What begins a comment, another declaration, or a tag.
_BEGIN = re.compile(rb"<(?:(!--)|[!?]|/(?=[^a-zA-Z]|\Z)|(/?)([a-zA-Z][^\t\n\f\r />]*+))")
_COMMENT_END = re.compile(rb"--!?>")
_SHORT_COMMENT = re.compile(rb"-?>")
_DECLARATION_END = re.compile(rb">")
# Attributes up to the tag's end; a quote delimits only where it begins a value.
_ATTRIBUTES = re.compile(
    rb"(?:[\t\n\f\r /]++"
    rb"|[^\t\n\f\r />][^\t\n\f\r />=]*+"
    rb"(?:" + _BLANK + rb"*+=" + _BLANK + rb"*+"
    rb"(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)?+)?+"
    rb")*+(>)?"
)


def _end_of(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"</" + name + rb"(?=[\t\n\f\r />])", re.IGNORECASE)


# Elements whose content is text. A browser that runs scripts takes noscript's for such.
_TEXT = {
    name: _end_of(name)
    for name in (
        b"title", b"textarea", b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"noscript"
    )
}  # fmt: skip
# A script may hold what looks like its end within "<!-- <script>": sections 13.2.5.18 to 13.2.5.31.
_SCRIPT_STEPS = {
    "data": re.compile(rb"(?P<escaped><!(?=--))|(?P<over></script(?=[\t\n\f\r />]))", re.I),
    "escaped": re.compile(
        rb"(?P<data>-->)|(?P<double><script(?=[\t\n\f\r />]))|(?P<over></script(?=[\t\n\f\r />]))",
        re.I,
    ),
    "double": re.compile(rb"(?P<data>-->)|(?P<escaped></script(?=[\t\n\f\r />]))", re.I),
}
# What is not part of the page itself: pieces for scripts, and other languages. They may be nested.
_APART = (b"template", b"svg", b"math")


class Unfinished(Exception):
    """What begins at a place is never closed: what is behind it may belong to it.

    :param start: the place.
    """

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start


@attrs.frozen
class Tag:
    """A tag of the page.

    :param name: in lower case; an end tag's begins with a slash.
    :param start: of the tag.
    :param end: behind it, and behind the text that it contains where it is an element of text.
    :param apart: it is within a template, or a drawing, or a formula.
    """

    name: bytes
    start: int
    end: int
    apart: bool


def tags(html: bytes) -> Iterator[Tag]:
    """All tags, in order.

    :raises Unfinished: the page ends within a tag, a comment, an element of text or what is apart.
    """
    apart = _Apart()
    try:
        yield from _tags(html, apart)
    except Unfinished:
        if apart.start is None:
            raise
    if apart.start is not None:
        raise Unfinished(apart.start)


class _Apart:
    """What is open of templates, drawings and formulas.

    :ivar start: of the outermost one, or None.
    """

    def __init__(self) -> None:
        self.start: int | None = None
        self._depths = dict.fromkeys(_APART, 0)

    @property
    def is_drawing(self) -> bool:
        """It is another language, in which no element is one of text."""
        return self._depths[b"svg"] > 0 or self._depths[b"math"] > 0

    def see(self, name: bytes, start: int, closes_itself: bool) -> bool:
        """Take a tag; whether anything is open behind it."""
        depths = self._depths
        # A template cannot close itself.
        if name in depths and (name == b"template" or not closes_itself):
            depths[name] += 1
        elif name[:1] == b"/" and depths.get(name[1:]):
            depths[name[1:]] -= 1
        if not any(depths.values()):
            self.start = None
        elif self.start is None:
            self.start = start
        return self.start is not None


def _tags(html: bytes, apart: _Apart) -> Iterator[Tag]:
    place = 0
    while begin := _BEGIN.search(html, place):
        if begin[3] is None:
            place = _behind_comment(html, begin)
            continue
        start, name = begin.start(), (begin[2] + begin[3]).lower()
        close = _ATTRIBUTES.match(html, begin.end())
        if close is None or close[1] is None:
            raise Unfinished(start)
        end = close.end()
        place = end if apart.is_drawing else _behind_text(html, name, start, end)
        yield Tag(name, start, place, apart.see(name, start, html.endswith(b"/>", start, end)))


def _behind_comment(html: bytes, begin: re.Match[bytes]) -> int:
    """The place behind a comment or declaration; ``<!-->`` and ``<!--->`` are whole comments."""
    inside = begin.end()
    short = _SHORT_COMMENT.match(html, inside) if begin[1] else None
    end = short or (_COMMENT_END if begin[1] else _DECLARATION_END).search(html, inside)
    if end is None:
        raise Unfinished(begin.start())
    return end.end()


def _behind_text(html: bytes, name: bytes, start: int, place: int) -> int:
    """The place of the end tag of an element of text, or the one given where it is another."""
    if name == b"script":
        return _behind_script(html, start, place)
    pattern = _TEXT.get(name)
    if pattern is None:
        return place
    end = pattern.search(html, place)
    if end is None:
        raise Unfinished(start)
    return end.start()


def _behind_script(html: bytes, start: int, place: int) -> int:
    state = "data"
    while found := _SCRIPT_STEPS[state].search(html, place):
        if found.lastgroup == "over":
            return found.start()
        state, place = str(found.lastgroup), found.end()
    raise Unfinished(start)
