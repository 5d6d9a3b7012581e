"""What is answered to a request for a page that is there: status, headers, and which bytes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs

from .conditions import Validators, range_holds, unmet
from .dates import http_date
from .kinds import NO_CACHE, Kind
from .paths import Location
from .ranges import ByteRange, RangeNotSatisfiable, asked_range

__all__ = ["Answer", "Representation", "answer", "file_tag", "moved"]


@attrs.frozen
class Representation:
    """A document in the form that is sent of it.

    :param size: in bytes, as it is sent.
    :param modified: seconds since the epoch; None where nobody knows, or the clock says that it is
        yet to come (RFC 9110 section 8.8.2.1).
    :param tag: differs whenever a byte of the document does; without quotes, and the same for each of
        its codings.
    :param kind: of it.
    :param encoding: its content coding, or None.
    """

    size: int
    modified: float | None
    tag: str
    kind: Kind
    encoding: str | None = None

    @property
    def validators(self) -> Validators:
        """What is written differently has a tag of its own (RFC 9110 section 8.8.3.3)."""
        tag = f'"{self.tag}-{self.encoding}"' if self.encoding else f'"{self.tag}"'
        return Validators(tag, None if self.modified is None else math.floor(self.modified))


@attrs.frozen
class Answer:
    """What is sent.

    :param status: HTTP number.
    :param headers: names and values, in order.
    :param start: of the document, the first byte that is sent.
    :param length: how many bytes ``Content-Length`` tells of.
    :param has_body: they are sent.
    """

    status: int
    headers: list[tuple[str, str]]
    start: int = 0
    length: int = 0
    has_body: bool = False


def file_tag(size: int, modified: int) -> str:
    """A file's tag, for :class:`Representation`.

    :param size: in bytes.
    :param modified: nanoseconds since the epoch, as the file system tells; two states of a file
        with the same ones, made on purpose, are taken for one.
    """
    return f"{modified:x}-{size:x}"


def answer(method: str, asked: Mapping[str, str], found: Representation) -> Answer:
    """What is answered where a document is found.

    :param method: of the request; other than GET and HEAD are refused.
    :param asked: the request's headers by lower-case name.
    :param found: the document, in the form that was chosen for this request.
    """
    if method not in ("GET", "HEAD"):
        return _without_body(405, ("Allow", "GET, HEAD"))
    status = unmet(asked, found.validators)
    if status == 412:
        return _without_body(412)
    if status == 304:
        return Answer(304, _kept(found))
    try:
        part = _part(method, asked, found)
    except RangeNotSatisfiable:
        return _without_body(416, ("Content-Range", f"bytes */{found.size}"))
    return _sent(method, found, part)


def moved(location: Location, query: str = "") -> Answer:
    """The way from ``/blog`` to ``/blog/``, where that is a folder.

    301 and not 308: they differ for methods that nobody may use here (RFC 9110 sections 15.4.2 and
    15.4.9), and everything that speaks HTTP knows the first. A browser keeps either for ever, also when
    the folder has become a file, so it is told to ask again.

    :param location: of the folder.
    :param query: of the request, without its question mark.
    """
    return _without_body(301, ("Location", location.as_folder(query)), ("Cache-Control", NO_CACHE))


def _without_body(status: int, *headers: tuple[str, str]) -> Answer:
    return Answer(status, [*headers, ("Content-Length", "0")])


def _part(method: str, asked: Mapping[str, str], found: Representation) -> ByteRange | None:
    """What a range asks for, which only GET has (RFC 9110 section 14.2)."""
    if method != "GET" or "range" not in asked or not range_holds(asked, found.validators):
        return None
    return asked_range(asked["range"], found.size)


def _sent(method: str, found: Representation, part: ByteRange | None) -> Answer:
    start, length = (part.start, part.length) if part else (0, found.size)
    headers = _kept(found)
    if found.modified is not None:
        headers.append(("Last-Modified", http_date(found.modified)))
    headers += [("Content-Type", found.kind.content_type), ("Content-Length", str(length))]
    if found.encoding is not None:
        headers.append(("Content-Encoding", found.encoding))
    headers.append(("Accept-Ranges", "bytes"))
    if part:
        headers.append(("Content-Range", part.told(found.size)))
    return Answer(206 if part else 200, headers, start, length, method == "GET")


def _kept(found: Representation) -> list[tuple[str, str]]:
    """What is told also to who has the document (RFC 9110 section 15.4.5)."""
    headers = [("ETag", found.validators.tag), ("Cache-Control", found.kind.caching)]
    # Also where it is sent as it is: another client would get another form.
    if found.kind.compressible:
        headers.append(("Vary", "Accept-Encoding"))
    return headers
