"""Answers of a line of text, for what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from twisted.web.resource import Resource

__all__ = ["NoSuchPage", "Upgrade", "plain", "refusal"]


def plain(
    request: Any, status: int, text: str | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """What a resource returns for a refusal.

    :param text: for people, in ASCII; the status' own phrase if not given.
    :param headers: that belong to the answer.
    """
    phrase = HTTPStatus(status).phrase
    request.setResponseCode(status, phrase.encode())
    for name, value in (headers or {}).items():
        request.setHeader(name.encode(), value.encode())
    request.setHeader(b"content-type", b"text/plain; charset=utf-8")
    request.setHeader(b"x-content-type-options", b"nosniff")
    return f"{text or phrase}\n".encode()


def refusal(status: int, reason: str, headers: Mapping[str, str]) -> bytes:
    """A whole answer, behind which the connection is closed.

    :param reason: for people, in ASCII.
    """
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *lines,
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(reason) + 1}",
        "Connection: close",
    ]
    return "\r\n".join([*head, "", f"{reason}\n"]).encode("latin-1")


class NoSuchPage(Resource):
    """There is nothing here."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        return plain(request, 404)


class Upgrade(Resource):
    """A WebSocket is here, and it was asked for as if it were a page (RFC 9110 section 15.5.22)."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        if request.method != b"GET":
            return plain(request, 405, "WebSocket opens with GET", {"Allow": "GET"})
        return plain(
            request, 426, "This is a WebSocket", {"Upgrade": "websocket", "Connection": "Upgrade"}
        )
