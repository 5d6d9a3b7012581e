"""What workers bring: ``python -m benchmarks.workers --help``.

The gateway may use every core, and so the load shares the last one with it: with as many workers as
cores, what the load takes is missing from the throughput. So the CPU of a request is measured beside
it. Where that is the same with several workers, and each of them does its part, then so many free cores
answer so many times the requests; that quotient is printed too.
"""

from __future__ import annotations

import argparse
import os
from statistics import median

import attrs

from .load import Load, Result
from .peers import gateway
from .processes import ServerProcess
from .servers.work import answer
from .wire import NotUsable, ask
from .workloads import WORKLOADS

_PATIENCE = 20  # seconds until the workers serve
_WORKLOADS = ("small", "typed", "piped", "records")


@attrs.frozen
class Measured:
    """So many workers under a workload.

    :param results: a result for each round.
    """

    workers: int
    results: list[Result]

    @property
    def cost(self) -> float:
        """Microseconds of CPU for a request, of all processes."""
        return median(result.cost for result in self.results)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return median(result.rate for result in self.results)

    @property
    def load(self) -> float:
        """Cores that the load took."""
        return median(result.load_cpu / result.seconds for result in self.results)

    @property
    def cores(self) -> list[float]:
        """Cores that each worker took, the least first."""
        taken = [sorted(_workers_of(result, self.workers)) for result in self.results]
        return [median(cores) for cores in zip(*taken, strict=True)]


def _workers_of(result: Result, workers: int) -> list[float]:
    """Cores that each worker took; a supervisor, which is the first process, does nothing meanwhile."""
    return [cpu / result.seconds for cpu in result.server_cpus[-workers:]]


def measure(name: str, workers: int, seconds: float) -> Result:
    """One run.

    :raises NotUsable: the gateway does not bear it.
    """
    workload, cores = WORKLOADS[name], sorted(os.sched_getaffinity(0))
    request, right = workload.request, answer(workload.request)
    peer = gateway("--workers", str(workers))
    with ServerProcess(peer.command, cores) as process:
        told = ask(process.port, peer.dialect, request, False, _PATIENCE)  # when all workers serve
        if told != right:
            raise NotUsable(f"answers {told[:60]!r}")
        load = Load(process, peer.dialect, cores[-1])
        return load.run(request, right, workload.shape, seconds)


def table(measured: list[Measured]) -> list[str]:
    """For people; ratios are to the first."""
    first = measured[0]
    lines = [
        f"{'workers':>7}{'requests/s':>13}{'ratio':>8}{'µs of CPU':>12}{'load’s cores':>14}"
        f"{'on free cores':>15}  cores of each worker"
    ]
    for row in measured:
        free = row.workers / row.cost / (first.workers / first.cost)
        cores = " ".join(f"{cores:.2f}" for cores in row.cores)
        lines.append(
            f"{row.workers:>7}{row.rate:>13,.0f}{row.rate / first.rate:>8.2f}{row.cost:>12.1f}"
            f"{row.load:>14.2f}{free:>15.2f}  {cores}"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers")
    parser.add_argument("--workers", default="1,2", help="with commas between (default 1,2)")
    parser.add_argument("--workload", choices=_WORKLOADS, default="small")
    parser.add_argument("--seconds", type=float, default=2, help="of each run (default 2)")
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    chosen = parser.parse_args()
    measured = [Measured(int(workers), []) for workers in chosen.workers.split(",")]
    for _ in range(chosen.rounds):
        for row in measured:
            row.results.append(measure(chosen.workload, row.workers, chosen.seconds))
    print(f"{chosen.workload}: {WORKLOADS[chosen.workload].title}")
    print("\n".join(table(measured)))


if __name__ == "__main__":
    main()
