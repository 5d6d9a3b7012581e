"""Messages to requests, and their data to answers: what is taken is given back as it was."""

from __future__ import annotations

from typing import Any

import atheris
import attrs
import msgspec

from .harness import fuzz, text_of

with atheris.instrument_imports(include=["aiorest_gw"]):
    from aiorest_gw.errors import BadMessage
    from aiorest_gw.messages import Request, Response
    from aiorest_gw.wire.answers import render_error, render_response
    from aiorest_gw.wire.codecs import decode_base64, decode_request, encode_base64
    from aiorest_gw.wire.shapes import Shape, TooMuch, check_exactly

_WORDS = (
    *rb"""{ } [ ] , : " \ \" \\ \u00e9 \ud800 0 1 -1 1.5 1e300 1e25 9007199254740993 true false null ""
    "a" "x": "method": "url": "args": "data": "event_name": "id": "token": "deadline": "GET"
    "/hello" """.split(),
    b'"]",', b',"["', b'"[",', b',"]"', b"9" * 1_001, b"[" * 9, b"]" * 9,
    b'{"a":' * 5, b"}" * 5, "ü\u2028".encode(), b" ", b"\xff",
)  # fmt: skip
_SHAPE = Shape(depth=8, containers=50, values=200)


def check(data: bytes) -> None:
    """The first octet says whether the message is binary."""
    binary = data[:1] == b"b"
    try:
        text = decode_base64(data[1:]) if binary else text_of(data, _WORDS)
        request = decode_request(text, _SHAPE)
    except BadMessage as error:
        assert b'"detail"' in render_error(error, error.event_name, error.id)
        return
    if binary:
        assert decode_base64(encode_base64(text)) == text
    _look_at(request, text)


def _look_at(request: Request, text: bytes) -> None:
    message = msgspec.json.decode(text)
    depth, containers, values = _shape(message)
    assert depth <= _SHAPE.depth, depth
    assert containers <= _SHAPE.containers, containers
    assert values - containers <= _SHAPE.values, values
    # Of keys that come twice the last is kept, which may hold less.
    assert _fits(text, _SHAPE)
    assert depth == 0 or not _fits(text, attrs.evolve(_SHAPE, depth=depth - 1))
    assert containers == 0 or not _fits(text, attrs.evolve(_SHAPE, containers=containers - 1))
    answer = msgspec.json.decode(
        render_response(Response(request.data), request.event_name, request.id)
    )
    for found, sent in ((answer["data"], request.data), (answer["event_name"], request.event_name)):
        assert found == sent, (found, sent)
    assert request.deadline is None or request.deadline > 0


def _fits(text: bytes, shape: Shape) -> bool:
    try:
        check_exactly(text, shape)
    except TooMuch:
        return False
    return True


def _shape(value: Any) -> tuple[int, int, int]:
    """Depth, containers, and values with names."""
    if not isinstance(value, (dict, list)):
        return 0, 0, 1
    names, inner = (len(value), value.values()) if isinstance(value, dict) else (0, value)
    shapes = [_shape(each) for each in inner]
    return (
        1 + max((depth for depth, _, _ in shapes), default=0),
        1 + sum(containers for _, containers, _ in shapes),
        1 + names + sum(values for _, _, values in shapes),
    )


if __name__ == "__main__":
    fuzz(check)
