"""What a page costs, beside twisted.web's own static.File: ``python -m benchmarks.pages``.

All servers run at once on one core, and are asked in turn from another; what is told is CPU of a
server's process for a request, and its ratio to static.File on the same kind of reactor in the same
round.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import socket
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from websockets.sync.client import connect

from .processes import ServerProcess

__all__ = ["main"]

_TICKS = os.sysconf("SC_CLK_TCK")
_PYTHON = [sys.executable, "-m", "benchmarks.servers.static_file"]
_SERVE = [
    os.path.join(os.path.dirname(sys.executable), "aiorest-gw"),
    "serve", "--listen", "tcp:PORT:interface=127.0.0.1",
]  # fmt: skip
_APP = ["--app", "benchmarks.servers.gateway:router"]
# FOLDER is the site's.
_SERVERS = {
    "static.File": [*_PYTHON, "PORT", "FOLDER", "uvloop"],
    "static.File, epoll": [*_PYTHON, "PORT", "FOLDER", "epoll"],
    "gateway": [*_SERVE, "--site", "FOLDER"],
    "gateway, Twisted's tcp": [*_SERVE, "--site", "FOLDER", "--twisted-tcp"],
    "gateway, epoll": [*_SERVE, "--site", "FOLDER", "--reactor", "epoll"],
}
_BESIDE = {"gateway": "static.File", "gateway, Twisted's tcp": "static.File",
           "gateway, epoll": "static.File, epoll"}  # fmt: skip
_SOCKETS = {"without a site": [*_SERVE, *_APP], "with a site": [*_SERVE, *_APP, "--site", "FOLDER"]}
# What browsers send besides.
_BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Site: same-origin\r\n"
)
# A file, further headers, and whether each request has a connection of its own.
_LOADS = {
    "10 KiB": ("ten.html", "", False),
    "10 KiB, a connection each": ("ten.html", "Connection: close\r\n", True),
    "10 KiB, gzip": ("ten.html", "Accept-Encoding: gzip\r\n", False),
    "304": ("ten.html", "If-Modified-Since: {modified}\r\n", False),
    "1 MiB": ("large.bin", "", False),
}


def make_site(folder: Path) -> None:
    """Its files; twisted.web's File has no compressed ones, so gzip is compared with plain."""
    chance = random.Random(7)
    words = [f"word{chance.randrange(2_000)}" for _ in range(2_000)]
    (folder / "ten.html").write_text(" ".join(words)[:10_240])
    (folder / "large.bin").write_bytes(chance.randbytes(1_048_576))
    (folder / "index.html").write_text("<!doctype html><title>x</title>")


class Client:
    """Asks one server for one page, again and again."""

    def __init__(self, port: int, load: str, modified: str) -> None:
        page, headers, self._each = _LOADS[load]
        headers = headers.format(modified=modified)
        self._request = (
            f"GET /{page} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{_BROWSER}{headers}\r\n".encode()
        )
        self._address = "127.0.0.1", port
        self._buffer = bytearray(1_200_000)
        self._socket: socket.socket | None = None

    def ask(self, times: int) -> bytes:
        """The last answer."""
        answer = b""
        for _ in range(times):
            if self._socket is None:
                self._socket = socket.create_connection(self._address)
            self._socket.sendall(self._request)
            answer = self._answer(self._socket)
            if self._each:
                self._socket.close()
                self._socket = None
        return answer

    def _answer(self, connection: socket.socket) -> bytes:
        view, size, whole = memoryview(self._buffer), 0, None
        while whole is None or size < whole:
            read = connection.recv_into(view[size:])
            if not read:
                raise SystemExit("a server has closed the connection")
            size += read
            if whole is None:
                whole = _whole(self._buffer, size)
        return bytes(self._buffer[: min(size, 2_000)])


def _whole(buffer: bytearray, size: int) -> int | None:
    """The size of an answer, when its head is there."""
    end = buffer.find(b"\r\n\r\n", 0, size)
    if end < 0:
        return None
    head = bytes(buffer[:end]).lower()
    length = head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
    return end + 4 + (0 if b" 304 " in head[:20] else int(length))


