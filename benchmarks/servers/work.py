"""What every peer does with a request, so that only what carries it differs.

The gateway's own way to the same octets is what it is measured for: decode, look the url up, call the
handler, encode.
"""

from __future__ import annotations

import sys
from typing import Any

import attrs
import msgspec

__all__ = ["PUSH", "VIEWS", "Order", "answer", "arguments"]

# What is broadcast: a hundred octets.
TEXT = "x" * 69
PUSH = b'{"event_name":"news","data":"%s"}' % TEXT.encode()


@attrs.define
class Order:
    item: str
    count: int
    price: float
    paid: bool
    notes: list[str]


def hello(request: dict[str, Any]) -> Any:
    return {"message": "Hello, world!"}


def orders(request: dict[str, Any]) -> Any:
    order = msgspec.convert(request["data"], Order)
    return {"total": order.count * order.price}


def echo(request: dict[str, Any]) -> Any:
    return request["data"]


VIEWS = {"/hello": hello, "/orders": orders, "/echo": echo}
decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode


def answer(message: bytes | str) -> bytes:
    """A request's octets to those of its answer."""
    request = decode(message)
    data = VIEWS[request["url"]](request)
    return encode({"data": data, "event_name": None, "id": request["id"], "status": 200})


def arguments() -> tuple[int, bool]:
    """The port to listen on, and whether permessage-deflate is taken: ``PORT [deflate]``."""
    return int(sys.argv[1]), "deflate" in sys.argv[2:]
