"""The connections of a bad network: each client's, and the one to the server that it stands for.

All of it belongs to one loop and one thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from .piping import Pipe, Towards, Way

__all__ = ["Relay", "Target"]

# Close with a reset, whatever was not sent yet (SO_LINGER).
_RESET = struct.pack("ii", 1, 0)
# Bytes that the system takes while a pipe does not read; left to itself it takes megabytes.
_BUFFER = 65_536
# Seconds: to reach the server; for an end that was cut off to read its last bytes; and until the next
# attempt where no more connections can be opened.
_CONNECTING = 10
_LINGERING = 5
_REST = 0.1


@attrs.frozen
class Target:
    """Where connections go.

    :ivar family: of its addresses.
    :ivar address: as the system has resolved it.
    """

    family: int
    address: Any


class _Connection:
    """A client's connection, and the one to its server.

    :param gone: is called with it when both are closed.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        ways: dict[Towards, Way],
        client: socket.socket,
        server: socket.socket,
        gone: Callable[[_Connection], None],
    ) -> None:
        self._loop = loop
        self._client = client
        self._server = server
        self._gone = gone
        self._pipes: dict[Towards, Pipe] = {
            "client": Pipe(loop, ways["client"], server, client, self),
            "server": Pipe(loop, ways["server"], client, server, self),
        }
        self._halted: set[Towards] = set()
        self._connected = False
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        #: Whether none of its two sides was cut off.
        self.whole = True

    # -- to the server

    def connect(self, address: Any) -> None:
        self._timer = self._loop.call_later(_CONNECTING, self.reset)
        try:
            for one in (self._client, self._server):
                one.setblocking(False)
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._server.connect(address)
        except BlockingIOError:
            self._loop.add_writer(self._server, self._reached)
        except OSError:
            self.reset()
        else:
            self._reached()

    def _reached(self) -> None:
        self._loop.remove_writer(self._server)
        if self._timer is not None:
            self._timer.cancel()
        if self._server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.reset()
        else:
            self._connected = True
            self.move()

    # -- what a test does to it

    def move(self) -> None:
        """Take note of how the network is now."""
        for towards, pipe in self._pipes.items():
            pipe.halt(not self._connected or towards in self._halted)

    def halt(self, ways: Iterable[Towards]) -> None:
        self._halted.update(ways)
        self.move()

    def heal(self) -> None:
        self._halted.clear()
        for pipe in self._pipes.values():
            pipe.cut_after(None)
        self.move()

    def cut_after(self, size: int, towards: Towards) -> None:
        self._pipes[towards].cut_after(size)

    def leave_client(self) -> None:
        """Cut the client off; the server learns nothing of it."""
        self.whole = False
        self._pipes["server"].leave_source()
        self._pipes["client"].discard()
        if not self._closed:
            _reset(self._client)

    def reset(self) -> None:
        """Cut both sides off."""
        self._end(_reset)

    # -- how its pipes end

    def finished(self, pipe: Pipe) -> None:
        if all(one.over for one in self._pipes.values()):
            self._end(socket.socket.close)

    def broken(self, pipe: Pipe) -> None:
        self.reset()

    def unwanted(self, pipe: Pipe) -> None:
        self._other(pipe).source_was_reset()

    def used_up(self, pipe: Pipe) -> None:
        # A reset could overtake the last bytes: the end that they go to is given time to read them.
        self.whole = False
        pipe.end_here()
        if not self._closed:
            self._timer = self._loop.call_later(_LINGERING, self._end, socket.socket.close)
            self._other(pipe).discard()
        if not self._closed:
            _reset(pipe.source)

    def _other(self, pipe: Pipe) -> Pipe:
        return next(one for one in self._pipes.values() if one is not pipe)

    def _end(self, close: Callable[[socket.socket], object]) -> None:
        if self._closed:
            return
        self._closed = True
        self.whole = False
        if self._timer is not None:
            self._timer.cancel()
        for pipe in self._pipes.values():
            pipe.stop()
        if not self._connected:
            self._loop.remove_writer(self._server)
        for one in (self._client, self._server):
            if one.fileno() >= 0:
                close(one)
        self._gone(self)


class Relay:
    """Takes connections, and carries each to the server.

    :param listening: where clients connect to.
    :ivar target: where connections go from now on.
    :ivar ways: how the network is, towards clients and towards servers.
    :ivar refusing: each new connection is cut.
    :ivar made: how many connections were carried.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, listening: socket.socket, target: Target
    ) -> None:
        self._loop = loop
        self._listening = listening
        self.target = target
        self.ways: dict[Towards, Way] = {"client": Way(), "server": Way()}
        self.refusing = False
        self.made = 0
        self._connections: dict[_Connection, None] = {}
        self._cuts: dict[Towards, int] = {}

    @property
    def open(self) -> int:
        return len(self._connections)

    def listen(self) -> None:
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._listening.setblocking(False)
        self._loop.add_reader(self._listening, self.accept)

    def accept(self) -> None:
        """Take all connections that clients have made."""
        try:
            while True:
                self._take(self._listening.accept()[0])
        except BlockingIOError:
            return
        except OSError:
            # No more files can be opened, and the system would tell that again at once.
            self._loop.remove_reader(self._listening)
            self._loop.call_later(_REST, self._listen_again)

    def _listen_again(self) -> None:
        if self._listening.fileno() >= 0:
            self._loop.add_reader(self._listening, self.accept)

    def _take(self, client: socket.socket) -> None:
        if self.refusing:
            _reset(client)
            return
        try:
            server = socket.socket(self.target.family, socket.SOCK_STREAM)
        except OSError:
            _reset(client)
            return
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        made = _Connection(self._loop, self.ways, client, server, self._connections.pop)
        self.made += 1
        self._connections[made] = None
        cuts, self._cuts = self._cuts, {}
        for towards, size in cuts.items():
            made.cut_after(size, towards)
        made.connect(self.target.address)

    # -- what a test does to them

    def move(self) -> None:
        """Have all connections take note of how the network is now."""
        for one in list(self._connections):
            one.move()

    def cut(self) -> int:
        return _each(list(self._connections), _Connection.reset)

    def cut_after(self, size: int, towards: Towards) -> int:
        whole = list(self._whole())
        if not whole:
            self._cuts[towards] = size
        return _each(whole, lambda one: one.cut_after(size, towards))

    def halt(self, ways: Iterable[Towards]) -> int:
        return _each(list(self._whole()), lambda one: one.halt(ways))

    def leave_clients(self) -> int:
        return _each(list(self._whole()), _Connection.leave_client)

    def heal(self) -> None:
        self.refusing = False
        self._cuts.clear()
        for way in self.ways.values():
            way.delay = way.jitter = 0
            way.rate = None
        for one in list(self._connections):
            one.heal()

    def close(self) -> None:
        self._loop.remove_reader(self._listening)
        self._listening.close()
        self.cut()

    def _whole(self) -> Iterator[_Connection]:
        return (one for one in self._connections if one.whole)


def _each(connections: list[_Connection], do: Callable[[_Connection], object]) -> int:
    for one in connections:
        do(one)
    return len(connections)


def _reset(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    one.close()
