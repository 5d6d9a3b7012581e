"""What is answered to plain HTTP on the gateway's port: documents that never change while it runs.

Each answer is complete before anybody asks; who asks only chooses among them (RFC 9110).
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from hashlib import sha256

import attrs

__all__ = ["Document"]


@attrs.frozen
class Document:
    """One document, as it is and compressed.

    :param body: as it is.
    :param content_type: of it, with its charset.
    """

    body: bytes
    content_type: str
    _compressed: bytes = attrs.field(init=False)
    _tag: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        # Without the time, or each process would have a tag of its own.
        object.__setattr__(self, "_compressed", gzip.compress(self.body, 9, mtime=0))
        object.__setattr__(self, "_tag", sha256(self.body).hexdigest()[:24])

    def answer(self, method: str, headers: Mapping[str, str]) -> bytes:
        """All that is sent to who asks for it; the connection is closed behind it.

        :param method: GET or HEAD.
        :param headers: of the request, by lower-case name.
        """
        compresses = _takes_gzip(headers.get("accept-encoding", ""))
        # What is written differently has a tag of its own (RFC 9110 section 8.8.3.3).
        tag = f'"{self._tag}-gzip"' if compresses else f'"{self._tag}"'
        lines = [f"ETag: {tag}", *_ALWAYS]
        if _known(tag, headers.get("if-none-match", "")):
            return _written("304 Not Modified", lines)
        body = self._compressed if compresses else self.body
        lines += [f"Content-Type: {self.content_type}", f"Content-Length: {len(body)}"]
        if compresses:
            lines.append("Content-Encoding: gzip")
        return _written("200 OK", lines) + (b"" if method == "HEAD" else body)


_ALWAYS = (
    # A page asks each time, and is told in 200 bytes that it has the gateway's own version.
    "Cache-Control: no-cache",
    "Vary: Accept-Encoding",
    # Modules are fetched with CORS, and pages may be isolated from other origins (COEP).
    "Access-Control-Allow-Origin: *",
    "Cross-Origin-Resource-Policy: cross-origin",
    "X-Content-Type-Options: nosniff",
    "Connection: close",
)


def _written(status: str, lines: list[str]) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def _known(tag: str, condition: str) -> bool:
    """Whether who asks has it already; ``W/`` makes no difference here (RFC 9110 section 13.1.2)."""
    known = [one.strip().removeprefix("W/") for one in condition.split(",")]
    return tag in known or known == ["*"]


def _takes_gzip(accepted: str) -> bool:
    """Of ``Accept-Encoding`` (RFC 9110 section 12.5.3)."""
    for one in accepted.lower().split(","):
        name, _, quality = one.partition(";")
        if name.strip() == "gzip":
            return quality.partition("=")[2].strip(" 0.") != "" or "=" not in quality
    return False
