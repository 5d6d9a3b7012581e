"""A script element is put into a page while it is served.

**How livereload-js finds its server.** Version 4.0.2 (``src/options.js``, ``src/connector.js``) takes
scheme and host from the URL that its own ``<script>`` came from, where the URL's path ends with
``livereload.js``, and the path ``livereload``. Its port is the URL's port; a URL without one, on 80 and
443, leaves 35729, the port of the old desktop application. An empty ``port`` in the query makes it the
very port of the URL, also where that has none: ``/livereload.js?port=`` connects to the gateway it came
from on default and other ports, over TLS, with IPv6 hosts, and behind a proxy at whatever port. So the
element is always the same, and needs no word of the request. Versions 3.x read the empty port as 0 and
know no IPv6 host; the script at ``/livereload.js`` has to be 4.0.2 or newer. A page that brings its own
3.x asks for it in its own way and is left as it is.
"""

from __future__ import annotations

import re

from .markup import Tag, Unfinished, tags

__all__ = ["LIVERELOAD_ELEMENT", "has_livereload", "with_script"]

# It does not hold up the page, and runs also where the page never ends.
LIVERELOAD_ELEMENT = b'<script src="/livereload.js?port=" async></script>'

# The script's names, in an address or in the snippet that writes an element with one.
_LIVERELOAD = re.compile(rb"[/\"'=]z?livereload\.js", re.IGNORECASE)
# UTF-16 and UTF-32 by their marks, or by the first character, which is one of ASCII.
_WIDE = re.compile(rb"\xff\xfe|\xfe\xff|\x00|.\x00", re.DOTALL)


def with_script(html: bytes, script: bytes) -> bytes:
    """A page with a script element.

    It is put before the first ``</head>``, or else ``</body>``, that is a tag of the page itself, but
    before a ``<base>``, which would send the browser to another host for it; where there is none, at the
    end, or before what is not closed there and would swallow it.

    :param html: the page, in any encoding that holds ASCII; one in UTF-16 is left alone, and so is one
        that has a live-reload script already.
    :param script: the element.
    """
    if _WIDE.match(html) or has_livereload(html):
        return html
    place = _place(html)
    return html[:place] + script + html[place:]


def has_livereload(html: bytes) -> bool:
    """Whether a page has a script element that loads livereload-js, or writes one that does.

    One that is never closed is none: no browser runs it.
    """
    if not _LIVERELOAD.search(html):
        return False
    try:
        return any(_loads_livereload(html, tag) for tag in tags(html))
    except Unfinished:
        return False


def _loads_livereload(html: bytes, tag: Tag) -> bool:
    return tag.name == b"script" and _LIVERELOAD.search(html, tag.start, tag.end) is not None


def _place(html: bytes) -> int:
    """Where a script element is part of the page."""
    behind = None
    try:
        for tag in tags(html):
            if tag.apart:
                continue
            if tag.name in (b"base", b"/head"):
                return tag.start
            if tag.name == b"/body" and behind is None:
                behind = tag.start
    except Unfinished as unfinished:
        return unfinished.start if behind is None else behind
    return len(html) if behind is None else behind
