"""What the gateway itself answers to plain HTTP: documents that never change while it runs.

Each form of a document is complete before anybody asks; who asks only chooses among them.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from hashlib import sha256

import attrs

from .answers import Answer, Representation, answer
from .encodings import chosen
from .kinds import NO_CACHE, Kind

__all__ = ["Document"]


@attrs.frozen
class Document:
    """One document, as it is and compressed.

    :param body: as it is.
    :param content_type: of it, with its charset.
    :param for_all: pages of other origins may have it too.
    """

    body: bytes
    content_type: str
    for_all: bool = True
    _compressed: bytes = attrs.field(init=False)
    _tag: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        # Without the time, or each process would have a tag of its own.
        object.__setattr__(self, "_compressed", gzip.compress(self.body, 9, mtime=0))
        object.__setattr__(self, "_tag", sha256(self.body).hexdigest()[:24])

    def answer(self, method: str, headers: Mapping[str, str]) -> tuple[Answer, bytes]:
        """What is sent to who asks for it, and the body of that.

        :param method: of the request.
        :param headers: of the request, by lower-case name.
        """
        encoding = chosen(headers.get("accept-encoding"), ("gzip",))
        body = self._compressed if encoding else self.body
        # A page asks each time, and is told in 200 bytes that it has the gateway's own version.
        kind = Kind(self.content_type, True, NO_CACHE)
        found = answer(method, headers, Representation(len(body), None, self._tag, kind, encoding))
        return found, body[found.start : found.start + found.length] if found.has_body else b""
