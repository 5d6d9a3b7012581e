"""A load of requests over raw sockets, and what it costs the server.

One process on a uvloop loop that writes frames made once and counts answers by their bytes. It does not
parse what it receives, so it needs a fraction of any server's CPU: its own use is printed beside the
server's, and a run in which it came near one core is marked.
"""

from __future__ import annotations

import asyncio
import os
import resource
import struct
import time
from pathlib import Path

import attrs
import uvloop

_TICK = os.sysconf("SC_CLK_TCK")
_MASK = b"\x11\x22\x33\x44"
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def client_frame(payload: bytes) -> bytes:
    """A masked text frame (RFC 6455 section 5.2)."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x81, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x81, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x81, 0xFF, size)
    masked = bytes(byte ^ _MASK[place % 4] for place, byte in enumerate(payload))
    return head + _MASK + masked


@attrs.frozen
class Result:
    """What a run measured.

    :param requests: answered ones.
    :param seconds: that the run took.
    :param server_cpu: microseconds of the server process per request.
    :param client_share: of one core, that the load itself needed.
    :param latencies: seconds from request to answer, sorted; only of runs with one in flight.
    """

    requests: int
    seconds: float
    server_cpu: float
    client_share: float
    latencies: tuple[float, ...]

    def percentile(self, share: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


class _Client(asyncio.Protocol):
    """One connection that keeps ``depth`` requests in flight."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.open = False
        self.received = b""
        self.pending = 0
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        run = self.run
        if not self.open:
            self.received += data
            if b"\r\n\r\n" not in self.received:
                return
            if b" 101 " not in self.received[:30]:
                raise AssertionError(self.received)
            self.open = True
            self.pending = 0
            data = self.received.partition(b"\r\n\r\n")[2]
            run.opened()
            if not data:
                return
        self.pending += len(data)
        answers = self.pending // run.answer_size
        if answers:
            self.pending -= answers * run.answer_size
            run.answered(self, answers)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.run.over:
            self.run.failed(AssertionError(f"the server closed a connection: {error}"))


class _Run:
    def __init__(self, connections: int, depth: int, frame: bytes, answer_size: int) -> None:
        self.connections = connections
        self.depth = depth
        self.frame = frame
        self.answer_size = answer_size
        self.clients: list[_Client] = []
        self.ready = asyncio.get_running_loop().create_future()
        self.waiting = connections
        self.count = 0
        self.over = False
        self.timed = connections * depth == 1
        self.latencies: list[float] = []

    def opened(self) -> None:
        self.waiting -= 1
        if not self.waiting:
            self.ready.set_result(None)

    def answered(self, client: _Client, answers: int) -> None:
        self.count += answers
        if self.timed:
            now = time.perf_counter()
            self.latencies.append(now - client.sent_at)
            client.sent_at = now
        if not self.over:
            client.transport.write(self.frame if answers == 1 else self.frame * answers)

    def failed(self, error: Exception) -> None:
        if not self.ready.done():
            self.ready.set_exception(error)

    def start(self) -> None:
        for client in self.clients:
            client.sent_at = time.perf_counter()
            client.transport.write(self.frame * self.depth)


def cpu_of(pid: int) -> float:
    """Seconds of CPU, user and system, of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


async def _answer_size(port: int, frame: bytes) -> int:
    """How long an answer is, frame and all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(frame)
    first, second = await reader.readexactly(2)
    head = 2
    size = second & 0x7F
    if size == 126:
        size, head = struct.unpack("!H", await reader.readexactly(2))[0], 4
    elif size == 127:
        size, head = struct.unpack("!Q", await reader.readexactly(8))[0], 10
    answer = await reader.readexactly(size)
    if first != 0x81 or b'"detail"' in answer:
        raise AssertionError(f"not an answer: {first:x} {answer[:200]!r}")
    writer.transport.abort()
    return head + size


async def _load(
    port: int, pid: int, payload: bytes, connections: int, depth: int, seconds: float
) -> Result:
    frame = client_frame(payload)
    run = _Run(connections, depth, frame, await _answer_size(port, frame))
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        _, client = await loop.create_connection(lambda: _Client(run), "127.0.0.1", port)
        run.clients.append(client)
    await run.ready
    run.start()
    await asyncio.sleep(min(0.5, seconds / 4))
    run.latencies.clear()
    count, cpu, own = run.count, cpu_of(pid), time.process_time()
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - started
    count, cpu, own = run.count - count, cpu_of(pid) - cpu, time.process_time() - own
    run.over = True
    for client in run.clients:
        client.transport.abort()
    if not count:
        raise AssertionError("no request was answered")
    return Result(count, took, cpu / count * 1e6, own / took, tuple(sorted(run.latencies)))


def load(
    port: int,
    pid: int,
    payload: bytes,
    *,
    connections: int = 100,
    depth: int = 1,
    seconds: float = 3,
) -> Result:
    """Put a load on a server.

    :param pid: of the server's process.
    :param payload: of the request; every answer to it has to be of the same length.
    :param connections: at the same time.
    :param depth: requests in flight on each.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, connections + 100)), hard))
    return uvloop.run(_load(port, pid, payload, connections, depth, seconds))
