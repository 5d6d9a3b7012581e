"""From what was measured to what is told: medians, ratios to the reference, tables."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterable
from importlib import metadata
from statistics import median
from typing import Any

import attrs

from .load import Result
from .peers import PEERS, REFERENCE
from .workloads import Workload

__all__ = ["Report", "Row", "Section", "section_of", "versions_of"]

BUSY = 0.9  # of its core: then the load may be what was measured, unless the server was as busy
_UNITS = {"cpu": "µs of CPU", "latency": "µs", "memory": "KiB"}


@attrs.frozen(kw_only=True)
class Row:
    """A server under a workload; medians of the rounds.

    :param value: in the workload's unit.
    :param ratio: of the value to the reference's of the same round; ``least`` and ``most`` likewise.
    :param p99: microseconds.
    :param rate: requests a second.
    :param server_share: of its core.
    :param load_share: of its core, in the busiest round.
    """

    server: str
    value: float
    ratio: float
    least: float
    most: float
    cpu: float = 0
    p99: float = 0
    rate: float = 0
    server_share: float = 0
    load_share: float = 0

    @property
    def marked(self) -> bool:
        return self.load_share > BUSY


@attrs.frozen(kw_only=True)
class Section:
    """A workload, its rows from the best to the worst, and why servers are missing."""

    name: str
    title: str
    measure: str
    rows: list[Row]
    missing: dict[str, str]

    @property
    def unit(self) -> str:
        return _UNITS[self.measure]

    def lines(self) -> Iterable[str]:
        """A table for people."""
        yield f"\n{self.name}: {self.title}"
        head = f"{'':20}{'ratio':>8}{'min–max':>15}{self.unit:>12}"
        if self.measure == "latency":
            head += f"{'p99':>10}{'µs of CPU':>12}"
        if self.measure != "memory":
            head += f"{'requests/s':>13}{'its core':>10}{'load’s core':>13}"
        yield head
        yield from map(self._line, self.rows)
        for server, reason in self.missing.items():
            yield f"{server:20}{'–':>8}  {reason}"

    def _line(self, row: Row) -> str:
        spread = f"{row.least:.2f}–{row.most:.2f}"
        line = f"{row.server:20}{row.ratio:>8.2f}{spread:>15}{row.value:>12.1f}"
        if self.measure == "latency":
            line += f"{row.p99:>10.1f}{row.cpu:>12.1f}"
        if self.measure != "memory":
            line += f"{row.rate:>13,.0f}{row.server_share:>10.0%}{row.load_share:>13.0%}"
        return line + ("  the load was near its limit" if row.marked else "")


def _machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
        model = names[0]
    except (OSError, IndexError):
        pass
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


@attrs.frozen(kw_only=True)
class Report:
    """All that is told.

    :param seconds: of each run.
    :param versions: by package.
    """

    sections: list[Section]
    rounds: int
    seconds: float
    date: str = attrs.field(factory=lambda: datetime.date.today().isoformat())
    machine: str = attrs.field(factory=_machine)
    versions: dict[str, str] = attrs.field(factory=dict)


def section_of(
    name: str,
    workload: Workload,
    measured: dict[str, list[Result | float]],
    missing: dict[str, str],
) -> Section:
    """Put rounds together.

    :param measured: of each server, one for each round; of ``memory`` octets.
    :param missing: of each server that is not in it, why.
    """
    values = {
        server: [_value(workload.measure, result) for result in results]
        for server, results in measured.items()
    }
    floor = values.get(REFERENCE) or next(iter(values.values()), [])
    rows = [_row(server, values[server], floor, measured[server]) for server in measured]
    return Section(
        name=name,
        title=workload.title,
        measure=workload.measure,
        rows=sorted(rows, key=lambda row: row.ratio),
        missing=missing,
    )


def _value(measure: str, result: Result | float) -> float:
    if isinstance(result, Result):
        return result.p50 if measure == "latency" else result.cost
    return result / 1024


def _row(server: str, values: list[float], floor: list[float], results: list[Any]) -> Row:
    ratios = [value / least for value, least in zip(values, floor, strict=False)]
    runs = [result for result in results if isinstance(result, Result)]
    return Row(
        server=server,
        value=median(values),
        ratio=median(ratios),
        least=min(ratios),
        most=max(ratios),
        cpu=median(run.cost for run in runs) if runs else 0,
        p99=median(run.p99 for run in runs) if runs else 0,
        rate=median(run.rate for run in runs) if runs else 0,
        server_share=median(run.server_share for run in runs) if runs else 0,
        load_share=max((run.load_share for run in runs), default=0),
    )


def versions_of(servers: Iterable[str]) -> dict[str, str]:
    """The versions of what the servers are made of.

    :param servers: that were measured, so that what they are made of is installed.
    """
    packages = {package for server in servers for package in PEERS[server].packages}
    packages |= {"msgspec", "uvloop"}
    return {package: metadata.version(package) for package in sorted(packages, key=str.lower)}
