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

__all__ = ["Load", "Result", "Shape"]

_LOAD = Path(sys.executable).parent / "load"
_ENVIRONMENT = ".venv-benchmark/bin/python -m benchmarks…"
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
    :param server_cpus: seconds of each of the server's processes.
    :param server_waited: seconds that the first of them was ready to run while its core was another's.
    :param load_cpu: seconds of the load itself.
    :param load_waited: as ``server_waited``.
    :param p50: microseconds from request to answer, the median; 0 with more than one in flight.
    :param p99: the same of the slowest of a hundred.
    """

    requests: int
    compressed: int
    seconds: float
    server_waited: float
    load_cpu: float
    load_waited: float
    p50: float
    p99: float
    server_cpus: list[float]

    @property
    def server_cpu(self) -> float:
        """Seconds of all the server's processes."""
        return sum(self.server_cpus)

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
        return min(1, self.server_cpu / (self.seconds - self.server_waited))

    @property
    def load_share(self) -> float:
        """The same of the load: near 1 it may be the load that is measured."""
        return min(1, self.load_cpu / (self.seconds - self.load_waited))


@attrs.frozen
class Load:
    """Of one server.

    :param core: that the load runs on.
    """

    server: ServerProcess
    dialect: Dialect
    core: int

    def run(self, request: bytes, answer: bytes, shape: Shape, seconds: float) -> Result:
        """Keep the server busy for some time.

        :param request: as the gateway takes it; the dialect's own is laid around it.
        :param answer: that each has to get; without compression its length is looked at each time.
        :raises NotUsable: the server does not bear it.
        """
        size = 0 if shape.deflate else len(self.dialect.answer % answer)
        with self._start(request, shape, size, seconds) as process:
            try:
                told, errors = process.communicate(timeout=seconds + _PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise NotUsable("does not get through the load") from None
        if process.returncode:
            raise NotUsable(_reason(errors))
        return Result(**json.loads(told))

    def idle(self, request: bytes, connections: int, settling: float) -> float:
        """Octets that an idle connection keeps resident, each after one request.

        :param settling: seconds between the last answer and the look at the memory.
        :raises NotUsable: the server does not bear the connections.
        """
        before = self.server.memory()
        with self._start(request, Shape(connections), 0, 0) as process:
            ready = process.stdout.readline()
            if ready:
                time.sleep(settling)
            if not ready or process.poll() is not None:
                raise NotUsable(_reason(process.stderr.read()))
            after = self.server.memory()
            process.stdin.close()
        return (after - before) / connections

    def _start(
        self, request: bytes, shape: Shape, answer_size: int, seconds: float
    ) -> subprocess.Popen:
        deflate = shape.deflate
        handshake, greeting = self.dialect.handshake(deflate), self.dialect.opening(deflate)
        frame = client_frame(self.dialect.request % request, deflate)
        warm_up = min(0.3, seconds / 4)
        numbers = (
            *(self.server.port, shape.connections, shape.depth),
            *(int(warm_up * 1000), int(seconds * 1000)),
            *(len(handshake), len(greeting), self.dialect.greeted, len(frame), answer_size),
            *self.server.tree(),
        )
        if not _LOAD.exists():
            raise SystemExit(
                f"there is no {_LOAD}: run make benchmark once, and then {_ENVIRONMENT}"
            )
        process = subprocess.Popen(
            [_LOAD, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {self.core}),
        )
        process.stdin.write(handshake + greeting + frame)
        process.stdin.flush()
        return process


def _reason(errors: bytes) -> str:
    return errors.decode(errors="replace").strip() or "the load ended"
