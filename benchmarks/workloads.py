"""What the servers are loaded with: one table."""

from __future__ import annotations

import attrs
import msgspec

from .load import Shape

__all__ = ["WORKLOADS", "Workload"]

COMPARED = (
    "bare",
    "aiorest_gw",
    "picows",
    "socketify",
    "aiohttp",
    "websockets",
    "autobahn",
    "fastapi",
    "fastapi-websockets",
    "socketio",
    "channels",
)
REACTORS = (
    "bare",
    "aiorest_gw",
    "aiorest_gw-asyncio",
    "aiorest_gw-epoll",
    "autobahn-uvloop",
    "autobahn-asyncio",
    "autobahn",
)


@attrs.frozen
class Workload:
    """What is asked, and how.

    :param measure: ``cpu`` of the server for a request, ``latency`` of one, or ``memory`` of an idle
        connection.
    :param servers: that it compares unless others are named.
    """

    title: str
    request: bytes
    shape: Shape = attrs.field(factory=Shape)
    measure: str = "cpu"
    servers: tuple[str, ...] = COMPARED


def _request(method: str, url: str, args: object, data: object) -> bytes:
    return msgspec.json.encode({"method": method, "url": url, "args": args, "data": data, "id": 1})


def _text(size: int) -> bytes:
    """A request of so many octets to be echoed: words."""
    words = " ".join(TEAS[number * number % 7 % len(TEAS)] for number in range(size))
    return _request("POST", "/echo", {}, words[: size - len(_request("POST", "/echo", {}, ""))])


def _records(size: int) -> bytes:
    """The same: orders, and a text that fills up."""
    records: list[object] = []
    while len(request := _request("POST", "/echo", {}, [*records, ""])) < size - 120:
        number = len(records)
        what = {"id": number * 7919, "item": TEAS[number % len(TEAS)], "price": number * 0.25}
        records.append({**what, "paid": number % 3 == 0, "notes": [f"shelf {number * 31 % 97}"]})
    return _request("POST", "/echo", {}, [*records, "x" * (size - len(request))])


TEAS = ("Assam", "Darjeeling", "Keemun", "Lapsang Souchong", "Sencha")
ORDER = {"item": "Assam", "count": 3, "price": 12.5, "paid": True, "notes": ["loose", "black"]}
SMALL = _request("GET", "/hello", {"language": "en-GB", "page": "10"}, None)
TEXT, RECORDS = _text(16_384), _records(16_384)

WORKLOADS = {
    "small": Workload("a request of 90 octets, 100 connections, one in flight on each", SMALL),
    "typed": Workload(
        "an order that is checked against a class, 100 connections, one in flight on each",
        _request("POST", "/orders", {}, ORDER),
    ),
    "piped": Workload(
        "a request of 90 octets, 10 connections, 32 in flight on each", SMALL, Shape(10, 32)
    ),
    "single": Workload(
        "one request of 90 octets at a time on one connection: how long until its answer",
        SMALL,
        Shape(1, 1),
        measure="latency",
    ),
    "text": Workload(
        "16 KiB there and back, all of it one text, 100 connections, one in flight on each", TEXT
    ),
    "records": Workload(
        "16 KiB there and back, of 204 objects, 100 connections, one in flight on each", RECORDS
    ),
    "deflate-small": Workload(
        "as small, with permessage-deflate", SMALL, Shape(100, 1, deflate=True)
    ),
    "deflate-records": Workload(
        "as records, with permessage-deflate", RECORDS, Shape(100, 1, deflate=True)
    ),
    "memory": Workload(
        "resident memory of a connection that was asked once and is idle",
        SMALL,
        Shape(5_000),
        measure="memory",
    ),
    "reactors": Workload("as small, on each of the event loops", SMALL, servers=REACTORS),
}
