"""Servers and loads in turn, round after round, each server alone on its core."""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

import attrs

from .load import Load, Result
from .peers import PEERS, REFERENCE
from .processes import ServerProcess
from .report import Report, section_of, versions_of
from .servers.work import answer
from .wire import NotUsable, ask
from .workloads import Workload

__all__ = ["Runs"]

_SETTLING = 2  # seconds until the memory is looked at
_PATIENCE = 5  # seconds for the answer that is looked at


def _cores() -> tuple[int, int]:
    """Of the servers and of the load."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        print("there is one core only: the load disturbs what it measures", file=sys.stderr)
    return cores[0], cores[min(1, len(cores) - 1)]


@attrs.define
class Runs:
    """Everything that is to be measured, and what has been so far.

    :param servers: to be compared under every workload; where empty, those that each names.
    :param seconds: of each run.
    :param cores: of the servers, and of the load.
    :ivar measured: by workload and server, a result for each round; of ``memory`` octets.
    :ivar missing: by workload and server, why it is left out.
    """

    workloads: dict[str, Workload]
    servers: tuple[str, ...]
    seconds: float
    rounds: int
    cores: tuple[int, int] = attrs.field(factory=_cores)
    measured: dict[str, dict[str, list[Result | float]]] = attrs.field(init=False)
    missing: dict[str, dict[str, str]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.measured = {name: defaultdict(list) for name in self.workloads}
        self.missing = {name: {} for name in self.workloads}

    def compared(self, workload: Workload) -> tuple[str, ...]:
        """The servers of a workload, the reference first."""
        return tuple(dict.fromkeys((REFERENCE, *(self.servers or workload.servers))))

    def all_servers(self) -> tuple[str, ...]:
        every = (self.compared(workload) for workload in self.workloads.values())
        return tuple(dict.fromkeys(server for servers in every for server in servers))

    def run(self) -> None:
        started = time.monotonic()
        for number in range(self.rounds):
            for server in self.all_servers():
                for names in self._together(server):
                    self._measure_together(server, names)
            passed = time.monotonic() - started
            _tell(
                f"round {number + 1} of {self.rounds} is done after {passed:.0f} s, about "
                f"{passed / (number + 1) * (self.rounds - number - 1):.0f} s to go"
            )

    def _together(self, server: str) -> Iterator[list[str]]:
        """The workloads that one process of the server can serve, one after the other."""
        groups: dict[object, list[str]] = defaultdict(list)
        for name, workload in self.workloads.items():
            if server in self.compared(workload) and server not in self.missing[name]:
                memory = workload.measure == "memory"
                groups[memory, workload.shape.deflate].append(name)
        yield from groups.values()

    def _measure_together(self, server: str, names: list[str]) -> None:
        peer = PEERS[server]
        deflate = self.workloads[names[0]].shape.deflate
        try:
            if deflate and not peer.deflate:
                raise NotUsable("has no permessage-deflate")
            command = (*peer.command, *(peer.deflate if deflate else ()))
            with ServerProcess(command, {self.cores[0]}) as process:
                for name in names:
                    self._measure(server, process, name)
        except NotUsable as error:
            for name in names:
                self._miss(server, name, str(error))

    def _measure(self, server: str, process: ServerProcess, name: str) -> None:
        workload, dialect = self.workloads[name], PEERS[server].dialect
        request, shape, right = workload.request, workload.shape, answer(workload.request)
        load = Load(process, dialect, self.cores[1])
        try:
            told = ask(process.port, dialect, request, shape.deflate, _PATIENCE)
            if told != dialect.answer % right:
                raise NotUsable(f"answers {told[:60]!r}")
            if workload.measure == "memory":
                memory = load.idle(request, shape.connections, _SETTLING)
                self._keep(server, name, memory, f"{memory / 1024:.1f} KiB a connection")
            else:
                result = load.run(request, right, shape, self.seconds)
                self._keep(server, name, result, f"{result.cost:.1f} µs of CPU")
        except NotUsable as error:
            self._miss(server, name, str(error))

    def _keep(self, server: str, name: str, result: Result | float, text: str) -> None:
        self.measured[name][server].append(result)
        _tell(f"  {server:20} {name:14} {text}")

    def _miss(self, server: str, name: str, reason: str) -> None:
        self.missing[name][server] = reason
        self.measured[name].pop(server, None)
        _tell(f"  {server:20} {name:14} skipped: {reason}")

    def report(self) -> Report:
        return Report(
            sections=[
                section_of(name, workload, self.measured[name], self.missing[name])
                for name, workload in self.workloads.items()
            ],
            rounds=self.rounds,
            seconds=self.seconds,
            versions=versions_of({server for found in self.measured.values() for server in found}),
        )


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
