"""A load of requests, made by ``load.c``, and what it costs the server.

The load runs on another core than the server. Its own share of that core is measured with each run: a
load that is busy nearly all of the time may be what is measured, and such a run is marked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import attrs

from .processes import ServerProcess
from .wire import Dialect, NotUsable, client_frame

__all__ = ["Result", "Shape", "connection_memory", "load"]

_LOAD = Path(sys.executable).parent / "load"
_PATIENCE = 120  # seconds beyond a run's own, for its opening


@attrs.frozen
class Shape:
    """Of a load.

    :param connections: at the same time.
    :param depth: requests in flight on each.
    :param deflate: permessage-deflate is offered, and the requests are compressed.
    """

    connections: int = 100
    depth: int = 1
    deflate: bool = False


@attrs.frozen
class Result:
    """What a run measured.

    :param requests: answered ones.
    :param compressed: answers among them that were compressed.
    :param seconds: that the run took.
    :param server_cpu: seconds of the server's processes.
    :param server_waited: seconds that it was ready to run while its core was another's.
    :param load_cpu: seconds of the load itself.
    :param load_waited: as ``server_waited``.
    :param p50: microseconds from request to answer, the median; 0 with more than one in flight.
    :param p99: the same of the slowest of a hundred.
    """

    requests: int
    compressed: int
    seconds: float
    server_cpu: float
    server_waited: float
    load_cpu: float
    load_waited: float
    p50: float
    p99: float

    @property
    def cost(self) -> float:
        """Microseconds of the server's CPU for a request."""
        return self.server_cpu / self.requests * 1e6

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def server_share(self) -> float:
        """How much of the time that its core was free for it the server was busy."""
        return self.server_cpu / (self.seconds - self.server_waited)

    @property
    def load_share(self) -> float:
        """The same of the load: near 1 it may be the load that is measured."""
        return self.load_cpu / (self.seconds - self.load_waited)


def load(
    server: ServerProcess,
    dialect: Dialect,
    request: bytes,
    answer: bytes,
    shape: Shape,
    seconds: float,
    core: int,
) -> Result:
    """Put a load on a server.

    :param request: as the gateway takes it; the dialect's own is laid around it.
    :param answer: that each has to get; without compression its length is looked at each time.
    :param core: that the load runs on.
    :raises NotUsable: the server does not bear it.
    """
    size = 0 if shape.deflate else len(dialect.answer % answer)
    arguments, octets = _arguments(server, dialect, request, shape, size, seconds)
    try:
        run = subprocess.run(
            arguments,
            input=octets,
            capture_output=True,
            timeout=seconds + _PATIENCE,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    except subprocess.TimeoutExpired:
        raise NotUsable("does not get through the load") from None
    if run.returncode:
        raise NotUsable(run.stderr.decode(errors="replace").strip() or "the load ended")
    return Result(**json.loads(run.stdout))


def connection_memory(
    server: ServerProcess,
    dialect: Dialect,
    request: bytes,
    connections: int,
    settling: float,
    core: int,
) -> float:
    """Octets that an idle connection keeps resident, each after one request.

    :param settling: seconds between the last request and the look at the memory.
    :raises NotUsable: the server does not bear the connections.
    """
    shape = Shape(connections)
    arguments, octets = _arguments(server, dialect, request, shape, 0, 0)
    before = server.memory()
    with subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdin.write(octets)
        run.stdin.flush()
        ready = run.stdout.readline()
        if ready:
            time.sleep(settling)
        ended = run.poll()
        after = server.memory()
        run.stdin.close()
        if not ready or ended is not None:
            raise NotUsable(run.stderr.read().decode(errors="replace").strip() or "the load ended")
    return (after - before) / connections


def _arguments(
    server: ServerProcess,
    dialect: Dialect,
    request: bytes,
    shape: Shape,
    answer_size: int,
    seconds: float,
) -> tuple[list[str], bytes]:
    """What ``load.c`` takes as arguments and as its standard input."""
    handshake, greeting = dialect.handshake(shape.deflate), dialect.opening(shape.deflate)
    frame = client_frame(dialect.request % request, shape.deflate)
    warm_up = min(0.3, seconds / 4)
    numbers = (
        *(server.port, shape.connections, shape.depth),
        *(int(warm_up * 1000), int(seconds * 1000)),
        *(len(handshake), len(greeting), dialect.greeted, len(frame), answer_size),
        *server.tree(),
    )
    return [str(_LOAD), *map(str, numbers)], handshake + greeting + frame
