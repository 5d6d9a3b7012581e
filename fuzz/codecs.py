"""Messages to requests, and their data to answers: what is taken is given back as it was."""

from __future__ import annotations

from typing import Any

import atheris
import msgspec

from .harness import fuzz, text_of

with atheris.instrument_imports(include=["aiorest_gw"]):
    from aiorest_gw.errors import BadMessage
    from aiorest_gw.messages import Request, Response
    from aiorest_gw.wire.answers import render_error, render_response
    from aiorest_gw.wire.codecs import (
        brackets_of,
        decode_base64,
        decode_request,
        deeper_than,
        encode_base64,
    )

_WORDS = (
    *rb"""{ } [ ] , : " \ \" \\ \u00e9 \ud800 0 1 -1 1.5 1e300 1e25 9007199254740993 true false null ""
    "a" "x": "method": "url": "args": "data": "event_name": "id": "token": "deadline": "GET"
    "/hello" """.split(),
    b"9" * 1_001, b"[" * 9, b"]" * 9, b'{"a":' * 5, b"}" * 5, "ü\u2028".encode(), b" ", b"\xff",
)  # fmt: skip
_DEPTH, _CONTAINERS = 8, 50


def check(data: bytes) -> None:
    """The first octet says whether the message is binary."""
    binary = data[:1] == b"b"
    try:
        text = decode_base64(data[1:]) if binary else text_of(data, _WORDS)
        request = decode_request(text, _DEPTH, _CONTAINERS)
    except BadMessage as error:
        assert b'"detail"' in render_error(error, error.event_name, error.id)
        return
    if binary:
        assert decode_base64(encode_base64(text)) == text
    _look_at(request, text)


def _look_at(request: Request, text: bytes) -> None:
    message = msgspec.json.decode(text)
    brackets = brackets_of(text)
    depth = _depth(message)
    assert depth <= _DEPTH, depth
    # Of keys that come twice the last is kept, which may be the less deep.
    assert not deeper_than(brackets, _DEPTH)
    assert depth == 0 or deeper_than(brackets, depth - 1)
    assert brackets.count(b"[") == brackets.count(b"]") <= _CONTAINERS
    answer = msgspec.json.decode(
        render_response(Response(request.data), request.event_name, request.id)
    )
    for found, sent in ((answer["data"], request.data), (answer["event_name"], request.event_name)):
        assert found == sent, (found, sent)
    assert request.deadline is None or request.deadline > 0


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


if __name__ == "__main__":
    fuzz(check)
