"""From a request's path to names in a folder that cannot leave it, read once and strictly.

Every way out of a served folder is a name that was read twice, or that a file system reads in another
way than the server did. So percent-escapes are decoded exactly once, and a name that any of the usual
file systems takes for something else than a plain name is not there: 404, on every system, so that a
site which works on one works on all. Who asks learns nothing from it about what is there.

Dots and slashes of full width (U+FF0E, U+FF0F) and their like are plain letters to every file system
that Python speaks to, and stay so.
"""

from __future__ import annotations

import re
from unicodedata import category
from urllib.parse import quote, unquote_to_bytes

import attrs

__all__ = ["Location", "PathRefused", "locate"]

# RFC 9112 section 3.2.1, and what browsers leave unescaped besides (the URL Standard's path set).
_PATH = re.compile(r"/[!\"$-~]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# A separator, the colon of a drive or of a file's second stream, and control characters (C0, C1).
_FORBIDDEN = re.compile(r"[/\\:\x00-\x1f\x7f-\x9f]")
# "Naming Files, Paths, and Namespaces" in Microsoft's documentation: also with an extension.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])", re.IGNORECASE)
# GIT~1 is .git where NTFS keeps short names: what is hidden has to be so by each of its names.
_SHORT_NAME = re.compile(r"[^.]{1,6}~[0-9]{1,5}(?:\.[^.]{0,3})?")
# What a name may have on the usual file systems.
_LONGEST = 255
_QUERY = re.compile(r"[!-~]*")
# RFC 8615: the one hidden folder that is there to be read.
_WELL_KNOWN = ".well-known"


class PathRefused(Exception):
    """There is no such page, whatever the folder holds.

    :param status: 404; 400 where it is no path of HTTP at all.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@attrs.frozen
class Location:
    """Where a page is, below the site's folder.

    :param segments: names of folders and at last of a file, each safe; empty for the site itself.
    :param folder: the path ended with a slash, so that a folder's own page is asked for.
    """

    segments: tuple[str, ...]
    folder: bool

    def as_folder(self, query: str = "") -> str:
        """The same path with a slash at its end: where a browser is sent for a folder, or the page's
        relative links would lead beside it.

        It begins with one slash and never with two, which a browser takes for another host
        (RFC 3986 section 4.2); the path is written anew from its names and not taken from the request.

        :param query: of the request, without its question mark; left out where it is none of HTTP.
        """
        path = "".join(f"/{quote(segment, safe='')}" for segment in self.segments) + "/"
        return f"{path}?{query}" if query and _QUERY.fullmatch(query) else path


def locate(path: str | bytes) -> Location:
    """The names that a request asks for.

    :param path: of the request's target in its origin form, escapes as they were sent; a query
        is cut off.
    :raises PathRefused: nobody may ask for that.
    """
    text = _text(path).partition("?")[0]
    if not _PATH.fullmatch(text):
        raise PathRefused(400)
    if _BAD_ESCAPE.search(text):
        raise PathRefused(404)
    *names, last = text[1:].split("/")
    segments = [_segment(name) for name in (names if not last else [*names, last])]
    if any(map(_is_hidden, segments[1:] if segments[:1] == [_WELL_KNOWN] else segments)):
        raise PathRefused(404)
    return Location(tuple(segments), not last)


def _text(path: str | bytes) -> str:
    try:
        return path.decode("ascii") if isinstance(path, bytes) else path
    except UnicodeDecodeError:
        raise PathRefused(400) from None


def _segment(escaped: str) -> str:
    try:
        name = unquote_to_bytes(escaped).decode("utf-8")
    except UnicodeDecodeError:
        raise PathRefused(404) from None
    if not name or _FORBIDDEN.search(name) or _is_not_plain(name):
        raise PathRefused(404)
    return name


def _is_not_plain(name: str) -> bool:
    """Whether a usual file system has no file of this name, or finds another one by it."""
    return (
        name.endswith((".", " "))
        or _DEVICE.fullmatch(name.partition(".")[0].rstrip(" ")) is not None
        or _SHORT_NAME.fullmatch(name) is not None
        or len(name.encode()) > _LONGEST
    )


def _is_hidden(name: str) -> bool:
    """``.``, ``..`` and names that begin with a dot; to HFS+ also behind marks that are not seen."""
    first = next((one for one in name if category(one) != "Cf"), "")
    return first in ("", ".")
