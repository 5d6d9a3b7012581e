"""The process that floods: ``python -m benchmarks.floods.pouring NAME PORT SCALE``.

It makes ready what it sends, says so, waits for a line, floods, and tells as JSON what became of it. It
never waits for one connection, and reads no more of the answers than how a connection ended.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import struct
import sys
import time
from collections import Counter

from ..wire import Dialect
from .kinds import FLOODS, MIB, Flood

__all__ = ["NICE"]

# The lowest priority: it shares its core with those who measure.
NICE = 10
_AT_ONCE = 262_144
# Opened in one go; more than a queue of connections holds would be lost, and come again much later.
_OPENED_AT_ONCE = 200
# Closed in a hundredth of a second at the end of a flood, unless it hangs up.
_CLOSED_AT_ONCE = 50
_LAST_WORDS = 300
# SO_LINGER of no time: what is closed is reset (tcp(7)).
_RESET = struct.pack("ii", 1, 0)
_STATUS = re.compile(rb"HTTP/1\.1 (\d+)")


class _Connection:
    """One connection of a flood.

    :param chunk: what is sent behind ``once``, over and over.
    """

    def __init__(self, flood: Flood, port: int, chunk: bytes) -> None:
        handshake = Dialect().handshake(flood.deflate) if flood.opened else b""
        self._once = memoryview(handshake + flood.once)
        self._chunk = memoryview(chunk)
        self._at = 0
        self._first = True
        self._tail = b""
        self._head = b""
        self.sent = 0
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))

    @property
    def beyond_once(self) -> bool:
        return not self._first

    def send(self) -> bool:
        """Send what is taken.

        :returns: whether there may be more to send.
        """
        source = self._once if self._first else self._chunk
        if len(source):
            taken = self.socket.send(source[self._at : self._at + _AT_ONCE])
            self.sent += taken
            self._at += taken
        if self._at >= len(source):
            self._first, self._at = False, 0
        return bool(len(self._chunk) or self._first)

    def receive(self) -> bool:
        """Read what there is, and keep the end of it.

        :returns: whether the connection goes on.
        """
        data = self.socket.recv(_AT_ONCE)
        self._head = self._head or data[:40]
        self._tail = (self._tail + data)[-_LAST_WORDS:]
        return bool(data)

    def end(self) -> str:
        """How the gateway ended it: the close frame's code, else the status of HTTP."""
        tail = self._tail
        for at in range(len(tail) - 3):
            if tail[at] == 0x88 and at + 2 + tail[at + 1] == len(tail):
                return str(int.from_bytes(tail[at + 2 : at + 4], "big"))
        status = _STATUS.match(self._head)
        if status and status[1] != b"101":
            return status[1].decode()
        return "dropped"


class _Pouring:
    """A flood while it lasts."""

    def __init__(self, flood: Flood, port: int, scale: float) -> None:
        self._flood = flood
        self._port = port
        self._count = max(1, int(flood.connections * scale))
        self._chunk = flood.chunk()
        if self._chunk and not flood.pace:
            self._chunk *= max(1, MIB // len(self._chunk))
        self._open: set[_Connection] = set()
        self._selector = selectors.DefaultSelector()
        self.sent = 0
        self.ends: Counter[str] = Counter()
        self.most = 0

    def run(self) -> None:
        now = time.monotonic()
        until, tick = now + self._flood.seconds, now
        while (now := time.monotonic()) < until:
            self._open_anew()
            if self._flood.pace and now >= tick:
                tick = now + self._flood.pace
                for connection in tuple(self._open):
                    if connection.beyond_once:
                        self._write(connection)
            for key, events in self._selector.select(0.01):
                connection = key.data
                if events & selectors.EVENT_READ and connection in self._open:
                    self._read(connection)
                if events & selectors.EVENT_WRITE and connection in self._open:
                    self._write(connection)
        self._finish()

    def _open_anew(self) -> None:
        for _ in range(min(self._count - len(self._open), _OPENED_AT_ONCE)):
            connection = _Connection(self._flood, self._port, self._chunk)
            self._open.add(connection)
            events = selectors.EVENT_WRITE | (selectors.EVENT_READ if self._flood.reads else 0)
            self._selector.register(connection.socket, events, connection)
        self.most = max(self.most, len(self._open))

    def _write(self, connection: _Connection) -> None:
        try:
            more = connection.send()
        except BlockingIOError:
            return
        except OSError:
            self._ended(connection)
            return
        if not more or (self._flood.pace and connection.beyond_once):
            self._selector.modify(connection.socket, selectors.EVENT_READ, connection)

    def _read(self, connection: _Connection) -> None:
        try:
            goes_on = connection.receive()
        except BlockingIOError:
            return
        except OSError:
            goes_on = False
        if not goes_on:
            self._ended(connection)

    def _ended(self, connection: _Connection) -> None:
        """The gateway has ended it; what it said before may still lie in the socket."""
        self._selector.unregister(connection.socket)
        self._open.discard(connection)
        self.sent += connection.sent
        try:
            while connection.receive():
                pass
        except OSError:
            pass
        connection.socket.close()
        self.ends[connection.end()] += 1

    def _finish(self) -> None:
        for number, connection in enumerate(self._open):
            self.sent += connection.sent
            if self._flood.resets:
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.socket.close()
            if not self._flood.hangs_up and number % _CLOSED_AT_ONCE == 0:
                time.sleep(0.01)
        if self._open:
            self.ends["still served"] += len(self._open)


def main() -> None:
    name, port, scale = sys.argv[1:]
    os.nice(NICE)
    pouring = _Pouring(FLOODS[name], int(port), float(scale))
    print("ready", flush=True)
    sys.stdin.readline()
    pouring.run()
    print(json.dumps({"sent": pouring.sent, "ends": pouring.ends, "connections": pouring.most}))


if __name__ == "__main__":
    main()