def cpu(pid: int) -> float:
    """Seconds that a process has used."""
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) / 1e9


def costs(pid: int, work: Callable[[int], object], times: int) -> float:
    """µs of the server's CPU for each."""
    before = cpu(pid)
    work(times)
    return (cpu(pid) - before) / times * 1e6


@contextlib.contextmanager
def started(servers: dict[str, list[str]], folder: str) -> Iterator[dict[str, ServerProcess]]:
    """Servers that run beside each other."""
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        found = {}
        for name, arguments in servers.items():
            command = [one.replace("FOLDER", folder) for one in arguments]
            found[name] = stack.enter_context(ServerProcess(command, {cores[0]}))
        os.sched_setaffinity(0, {cores[-1]})
        yield found


def show(what: str, rounds: dict[str, list[float]], beside: dict[str, str]) -> None:
    """A line for each server."""
    for name, figures in rounds.items():
        other = beside.get(name)
        text = f"{what:26} {name:24} {statistics.median(figures):8.1f} µs"
        if other is not None:
            ratios = sorted(a / b for a, b in zip(figures, rounds[other], strict=True))
            low, high = ratios[len(ratios) // 5], ratios[-1 - len(ratios) // 5]
            text += f" {statistics.median(ratios):6.2f}  ({low:.2f} to {high:.2f})"
        print(text, flush=True)


def compare_pages(folder: str, options: argparse.Namespace) -> None:
    """Pages, beside static.File."""
    with started(_SERVERS, folder) as servers:
        for load in options.loads:
            clients, rounds = {}, {name: [] for name in _SERVERS}
            for name, server in servers.items():
                client = clients[name] = Client(server.port, load, _modified(server.port))
                _check(client.ask(50), load, name)
            times = options.times // (10 if load == "1 MiB" else 1)
            for _ in range(options.rounds):
                for name, server in servers.items():
                    rounds[name].append(costs(server.pid, clients[name].ask, times))
            show(load, rounds, _BESIDE)


def _modified(port: int) -> str:
    client = Client(port, "10 KiB", "")
    return client.ask(1).decode("latin-1").partition("Last-Modified: ")[2].partition("\r\n")[0]


def _check(answer: bytes, load: str, name: str) -> None:
    """What is compared is the same answer."""
    status = b" 304 " if load == "304" else b" 200 "
    if status not in answer[:20]:
        raise SystemExit(f"{name} answers {answer[:40]!r} to {load}")


def compare_sockets(folder: str, options: argparse.Namespace) -> None:
    """Requests over WebSocket, on a gateway with a site and on one without."""
    with started(_SOCKETS, folder) as servers, contextlib.ExitStack() as stack:
        asking = {}
        for name, server in servers.items():
            socket = stack.enter_context(connect(f"ws://127.0.0.1:{server.port}/"))
            asking[name] = lambda times, socket=socket: _ask(socket, times)
            asking[name](200)
        rounds: dict[str, list[float]] = {name: [] for name in _SOCKETS}
        for _ in range(options.rounds):
            for name, server in servers.items():
                rounds[name].append(costs(server.pid, asking[name], options.times))
    show("WebSocket request", rounds, {"with a site": "without a site"})


def _ask(socket: object, times: int) -> None:
    text = json.dumps({"method": "GET", "url": "/hello", "event_name": "1"})
    for _ in range(times):
        socket.send(text)  # type: ignore[attr-defined]
        socket.recv()  # type: ignore[attr-defined]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=2_000, help="requests in each round")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--loads", nargs="*", default=[*_LOADS], choices=[*_LOADS])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_site(Path(folder))
        cores = os.sched_getaffinity(0)
        compare_pages(folder, options)
        os.sched_setaffinity(0, cores)
        compare_sockets(folder, options)


if __name__ == "__main__":
    main()
