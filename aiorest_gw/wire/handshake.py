"""A connection's first request, read strictly: each other reader would read the same.

It is an opening handshake (RFC 6455 section 4.2.1), or asks for a page (RFC 9112). Autobahn's own reader
splits lines at nine different bytes, joins what is repeated, and copies its buffer at each read; a proxy
in front and it could see two different requests. Here lines end with CRLF alone, and what could be read
in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import attrs

__all__ = [
    "MAX_HEADERS",
    "MAX_HEAD_SIZE",
    "Handshake",
    "HandshakeRefused",
    "HeadReader",
    "RequestHead",
    "handshake_of",
    "read_head",
]

# Bytes of the request line and the headers, line ends included.
MAX_HEAD_SIZE = 16_384
MAX_HEADERS = 100

_END = b"\r\n\r\n"
# A line break that is none of HTTP's, or a byte that no head may hold; a CR at the end may go on.
_NEVER = re.compile(rb"(?<!\r)\n|\r(?!\n)(?!\Z)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# RFC 9112 section 3, RFC 9110 sections 5.1, 5.5 and 5.6.2.
_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) (HTTP/\d\.\d)")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)")
# RFC 3986 section 3.2.2, as far as WebSocket clients need it.
_HOST = re.compile(r"(?:[0-9A-Za-z._\-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")
# RFC 6455 section 4.1: sixteen bytes in base64.
_KEY = re.compile(r"[0-9A-Za-z+/]{22}==")

# Headers that are no lists: given twice, one reader takes the first and another the last.
_SINGLE = frozenset(
    (
        "authorization", "content-length", "content-type", "cookie", "from", "host", "max-forwards",
        "origin", "proxy-authorization", "referer", "sec-websocket-key", "sec-websocket-version",
        "transfer-encoding", "user-agent", "x-forwarded-proto",
    )
)  # fmt: skip


class HandshakeRefused(Exception):
    """The request is none, or no opening handshake, or cannot be taken.

    :param status: HTTP number.
    :param reason: for the client, in printable ASCII and without anything that it sent.
    :param headers: that belong to the answer.
    """

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.headers = dict(headers or {})


@attrs.frozen
class RequestHead:
    """A request's line and headers.

    :param method: as it was sent.
    :param version: ``HTTP/1.0`` or ``HTTP/1.1``.
    :param target: of the request line, as it was sent.
    :param path: of the target, percent-escapes as they were sent.
    :param query: of the target, each name with its values.
    :param host: with its port, if it has one; empty where HTTP/1.0 has none.
    :param headers: by lower-case name; of lists that come several times the values joined by commas.
    :param head: all of it as it was sent, without the empty line at its end.
    """

    method: str
    version: str
    target: str
    path: str
    query: dict[str, list[str]]
    host: str
    headers: dict[str, str]
    head: bytes

    @property
    def upgrades(self) -> bool:
        """Whether it asks for a WebSocket; anything else asks for a page."""
        asked = _items(self.headers.get("upgrade", "").lower())
        return self.method == "GET" and "websocket" in asked


@attrs.frozen
class Handshake:
    """A client's opening handshake.

    :param request: that asks for it.
    :param key: ``Sec-WebSocket-Key``.
    :param protocols: the subprotocols that are offered, in order.
    """

    request: RequestHead
    key: str
    protocols: list[str]

    @property
    def path(self) -> str:
        """Of the target, percent-escapes as they were sent."""
        return self.request.path

    @property
    def query(self) -> dict[str, list[str]]:
        """Of the target, each name with its values."""
        return self.request.query

    @property
    def headers(self) -> dict[str, str]:
        """By lower-case name."""
        return self.request.headers

    @property
    def host(self) -> str:
        """With its port, if it has one."""
        return self.request.host

    @property
    def hostname(self) -> str:
        """The host without its port."""
        bare = self.host.endswith("]") or ":" not in self.host
        return self.host if bare else self.host.rpartition(":")[0]

    @property
    def origin(self) -> str | None:
        """The page that connects, or None where it is a program."""
        return self.headers.get("origin")


class HeadReader:
    """Takes the bytes of a connection until the head of its first request is whole.

    Each byte is looked at once, however the bytes are cut; no more than :data:`MAX_HEAD_SIZE` and one
    read are kept.
    """

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> tuple[RequestHead, bytes] | None:
        """Take what was read.

        :returns: the head and what follows it, or None until it is whole.
        :raises HandshakeRefused: it is none; nothing may be fed any more.
        """
        buffer = self._buffer
        seen = len(buffer)
        buffer += data
        end = buffer.find(_END, max(seen - len(_END) + 1, 0), MAX_HEAD_SIZE)
        stop = min(len(buffer), MAX_HEAD_SIZE) if end < 0 else end
        if _NEVER.search(buffer, max(seen - 1, 0), stop):
            raise HandshakeRefused(400, "The request holds a byte that HTTP does not allow there")
        if end >= 0:
            return read_head(bytes(buffer[:end])), bytes(buffer[end + len(_END) :])
        if len(buffer) >= MAX_HEAD_SIZE:
            raise HandshakeRefused(431, f"The headers are larger than {MAX_HEAD_SIZE} bytes")
        return None


def read_head(head: bytes) -> RequestHead:
    """A request line and headers.

    :param head: without the empty line at its end.
    :raises HandshakeRefused: they are not.
    """
    first, *lines = head.split(b"\r\n")
    method, target, version = _read_request_line(first)
    headers = _read_headers(lines)
    host = _read_host(headers, version)
    path, query = _read_target(target, host)
    return RequestHead(method, version, target, path, query, host, headers, head)


def handshake_of(request: RequestHead) -> Handshake:
    """The opening handshake that a request is.

    :raises HandshakeRefused: it is none, or not of a WebSocket of version 13.
    """
    if request.version != "HTTP/1.1":
        raise HandshakeRefused(505, "WebSocket needs HTTP/1.1")
    if request.method != "GET":
        raise HandshakeRefused(405, "WebSocket opens with GET", {"Allow": "GET"})
    headers = request.headers
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        raise HandshakeRefused(400, "An opening handshake has no body")
    if not request.upgrades:
        raise HandshakeRefused(426, "This is a WebSocket", {"Upgrade": "websocket"})
    return Handshake(request, _read_key(headers), _read_protocols(headers))


def _read_request_line(line: bytes) -> tuple[str, str, str]:
    parts = _REQUEST_LINE.fullmatch(line)
    if parts is None and line.startswith(b"PROXY "):
        raise HandshakeRefused(400, "The PROXY protocol is spoken with trusted proxies alone")
    if parts is None:
        raise HandshakeRefused(400, "The request line is not one of HTTP/1.1")
    method, target, version = (part.decode() for part in parts.groups())
    if version == "HTTP/2.0":
        # The preface of a client that knows of HTTP/2 before (RFC 9113 section 3.4).
        raise HandshakeRefused(426, "HTTP/1.1 is spoken here", {"Upgrade": "websocket"})
    if version not in ("HTTP/1.0", "HTTP/1.1"):
        raise HandshakeRefused(505, "WebSocket needs HTTP/1.1")
    return method, target, version


def _read_headers(lines: list[bytes]) -> dict[str, str]:
    if len(lines) > MAX_HEADERS:
        raise HandshakeRefused(431, f"There are more than {MAX_HEADERS} headers")
    found: dict[str, list[str]] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise HandshakeRefused(400, "A header is not of the form name: value")
        name = field[1].decode().lower()
        found.setdefault(name, []).append(field[2].strip(b" \t").decode("latin-1"))
        if len(found[name]) > 1 and name in _SINGLE:
            raise HandshakeRefused(400, "A header that stands alone is there more than once")
    return {name: ", ".join(values) for name, values in found.items()}


def _read_host(headers: Mapping[str, str], version: str) -> str:
    host = headers.get("host", "")
    if version == "HTTP/1.0" and "host" not in headers:
        return ""
    parts = _HOST.fullmatch(host)
    if parts is None or int(parts[1] or 0) > 65_535:
        raise HandshakeRefused(400, "The Host header is missing or is none")
    return host


def _read_target(target: str, host: str) -> tuple[str, dict[str, list[str]]]:
    """The path and the query; of an absolute target, which has to name the same host (RFC 9112
    section 3.2.2)."""
    try:
        parts = urlsplit(target if target[:1] != "/" else f"http://{host}{target}")
        query = parse_qs(parts.query, keep_blank_values=True, max_num_fields=1_000)
    except ValueError:
        raise HandshakeRefused(400, "The request's target is not a URL") from None
    if parts.scheme not in ("http", "https") or parts.netloc.lower() != host.lower():
        raise HandshakeRefused(400, "The request's target is of another host")
    if "#" in target:
        raise HandshakeRefused(400, "The request's target has a fragment")
    return parts.path or "/", query


def _read_key(headers: Mapping[str, str]) -> str:
    """The key of what is a WebSocket of version 13."""
    if "upgrade" not in _items(headers.get("connection", "").lower()):
        raise HandshakeRefused(400, "The Connection header does not say Upgrade")
    if headers.get("sec-websocket-version") != "13":
        raise HandshakeRefused(
            426, "WebSocket is spoken in version 13", {"Sec-WebSocket-Version": "13"}
        )
    key = headers.get("sec-websocket-key", "")
    if not _KEY.fullmatch(key):
        raise HandshakeRefused(400, "Sec-WebSocket-Key is missing or is no 16 bytes in base64")
    return key


def _read_protocols(headers: Mapping[str, str]) -> list[str]:
    protocols = _items(headers.get("sec-websocket-protocol", ""))
    if len(set(protocols)) != len(protocols):
        raise HandshakeRefused(400, "A subprotocol is offered more than once")
    return protocols


def _items(text: str) -> list[str]:
    """The items of a list header (RFC 9110 section 5.6.1)."""
    return [item for part in text.split(",") if (item := part.strip(" \t"))]
