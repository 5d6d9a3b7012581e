"""What sessions and pushes cost: ``python -m benchmarks.sessions``; ``--help`` names the parts.

The load is Python, on the second core: it sends to all connections and then reads from all, so what is
measured is CPU of the server's process, on the first core, and no time. All servers run at once, and are
asked in turn: whatever the machine does meanwhile, it does to all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import socket
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from .processes import ServerProcess
from .wire import Dialect, client_frame, masked_frame, read_frame

_GATEWAY = (
    str(Path(sys.executable).parent / "aiorest-gw"),
    *("serve", "--app", "benchmarks.servers.gateway:router"),
    *("--listen", "tcp:PORT:interface=127.0.0.1", "--max-connections", "20000"),
    *("--max-connections-per-address", "0", "--drain-window", "0", "--ping-interval", "0"),
)
_BARE = (sys.executable, "-m", "benchmarks.servers.broadcasting", "PORT")
_AUTOBAHN = (sys.executable, "-m", "benchmarks.servers.broadcasting_autobahn", "PORT")
_V1 = ("aiorest.1.json", "aiorest.1.msgpack")
# Pushes one after the other, to find who does not read.
_FLOOD = 50


class Client:
    """A connection that counts the octets which it reads, and answers nothing.

    :param subprotocol: None for the plain dialect, and for servers that know none.
    """

    def __init__(self, port: int, subprotocol: str | None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.packed = subprotocol == _V1[1]
        self.v1 = subprotocol is not None
        self.rest = b""
        self.id = 0
        handshake = Dialect().handshake(deflate=False)
        if self.v1:
            line = f"Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n".encode()
            handshake = handshake[:-2] + line
        self.socket.sendall(handshake)
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(65_536)
        self.rest = self.rest.partition(b"\r\n\r\n")[2]
        if self.v1:
            self.send({"method": "PUT", "url": "/~/session"})
            self.read()

    def send(self, message: dict) -> None:
        self.id += 1
        self.socket.sendall(self.frame(message | {"id": self.id}))

    def frame(self, message: dict) -> bytes:
        if self.packed:
            return masked_frame(0x82, msgspec.msgpack.encode(message))
        return client_frame(json.dumps(message, separators=(",", ":")).encode())

    def read(self) -> bytes:
        """The next message."""
        while (frame := read_frame(self.rest)) is None:
            self.rest += self.socket.recv(65_536)
        self.rest = self.rest[frame.size :]
        return frame.payload


def _cpu(server: ServerProcess) -> float:
    """Seconds that the server used."""
    fields = Path(f"/proc/{server.pid}/schedstat").read_text().split()
    return int(fields[0]) / 1e9


def _drain(clients: list[Client], octets: int) -> None:
    """Read so many octets from each."""
    missing = dict.fromkeys(clients, octets)
    with selectors.DefaultSelector() as selector:
        for client in clients:
            missing[client] -= len(client.rest)
            client.rest = b""
            if missing[client] > 0:
                selector.register(client.socket, selectors.EVENT_READ, client)
        while selector.get_map():
            for key, _ in selector.select(10):
                missing[key.data] -= len(key.data.socket.recv(65_536))
                if missing[key.data] <= 0:
                    selector.unregister(key.fileobj)


class Running:
    """A server with its clients.

    :param kind: which, and in which dialect.
    """

    def __init__(self, kind: str, connections: int) -> None:
        command = {"bare": _BARE, "autobahn": _AUTOBAHN}.get(kind, _GATEWAY)
        self.gateway = command is _GATEWAY
        self.server = ServerProcess(command, {0}).__enter__()
        subprotocol = {"v1": _V1[0], "v1 msgpack": _V1[1]}.get(kind)
        self.clients = [Client(self.server.port, subprotocol) for _ in range(connections)]
        self.number = 0
        self.deaf: Client | None = None

    def close(self) -> None:
        for client in self.clients:
            client.socket.close()
        self.server.__exit__()

    def broadcast(self) -> float:
        """Microseconds of CPU that a push costs for each connection."""
        first, *others = self.clients
        before = _cpu(self.server)
        if self.gateway:
            first.send({"method": "POST", "url": "/broadcast", "ack": 2 * self.number})
            first.read()
        else:
            first.socket.sendall(client_frame(b"go"))
        first.read()
        # All but the first have got the same, and have the same numbers.
        second, *others = others
        _drain(others, len(second.read()) + 2)
        cost = (_cpu(self.server) - before) / len(self.clients) * 1e6
        self.number += 1
        if first.v1 and self.number % 100 == 0:
            for client in self.clients[1:]:
                client.socket.sendall(client.frame({"ack": self.number}))
        return cost

    def request(self) -> float:
        """Microseconds of CPU of a small request."""
        frames = []
        for client in self.clients:
            client.id += 1
            ack = {"ack": self.number} if client.v1 else {}
            frames.append(client.frame({"method": "GET", "url": "/hello", "id": client.id} | ack))
        before = _cpu(self.server)
        for client, frame in zip(self.clients, frames, strict=True):
            client.socket.sendall(frame)
        for client in self.clients:
            client.read()
        self.number += 1
        return (_cpu(self.server) - before) / len(self.clients) * 1e6

    def until_all_have_it(self) -> list[float]:
        """Seconds until each of the others has a flood of pushes."""
        first, *others = self.clients
        sizes = dict.fromkeys(others, 102 * _FLOOD)
        latencies = []
        with selectors.DefaultSelector() as selector:
            for client in others:
                selector.register(client.socket, selectors.EVENT_READ, client)
            began = time.perf_counter()
            url = f"/broadcast?policy=drop_oldest&count={_FLOOD}"
            first.send({"method": "POST", "url": url})
            while selector.get_map():
                for key, _ in selector.select(10):
                    sizes[key.data] -= len(key.data.socket.recv(65_536))
                    if sizes[key.data] <= 0:
                        latencies.append(time.perf_counter() - began)
                        selector.unregister(key.fileobj)
        for _ in range(_FLOOD + 1):
            first.read()
        return latencies


def deaf(connections: int, times: int) -> None:
    """What one client that never reads costs the others, and the process."""
    with contextlib.ExitStack() as stack:
        pairs = [Running("plain", connections) for _ in range(2)]
        for running in pairs:
            stack.callback(running.close)
        without, beside = pairs
        beside.deaf = Client(beside.server.port, None)
        for running in pairs:
            for _ in range(times // 10):
                running.until_all_have_it()
        before = beside.server.memory()
        found: dict[Running, list[float]] = {running: [] for running in pairs}
        for _ in range(times):
            for running in pairs:
                found[running] += running.until_all_have_it()
        grown = (beside.server.memory() - before) / 2**20
        print(f"\n{'p99 until they have 50 pushes':40} {'ms':>8}")
        for name, running in (("without", without), ("beside one that never reads", beside)):
            p99 = statistics.quantiles(found[running], n=100)[98] * 1e3
            print(f"{name:40} {p99:8.2f}")
        print(f"the process has grown by {grown:.2f} MiB")


def memory(kind: str, connections: int) -> float:
    """KiB that an idle connection keeps resident, its session included."""
    running = Running(kind, 200)
    before = running.server.memory()
    subprotocol = {"v1": _V1[0], "v1 msgpack": _V1[1]}.get(kind)
    more = [Client(running.server.port, subprotocol) for _ in range(connections)]
    kept = (running.server.memory() - before) / connections / 1024
    for client in more:
        client.socket.close()
    running.close()
    return kept


def in_turn(
    what: str, kinds: Sequence[str], connections: int, times: int
) -> dict[str, list[float]]:
    """What each costs, each time."""
    with contextlib.ExitStack() as stack:
        running = {kind: Running(kind, connections) for kind in kinds}
        for one in running.values():
            stack.callback(one.close)
        costs: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(times):
            for kind, one in running.items():
                costs[kind].append(getattr(one, what)())
        # The first times are for getting warm.
        return {kind: found[times // 10 :] for kind, found in costs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["broadcast", "requests", "memory", "deaf"])
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--kinds", help="with commas between, the reference first")
    options = parser.parse_args()
    os.sched_setaffinity(0, {1})
    for what, call, kinds, connections in (
        ("broadcast", "broadcast", "bare,plain,v1,v1 msgpack,autobahn", options.connections),
        ("requests", "request", "plain,v1,v1 msgpack", 100),
    ):
        if what in options.what:
            chosen = (options.kinds or kinds).split(",")
            costs = in_turn(call, chosen, connections, options.times)
            print(f"\n{what:12} {'µs of CPU':>10} {'ratio':>7} {'of ten, the 2nd and 9th':>24}")
            for kind, found in costs.items():
                ratios = [a / b for a, b in zip(found, costs[chosen[0]], strict=True)]
                deciles = statistics.quantiles(ratios, n=10)
                spread = f"{deciles[1]:.2f}–{deciles[7]:.2f}"
                cost, ratio = statistics.median(found), statistics.median(ratios)
                print(f"{kind:12} {cost:10.2f} {ratio:7.2f} {spread:>24}")
    if "deaf" in options.what:
        deaf(options.connections // 5, options.times)
    if "memory" in options.what:
        print(f"\n{'memory':12} {'KiB of an idle one':>20}")
        for kind in ("plain", "v1", "v1 msgpack"):
            print(f"{kind:12} {memory(kind, 5 * options.connections):20.1f}", flush=True)


if __name__ == "__main__":
    main()
