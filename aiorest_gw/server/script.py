"""The client for browsers, which the gateway serves itself: a page's is never another version's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from ..pages.documents import Document

__all__ = ["documents"]


@cache
def documents() -> Mapping[str, Document]:
    """``/aiorest-gw.js``, ready to be served."""
    body = (files("aiorest_gw") / "static" / "aiorest-gw.js").read_bytes()
    return {"/aiorest-gw.js": Document(body, "text/javascript; charset=utf-8")}
