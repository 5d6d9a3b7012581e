"""Requests to the arguments of typed views: of the declared types, or an error that says why not."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import atheris
import attrs

from .harness import fuzz, text_of

with atheris.instrument_imports(include=["aiorest_gw"]):
    from aiorest_gw import SimpleRouter
    from aiorest_gw.errors import APIError, BadMessage
    from aiorest_gw.routing.dispatch import Dispatcher
    from aiorest_gw.wire.answers import render_error, render_response
    from aiorest_gw.wire.codecs import decode_request
    from aiorest_gw.wire.shapes import Shape


class _Colour(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class _Line:
    item: str
    count: int = 1
    colour: _Colour = _Colour.RED


@attrs.frozen
class _Order:
    lines: list[_Line]
    price: float
    at: datetime | None = None
    notes: dict[str, str] = attrs.field(factory=dict)


_router = SimpleRouter()


@_router.post("/numbers/{id:int}")
def _numbers(request: Any, id: int, a: int, b: float = 1.5, c: bool = False) -> Any:
    assert (type(id), type(a), type(c)) == (int, int, bool), (id, a, c)
    assert isinstance(b, float), b
    return [id, a, b, c]


@_router.post("/several")
def _several(
    request: Any, ids: list[int], words: set[str] = frozenset(), pair: tuple[int, str] | None = None
) -> Any:
    assert all(type(one) is int for one in ids), ids
    assert all(type(one) is str for one in words), words
    return [ids, sorted(words), pair]


@_router.post("/special/{key}")
def _special(
    request: Any, key: UUID, at: datetime, much: Decimal, which: Literal["a", 1] | None = None
) -> Any:
    assert (type(key), type(at), type(much)) == (UUID, datetime, Decimal)
    return [key, at, str(much), which]


@_router.post("/orders")
def _orders(request: Any, body: _Order, **rest: Any) -> Any:
    assert type(body) is _Order
    assert all(type(line) is _Line for line in body.lines)
    assert not {"request", "body"} & rest.keys()
    return [body, rest]


@_router.post("/free/{x}/{y:path}")
def _free(
    request: Any, *values: Any, body: dict[str, list[int]] | list[float] | None = None
) -> Any:
    return [values, body]


_HEADS = tuple(
    b'"url":"%s"' % url
    for url in (
        b"/numbers/5", b"/several", b"/several?ids=1&ids=2", b"/orders", b"/free/a/b/c", b"/special/a",
        b"/special/6ba7b810-9dad-11d1-80b4-00c04fd430c8", b"/numbers/7?a=3&b=nan&c=true",
    )
)  # fmt: skip
_WORDS = tuple(
    b"""| "a": "b": "c": "ids": "words": "pair": "at": "much": "which": "key": "request": "body": "self":
    "lines": "item": "count": "colour": "price": "notes": "format":"xml" { } [ ] , , : 0 1
    {"lines":[{"item":"a"}],"price":1} -1 1.5 1e300
    99999999999999999999 true false null "" "a" "1" "red" "x":{} [[]] "nan" "inf"
    "1.5" "2020-01-01T00:00:00Z" "2020-01-01T00:00:00" "-1e5" "\\u0000" "\\ud83d\\ude00" """.split()
)
_SHAPE = Shape(depth=16, containers=200, values=1_000)
_dispatch = Dispatcher(_router, (), lambda function: function()).answer


def _message(data: bytes) -> bytes:
    """A request to one of the views, with args and data of the fuzzer's."""
    place, rest = (data[0] % len(_HEADS), data[1:]) if data else (0, b"")
    args, _, body = text_of(rest, _WORDS).partition(b"|")
    return b'{"method":"POST","id":1,%s,"args":{%s},"data":%s}' % (
        _HEADS[place],
        args,
        body or b"null",
    )


def check(data: bytes) -> None:
    try:
        request = decode_request(_message(data), _SHAPE)
    except BadMessage:
        return
    try:
        answer = _dispatch(request)
    except APIError as error:
        assert error.status < 500, error
        assert b'"detail"' in render_error(error, request.event_name, request.id)
    else:
        assert b'"data"' in render_response(answer, request.event_name, request.id)


if __name__ == "__main__":
    fuzz(check)
