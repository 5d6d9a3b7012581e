"""Pages from a folder: which file, in which form, with which headers."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache, partial
from io import BytesIO
from os import PathLike
from time import time
from typing import TYPE_CHECKING, Any, BinaryIO

import attrs
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from ..errors import ConfigurationError
from ..pages.answers import Answer, Representation, answer, moved
from ..pages.encodings import chosen
from ..pages.fallback import falls_back, is_navigation
from ..pages.missing import missing_page
from ..pages.paths import Location, PathRefused, locate
from ..pages.security import STANDARD_POLICY, security_headers
from ..wire.handshake import RequestHead
from .folder import Folder, IsFolder, OpenFile, OutOfFiles
from .kept import Kept, KeptFiles
from .plain import NoSuchPage, Upgrade, plain
from .reading import compress, read
from .sending import Sending

if TYPE_CHECKING:
    from .web import Web

__all__ = ["Pages", "PagesResource", "pages_of"]

# Bytes of files that are kept in memory.
_KEPT = 33_554_432
# Of a file that is compressed while others wait.
_AT_ONCE = 32_768
# Of a body that leaves in one write with its head; of a larger one the peer may read nothing.
_IN_ONE = 65_536
# Hosts whose headers, and paths whose names are remembered.
_REMEMBERED = 256
# With none of these, the answer is the same for all.
_CONDITIONS = frozenset(
    ("if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range")
)
_INDEX = Location((), True)
_NOT_FOUND = Location(("404.html",), False)


@attrs.frozen
class Pages:
    """A site: a folder, and how it is served.

    :param folder: of its files.
    :param single_page: ``index.html`` is answered also where nothing is found, to browsers that go
        there; the page's own router knows the way.
    :param policy: the ``Content-Security-Policy``; None sends none.
    :param developing: whoever works on the site looks at it: nothing is kept unasked, and the policy
        is told but not enforced.
    :param transform: changes the HTML of pages before it is sent.
    """

    folder: str | PathLike[str]
    single_page: bool = False
    policy: str | None = STANDARD_POLICY
    developing: bool = False
    transform: Callable[[bytes], bytes] | None = None


def pages_of(site: str | PathLike[str] | Pages | None) -> Pages | None:
    """A site as a factory is given it.

    :raises ConfigurationError: it is no folder.
    """
    if site is None:
        return None
    pages = site if isinstance(site, Pages) else Pages(site)
    try:
        # A daemon may go to another working directory.
        folder = os.path.abspath(pages.folder)
        is_folder = os.path.isdir(folder)
    except (OSError, TypeError, ValueError):
        is_folder = False
    if not is_folder:
        raise ConfigurationError(f"site should be a folder; {pages.folder!r} is none")
    # A policy that is none is told before the first page is asked for.
    security_headers(None, False, pages.policy)
    return attrs.evolve(pages, folder=folder)


class PagesResource(Resource):
    """Answers for all below it.

    :param web: that it is part of.
    :param pages: which.
    :ivar pages: the same.
    """

    isLeaf = True

    def __init__(self, web: Web, pages: Pages) -> None:
        super().__init__()
        self._web = web
        self.pages = pages
        self._folder = Folder(pages.folder)
        self._kept = KeptFiles(_KEPT)
        self._locate = lru_cache(_REMEMBERED)(locate)
        self._security = lru_cache(_REMEMBERED)(
            lambda host, secure: security_headers(host, secure, pages.policy, pages.developing)
        )

    def forget(self) -> None:
        """Send nothing that was kept: what is made of the files has changed."""
        self._kept.clear()

    def render(self, request: Any) -> Any:
        try:
            location = self._locate(request.head.path)
            return self._answer(request, location)
        except IsFolder:
            query = request.head.target.partition("?")[2]
            return self._reply(request, moved(location, query))
        except PathRefused as refused:
            return self._refuse(request, refused.status)
        except OutOfFiles:
            return self._refuse(request, 503)

    def _answer(self, request: Any, location: Location) -> Any:
        found = self._find(location)
        if found is not None:
            return self._serve(request, found, location)
        # Who works on a site goes to "/" for its first page, also before there is one.
        awaited = self.pages.developing and is_navigation(request.head.headers)
        if self._web.is_socket(request.head.path) and not awaited:
            return Upgrade().render(request)
        if self.pages.single_page and falls_back(location, request.head.headers):
            found = self._find(_INDEX)
        if found is not None:
            return self._serve(request, found, _INDEX)
        missing = self._find(_NOT_FOUND)
        if request.head.method not in ("GET", "HEAD") or not (missing or awaited):
            return self._refuse(request, 404)
        if missing is None:
            return self._say_missing(request, self._transformed(missing_page(location)))
        return self._say_missing(request, missing.forms.get(None, b""), missing.kind.content_type)

    # -- which file

    def _find(self, location: Location) -> Kept | None:
        """What is kept, or read now.

        :raises IsFolder: its path lacks the slash.
        """
        kept = self._kept.get(location)
        if kept is None:
            file = self._folder.find(location)
            if file is not None:
                kept = read(self._folder, file, self.pages.developing, self.pages.transform)
            if kept is not None and kept.file.settled:
                self._kept.put(location, kept)
        return kept

    # -- in which form

    def _serve(self, request: Any, kept: Kept, name: Location) -> Any:
        encoding = chosen(request.head.headers.get("accept-encoding"), kept.encodings)
        if encoding not in kept.forms and encoding not in kept.files:
            whole = kept.forms[None]
            if len(whole) > _AT_ONCE:
                return self._serve_later(request, kept, name)
            self._compressed(kept, name, compress(whole))
        return self._send(request, kept, name, encoding)

    def _serve_later(self, request: Any, kept: Kept, name: Location) -> Any:
        """Compress in a thread, once for all who ask meanwhile."""
        kept.waiting.append(request)
        if len(kept.waiting) == 1:
            compressing = self._web.factory.blocking_calls.run(partial(compress, kept.forms[None]))
            compressing.addCallback(partial(self._compressed, kept, name))
            # Where too much waits for a thread, it is sent as it is.
            compressing.addErrback(lambda _: None)
            compressing.addCallback(lambda _: self._serve_waiting(kept, name))
        return NOT_DONE_YET

    def _compressed(self, kept: Kept, name: Location, body: bytes) -> None:
        kept.forms["gzip"] = body
        self._kept.grew(name, kept)

    def _serve_waiting(self, kept: Kept, name: Location) -> None:
        waiting, kept.waiting = kept.waiting, []
        for request in waiting:
            if not request.gone:
                request.answer_with(
                    self._send, request, kept, name, "gzip" if "gzip" in kept.forms else None
                )

    def _send(self, request: Any, kept: Kept, name: Location, encoding: str | None) -> Any:
        file = kept.files.get(encoding)
        found = _answer_of(request.head, kept, encoding)
        if not found.has_body or not found.length:
            return self._reply(request, found)
        if file is not None:
            return self._send_file(request, found, file, name)
        body = kept.forms[encoding]
        if found.length <= _IN_ONE:
            return self._reply(request, found, body[found.start : found.start + found.length])
        return self._send_pieces(request, found, BytesIO(body), lambda _: True)

    def _send_file(self, request: Any, found: Answer, file: OpenFile, name: Location) -> Any:
        opened = file.open()
        if opened is not None:
            return self._send_pieces(request, found, opened, file.is_in)
        # Another one has come in its place in this moment, or in that of a compressed one beside it.
        self._kept.forget(name)
        if request.again:
            return self._refuse(request, 404)
        request.again = True
        return self._answer(request, name)

    def _send_pieces(
        self, request: Any, found: Answer, file: BinaryIO, same: Callable[[BinaryIO], bool]
    ) -> Any:
        file.seek(found.start)
        request.begin(found.status, (*found.headers, *self._security_of(request)))
        Sending(request, file, found.length, same).begin()
        return NOT_DONE_YET

    def _transformed(self, html: bytes) -> bytes:
        return html if self.pages.transform is None else self.pages.transform(html)

    def _say_missing(
        self, request: Any, body: bytes, content_type: str = "text/html; charset=utf-8"
    ) -> Any:
        """A page about what is not there."""
        headers = [
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-cache"),
        ]
        return self._reply(request, Answer(404, headers), body)

    # -- with which headers

    def _security_of(self, request: Any) -> list[tuple[str, str]]:
        return self._security(request.head.host, request.secure)

    def _reply(self, request: Any, found: Answer, body: bytes = b"") -> Any:
        sent = b"" if request.head.method == "HEAD" else body
        return request.reply(found.status, (*found.headers, *self._security_of(request)), sent)

    def _refuse(self, request: Any, status: int) -> bytes:
        body = NoSuchPage().render(request) if status == 404 else plain(request, status)
        for name, value in self._security_of(request):
            request.responseHeaders.setRawHeaders(name, [value])
        return body


def _answer_of(head: RequestHead, kept: Kept, encoding: str | None) -> Answer:
    """What is answered with a form; most ask for it as it is, and get what is kept."""
    usual = head.method == "GET" and _CONDITIONS.isdisjoint(head.headers)
    if usual and encoding in kept.answers:
        return kept.answers[encoding]
    file = kept.files.get(encoding)
    size = len(kept.forms[encoding]) if file is None else file.state.size
    modified = kept.file.state.modified / 1_000_000_000
    # A clock was wrong somewhere (RFC 9110 section 8.8.2.1).
    known = modified if modified <= time() else None
    form = Representation(size, known, kept.tag, kept.kind, encoding)
    found = answer(head.method, head.headers, form)
    if usual:
        kept.answers[encoding] = found
    return found
