"""``python -m tests.conformance PATH/TO/wstest core|all``: the suite against both endpoints.

The status is 0 where everything is as good as the suite can say.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from .cases import SELECTIONS, Group
from .shards import ENDPOINTS, Bench
from .verdicts import Outcome, Verdict, conforms, table

REPORTS = Path("build/conformance")
_EVERY = 30


class Run:
    """All groups of a selection on all endpoints, as many at a time as there are cores.

    :param wstest: the suite's command.
    :param reports: a folder for the suite's own.
    :param jobs: how many processes of the suite may run at the same time.
    """

    def __init__(self, wstest: Path, reports: Path, jobs: int) -> None:
        self._bench = Bench(wstest.absolute(), reports.absolute(), self._case_begins)
        self._begun: Counter[str] = Counter()
        self._free = asyncio.Semaphore(jobs)
        self._started = time.monotonic()

    def _case_begins(self, endpoint: str) -> None:
        self._begun[endpoint] += 1

    async def run(self, steps: tuple[tuple[Group, ...], ...]) -> list[Outcome]:
        """Run one step after the other, and tell how far it has come."""
        cases = sum(group.count for step in steps for group in step)
        telling = asyncio.create_task(self._tell(cases))
        outcomes: list[Outcome] = []
        try:
            for step in steps:
                # A group waits for all of its shards when it is ended, and each for its processes.
                async with asyncio.TaskGroup() as running:
                    shards = [
                        running.create_task(self._shard(name, group))
                        for group in step
                        for name in ENDPOINTS
                    ]
                outcomes += [shard.result() for shard in shards]
        finally:
            telling.cancel()
        return outcomes

    async def _shard(self, endpoint: str, group: Group) -> Outcome:
        async with self._free:
            outcome = await self._bench.run(endpoint, group)
        counts = outcome.counts()
        words = ", ".join(
            f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict]
        )
        self._say(f"{endpoint}: cases {group.name}: {words} ({outcome.seconds:.0f} s)")
        for case in outcome.bad():
            self._say(f"{endpoint}: {case}")
        if outcome.complaint:
            self._say(f"{endpoint}: cases {group.name}: {outcome.complaint}")
        return outcome

    async def _tell(self, cases: int) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            self._say(", ".join(f"{name}: {self._begun[name]} of {cases}" for name in ENDPOINTS))

    def _say(self, line: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        print(f"{minutes:3}:{seconds:02}  {line}", flush=True)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.conformance")
    arguments.add_argument("wstest", type=Path, help="the suite's command")
    arguments.add_argument("cases", choices=SELECTIONS)
    options = arguments.parse_args()
    reports = REPORTS / options.cases
    shutil.rmtree(reports, ignore_errors=True)

    async def run() -> list[Outcome]:
        # Whoever ends this, by whichever signal, leaves no server behind.
        this, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert this is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, this.cancel)
        jobs = os.cpu_count() or 1
        return await Run(options.wstest, reports, jobs).run(SELECTIONS[options.cases])

    started = time.monotonic()
    try:
        outcomes = asyncio.run(run())
    except asyncio.CancelledError:
        return 1
    good = conforms(outcomes)
    print(f"\n{table(outcomes)}\n")
    word = "conforms" if good else "does not conform"
    seconds = time.monotonic() - started
    print(f"{word} ({seconds:.0f} s); each case's report is under {reports}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
