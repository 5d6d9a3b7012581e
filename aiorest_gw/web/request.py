"""A request of plain HTTP, as twisted.web's resources know it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from twisted.python.failure import Failure
from twisted.web.error import UnsupportedMethod
from twisted.web.http import parse_qs
from twisted.web.http_headers import Headers
from twisted.web.resource import _IEncodingResource
from twisted.web.server import NOT_DONE_YET, Request

from ..wire.handshake import RequestHead
from .plain import plain

if TYPE_CHECKING:
    from .channel import WebChannel

__all__ = ["WebRequest"]

_PHRASES = {int(status): status.phrase for status in HTTPStatus}


class WebRequest(Request):
    """One request.

    :param channel: that it came over.
    :param head: its line and headers.
    :ivar web: that answers.
    :ivar secure: whether its client sent it over TLS.
    """

    channel: Any
    content: Any
    site: Any

    def __init__(self, channel: WebChannel, head: RequestHead) -> None:
        super().__init__(channel, queued=False)
        self.head = head
        self.web = channel.web
        self.site = channel.site
        self.secure = channel.secure or self.web.factory.trusted_proxies.secure(
            channel.proxied or getattr(self.client, "host", None), head.headers
        )
        self.content = BytesIO()
        self._requested: Headers | None = None
        # Whether it is tried once more, since a file was exchanged in this moment.
        self.again = False

    @property
    def gone(self) -> bool:
        """Whether nobody waits for an answer."""
        return bool(self._disconnected or self.finished)

    @property
    def requestHeaders(self) -> Headers:
        """The headers; what the gateway answers itself reads them in ``head``."""
        if self._requested is None:
            self._requested = Headers()
            for line in self.head.head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                self._requested.addRawHeader(name, value.strip(b" \t"))
        return self._requested

    @requestHeaders.setter
    def requestHeaders(self, headers: Headers) -> None:
        self._requested = headers

    def handleContentChunk(self, data: bytes) -> None:
        self.content.write(data)

    def process(self) -> None:
        """Answer it; no header tells who does."""
        head = self.head
        self.content.seek(0)
        self.method, self.uri = head.method.encode(), head.target.encode()
        self.path, self.clientproto = head.path.encode(), head.version.encode()
        self.args = parse_qs(head.target.partition("?")[2].encode(), True) if head.query else {}
        if "cookie" in head.headers:
            self.parseCookies()
        self.prepath: list[bytes] = []
        self.postpath = [unquote_to_bytes(part) for part in self.path[1:].split(b"/")]
        self.answer_with(self._ask)

    def _ask(self) -> Any:
        resource = self.site.getResourceFor(self)
        if _IEncodingResource.providedBy(resource):
            self._encoder = resource.getEncoder(self)
        return resource.render(self)

    def render(self, resource: Any) -> None:
        """Answer with what a resource returns, or leave it to that."""
        self.answer_with(resource.render, self)

    def answer_with(self, function: Callable[..., Any], *args: Any) -> None:
        """Answer with what a function returns, as a resource's ``render`` does, or raises."""
        try:
            self._answer_with(function, *args)
        except BaseException:
            self.web.factory.events.failure("a resource failed")
            self._fail()

    def _answer_with(self, function: Callable[..., Any], *args: Any) -> None:
        try:
            body = function(*args)
        except UnsupportedMethod as refused:
            allowed = b", ".join(refused.allowedMethods).decode("latin-1")
            body = plain(self, 405, headers={"Allow": allowed})
        if body is NOT_DONE_YET:
            return
        if not isinstance(body, bytes):
            raise TypeError(f"a resource returns bytes or NOT_DONE_YET, not {type(body).__name__}")
        self._answer(body)

    def processingFailed(self, reason: Failure) -> Failure:
        """A resource that answers later has failed."""
        self.web.factory.events.failure("a resource failed", reason)
        self._fail()
        return reason

    def _fail(self) -> None:
        if self.gone:
            return
        if self.startedWriting:
            self.channel.abort()
        else:
            self.responseHeaders = Headers()
            self._answer(plain(self, 500))

    def _answer(self, body: bytes) -> None:
        if self.startedWriting:
            self.write(body)
        elif self.method != b"HEAD":
            self.setHeader(b"Content-Length", b"%d" % len(body))
            self.write(body)
        elif body:
            # Of GET, by a resource that leaves it to us; others have told the length.
            self.setHeader(b"Content-Length", b"%d" % len(body))
        self.finish()

    # -- answers that are known as a whole take the short way

    def begin(self, status: int, headers: Iterable[tuple[str, str]], body: bytes = b"") -> None:
        """Write the head of an answer, with a ``Content-Length`` among its headers.

        :param body: all of it, or what there is at once.
        """
        self.startedWriting = 1
        self.code = status
        lines = [f"{name}: {value}\r\n" for name, value in headers]
        head = f"HTTP/1.1 {status} {_PHRASES[status]}\r\n{''.join(lines)}"
        self.channel.write_head(head.encode("latin-1"), body)

    def reply(self, status: int, headers: Iterable[tuple[str, str]], body: bytes = b"") -> Any:
        """Answer at once.

        :returns: what a resource returns then.
        """
        self.begin(status, headers, body)
        self.finish()
        return NOT_DONE_YET
