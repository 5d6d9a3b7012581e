"""From the address of a tab's page to the files that it may be made of.

A server of static pages answers ``/blog`` with ``blog``, ``blog.html`` or ``blog/index.html``, and which
of them there is, is not known here: all three count. What is more than needed costs a reload, what is
missing costs whoever waits for one.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote, urlsplit

import attrs

from .globs import Glob

__all__ = ["UNIDENTIFIED", "Page", "normal_path", "page_at", "page_of"]

# Characters of a page's path; of longer ones no file can be.
_LONGEST = 4_096


def normal_path(path: str) -> str:
    """The path of a file in the one form in which paths are compared: relative, with ``/``, composed
    (macOS tells names decomposed)."""
    return unicodedata.normalize("NFC", path.removeprefix("./").lstrip("/"))


@attrs.frozen
class Page:
    """What a tab shows.

    :param path: of its address, decoded; it begins with a slash. Of a page that is not known,
        ``<unidentified>``.
    :param files: relative to the site's folder, of which the page may be one; none where it is not
        known.
    """

    path: str
    files: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether the tab told an address."""
        return bool(self.files)

    def is_made_of(self, path: str) -> bool:
        """Whether a file may be the page itself. Upper and lower case are the same here, as there are
        file systems and servers to which they are."""
        return path.lower() in (name.lower() for name in self.files)

    def is_one_of(self, pages: Glob) -> bool:
        """Whether the page is meant. A page that is not known is one of all pages, and of no others."""
        return pages.text == "**" or any(pages.fits(name) for name in self.files)


UNIDENTIFIED = Page("<unidentified>")


def page_of(url: str | None) -> Page:
    """The page of an address.

    :param url: as the browser tells it, with query and fragment, or None.
    :returns: :data:`UNIDENTIFIED` where it is none of HTTP.
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return UNIDENTIFIED
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return UNIDENTIFIED
    return page_at(parts.path)


def page_at(path: str) -> Page:
    """The page of an address's path.

    :param path: percent-escapes as they are, without query and fragment.
    """
    # Names that are no UTF-8 are told by the file system in this same way.
    decoded = "/" + normal_path(unquote(path, errors="surrogateescape"))
    if len(decoded) > _LONGEST:
        return UNIDENTIFIED
    return Page(decoded, _files(decoded))


def _files(path: str) -> tuple[str, ...]:
    name = path.strip("/")
    if not name:
        return ("index.html",)
    files = (f"{name}/index.html", f"{name}.html")
    return files if path.endswith("/") else (name, *files)
