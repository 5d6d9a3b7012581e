"""What a file is to a browser, told by its name: type, whether it shrinks, how long it is kept.

The table is our own: the one of Python's ``mimetypes`` is joined with files of the machine, and what
they say of ``.js`` has broken many a site. With ``nosniff`` a browser runs and shows nothing whose type
is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from .fingerprints import has_fingerprint

__all__ = ["NO_CACHE", "Kind", "is_known", "kind_of"]

# Kept, and asked about before each use: RFC 9111 section 5.2.2.4.
NO_CACHE = "no-cache"
# What no page breaks by when it is old for a while.
_HOURS = "public, max-age=14400"
# RFC 8246: not even asked about when the page is loaded anew.
_FOR_EVER = "public, max-age=31536000, immutable"
_UNKNOWN = "application/octet-stream"


@attrs.frozen
class Kind:
    """What a file's name tells.

    :param content_type: with its charset, where it has one.
    :param compressible: it gets smaller by compression; what is served then depends on
        ``Accept-Encoding``.
    :param caching: ``Cache-Control``.
    """

    content_type: str
    compressible: bool
    caching: str

    @property
    def is_page(self) -> bool:
        """It is HTML, which a script element can be put into; XHTML would take no plain one."""
        return self.content_type.startswith("text/html")


def kind_of(name: str, developing: bool = False) -> Kind:
    """
    :param name: of the file, without its folders.
    :param developing: its content changes under whoever looks at it: nothing is kept unasked.
    """
    kind = _of_extension(name)
    if kind is None:
        return Kind(_UNKNOWN, False, NO_CACHE)
    if developing:
        return attrs.evolve(kind, caching=NO_CACHE)
    # A page is where browsers find the names of all else: its own stays, and its content does not.
    if not kind.is_page and has_fingerprint(name):
        return attrs.evolve(kind, caching=_FOR_EVER)
    return kind


def is_known(name: str) -> bool:
    """Whether a name ends as the name of a file of the web does.

    :param name: without its folders.
    """
    return _of_extension(name) is not None


def _of_extension(name: str) -> Kind | None:
    stem, _, extension = name.rpartition(".")
    return _KINDS.get(extension.lower()) if stem else None


# Of text/*: without it a browser guesses. JSON is UTF-8 and has no such parameter (RFC 8259 section 11),
# and XML tells its own encoding, which a charset here would overrule (RFC 7303 section 3.2).
_TEXT = {
    "html htm": "text/html",
    "css": "text/css",
    # RFC 9239 section 6.
    "js mjs cjs": "text/javascript",
    "txt text log": "text/plain",
    # RFC 7763 section 2: the charset has to be there.
    "md markdown": "text/markdown",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "vtt": "text/vtt",
    "ics": "text/calendar",
    "vcf": "text/vcard",
}
_COMPRESSIBLE = {
    # ECMA-426: a source map is JSON.
    "json map": "application/json",
    "jsonld": "application/ld+json",
    "geojson": "application/geo+json",
    "webmanifest": "application/manifest+json",
    "xml xsl": "application/xml",
    "xhtml xht": "application/xhtml+xml",
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "wasm": "application/wasm",
}
_COMPRESSIBLE_FOR_HOURS = {
    "svg": "image/svg+xml",
    "ico": "image/vnd.microsoft.icon",
    "bmp": "image/bmp",
    "ttf": "font/ttf",
    "otf": "font/otf",
}
_FOR_HOURS = {
    "avif": "image/avif",
    "webp": "image/webp",
    "png": "image/png",
    "apng": "image/apng",
    "jpg jpeg": "image/jpeg",
    "jxl": "image/jxl",
    "gif": "image/gif",
    "tif tiff": "image/tiff",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "mp4 m4v": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg oga opus": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
}
_OTHERS = {
    "pdf": "application/pdf",
    "epub": "application/epub+zip",
    "zip": "application/zip",
    "gz tgz": "application/gzip",
}


def _rows() -> Iterator[tuple[str, Kind]]:
    for table, compressible, caching in (
        ({key: f"{value}; charset=utf-8" for key, value in _TEXT.items()}, True, NO_CACHE),
        (_COMPRESSIBLE, True, NO_CACHE),
        (_COMPRESSIBLE_FOR_HOURS, True, _HOURS),
        (_FOR_HOURS, False, _HOURS),
        (_OTHERS, False, NO_CACHE),
    ):
        for extensions, content_type in table.items():
            for extension in extensions.split():
                yield extension, Kind(content_type, compressible, caching)


_KINDS = dict(_rows())
