"""Those who only want to be served: ``python -m benchmarks.floods.bystanders PORT PID COUNT``.

One connection asks ``/hello`` at a steady pace, the others are idle but for a ping in turn. For each
answer it is measured how long it took. From that is taken what has nothing to do with the server: the
time that the server, or this process itself, was ready to run while its core was another's.

It says when all are connected. On the line ``begin`` it forgets what it saw, on ``end`` it tells what it
saw since, as JSON.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from contextlib import suppress
from math import ceil

import attrs

from ..wire import Dialect, NotUsable, client_frame, masked_frame, read_frame

__all__ = ["Seen"]

_NICE = -10
# Seconds between two questions, and until it is taken for certain that there will be no answer.
_PACE = 0.002
_PATIENCE = 10.0
_HELLO = client_frame(b'{"method":"GET","url":"/hello","id":1}')
_PING = masked_frame(0x89, b"idle")
_PONG = 0x8A
_TEXT = 0x81


@attrs.frozen
class Seen:
    """What bystanders saw; milliseconds.

    :param stall: the longest that an answer took, or a pong.
    :param raw_stall: the same with what had nothing to do with the server.
    :param ping_p50: of the pongs the median; ``ping_p99`` the slowest of a hundred.
    :param lag: the longest that this process itself was kept from running.
    :param answers: how many answers and pongs.
    """

    stall: float
    raw_stall: float
    ping_p50: float
    ping_p99: float
    lag: float
    answers: int


@attrs.frozen
class _Answer:
    """Seconds: the whole time, and of it what the server and we waited for a core."""

    pong: bool
    seconds: float
    server_waited: float
    we_waited: float

    @property
    def theirs(self) -> float:
        return max(0.0, self.seconds - self.server_waited - self.we_waited)


class _Waits:
    """Seconds that a process was ready to run, and did not."""

    def __init__(self, pid: int | str) -> None:
        self._file = os.open(f"/proc/{pid}/schedstat", os.O_RDONLY)

    def __call__(self) -> float:
        try:
            return int(os.pread(self._file, 100, 0).split()[1]) / 1e9
        except ProcessLookupError:
            raise NotUsable("the gateway has ended") from None


class _Bystander:
    """A connection that is served."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(Dialect().handshake(deflate=False))
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        self._received = received.partition(b"\r\n\r\n")[2]

    def ask(self, frame: bytes, answered_by: int) -> None:
        """Send a frame and wait for the one that answers it."""
        self._socket.sendall(frame)
        while True:
            while (found := read_frame(self._received)) is None:
                self._received += self._more()
            first, self._received = self._received[0], self._received[found.size :]
            if first == answered_by:
                return

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        if not data:
            raise NotUsable("a bystander's connection was dropped")
        return data


def _watch(port: int, pid: int, count: int) -> None:
    asker, idle = _Bystander(port), [_Bystander(port) for _ in range(count)]
    server, we = _Waits(pid), _Waits("self")
    answers: list[_Answer] = []
    turn = 0

    def ask(bystander: _Bystander, frame: bytes, answered_by: int) -> None:
        before, ours, started = server(), we(), time.perf_counter()
        bystander.ask(frame, answered_by)
        seconds = time.perf_counter() - started
        answers.append(_Answer(frame is _PING, seconds, server() - before, we() - ours))

    print("ready", flush=True)
    while True:
        if select.select([sys.stdin], [], [], _PACE)[0]:
            command = sys.stdin.readline().strip()
            if command != "begin":
                print(json.dumps(attrs.asdict(_seen(answers)) if command else {}), flush=True)
            if not command:
                return
            answers.clear()
        turn += 1
        if turn % 2:
            ask(asker, _HELLO, _TEXT)
        else:
            ask(idle[turn // 2 % count], _PING, _PONG)


def _seen(answers: list[_Answer]) -> Seen:
    pongs = sorted(answer.theirs for answer in answers if answer.pong) or [0.0]
    return Seen(
        stall=max(answer.theirs for answer in answers) * 1e3,
        raw_stall=max(answer.seconds for answer in answers) * 1e3,
        ping_p50=pongs[len(pongs) // 2] * 1e3,
        ping_p99=pongs[ceil(len(pongs) * 0.99) - 1] * 1e3,
        lag=max(answer.we_waited for answer in answers) * 1e3,
        answers=len(answers),
    )


def main() -> None:
    port, pid, count = map(int, sys.argv[1:])
    with suppress(PermissionError):
        os.nice(_NICE)
    try:
        _watch(port, pid, count)
    except (NotUsable, OSError) as error:
        sys.exit(str(error) or type(error).__name__)


if __name__ == "__main__":
    main()
