"""The servers that are compared: how each is started, and in what it differs."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs

from .wire import Dialect

__all__ = ["PEERS", "REFERENCE", "Peer", "gateway"]

_GATEWAY = (
    str(Path(sys.executable).parent / "aiorest-gw"),
    *("serve", "--app", "benchmarks.servers.gateway:router"),
    *("--listen", "tcp:PORT:interface=127.0.0.1"),
)
_WEBSOCKET = Dialect()
# A WebSocket that engine.io opens, and an event of socket.io with the number 1 and its acknowledgement.
_SOCKET_IO = Dialect(
    path=b"/socket.io/?EIO=4&transport=websocket",
    greeting=b"40",
    greeted=2,
    request=b'421["request",%s]',
    answer=b"431[%s]",
)


@attrs.frozen
class Peer:
    """A server.

    :param command: that starts it, ``PORT`` in the place of the port.
    :param packages: whose versions are told.
    :param deflate: what the command takes to use permessage-deflate; empty where it has none.
    """

    command: tuple[str, ...]
    packages: tuple[str, ...]
    deflate: tuple[str, ...] = ("deflate",)
    dialect: Dialect = _WEBSOCKET


def _ours(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"benchmarks.servers.{module}", "PORT", *arguments)


def gateway(*options: str) -> Peer:
    """The gateway itself, with further options of ``aiorest-gw serve``."""
    return Peer((*_GATEWAY, *options), ("aiorest_gw", "autobahn", "Twisted"), ("--compress",))


# What all the others are a multiple of.
REFERENCE = "bare"

PEERS = {
    REFERENCE: Peer(_ours("bare"), ("uvloop",)),
    "aiorest_gw": gateway(),
    "picows": Peer(_ours("picows"), ("picows",)),
    "socketify": Peer(_ours("socketify"), ("socketify",)),
    "aiohttp": Peer(_ours("aiohttp"), ("aiohttp",)),
    "websockets": Peer(_ours("websockets"), ("websockets",)),
    "autobahn": Peer(_ours("autobahn", "epoll"), ("autobahn", "Twisted")),
    "fastapi": Peer(_ours("fastapi", "websockets-sansio"), ("fastapi", "uvicorn", "websockets")),
    "fastapi-websockets": Peer(
        _ours("fastapi", "websockets"), ("fastapi", "uvicorn", "websockets")
    ),
    "socketio": Peer(_ours("socketio"), ("python-socketio", "uvicorn"), dialect=_SOCKET_IO),
    "channels": Peer(_ours("channels"), ("channels", "daphne"), deflate=()),
    "aiorest_gw-epoll": gateway("--reactor", "epoll"),
    "aiorest_gw-asyncio": gateway("--reactor", "asyncio"),
    "autobahn-asyncio": Peer(_ours("autobahn", "asyncio"), ("autobahn", "Twisted")),
    "autobahn-uvloop": Peer(_ours("autobahn", "uvloop"), ("autobahn", "Twisted")),
}
