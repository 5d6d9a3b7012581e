"""The page for an address that has none yet, while somebody works on the site.

It is a page like others, so the line that reloads pages is put into it: whoever opened the address too
early, or in a folder that is still empty, sees the page as soon as its file is saved.
"""

from __future__ import annotations

from html import escape

from .paths import Location

__all__ = ["missing_page"]

_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Not found</title></head>
<body>
<h1>There is no page here yet</h1>
<p>The site has no file <code>{file}</code>. When it is saved, this tab shows it.</p>
</body>
</html>
"""


def missing_page(location: Location) -> bytes:
    """The page's HTML.

    :param location: that has no file.
    """
    names = location.segments
    if location.folder or "." not in names[-1]:
        names = (*names, "index.html")
    return _PAGE.format(file=escape("/".join(names))).encode("utf-8", "replace")
