"""What watching a site costs: ``python -m benchmarks.watching``; ``--help`` names the parts.

Prints for each kind of watching the time until 2,000 files in 200 folders are watched, CPU time of this
process while nothing changes, and the time from the edit of a file until it is told of: the median, and
the longest. Edits come at any time, so that those which are found by looking wait half of its second.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from aiorest_gw.livereload.watching import watcher_of
from aiorest_gw.server.reactors import install_reactor

FOLDERS, FILES = 200, 2_000
KINDS = ("inotify", "watchfiles", "polling")
# Seconds that pass between two edits, at most.
_BETWEEN = 1.0


def make_site(folder: Path) -> list[Path]:
    """Folders in folders, as many files in each."""
    files = []
    for number in range(FILES):
        place = number % FOLDERS
        file = folder / f"part{place % 20}" / f"section{place // 20}" / f"page{number}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"<p>{number}</p>\n")
        files.append(file)
    return files


class Watched:
    """A site with a watcher of a kind."""

    def __init__(self, reactor: Any, kind: str, folder: Path, files: list[Path]) -> None:
        self.reactor = reactor
        self.files = files
        self.told: Any = None
        self.edited: Path | None = None
        self.watcher = watcher_of(
            reactor, [folder], self.changed, lambda path, is_folder: False, kind, lost=print
        )

    def changed(self, path: Path) -> None:
        if path == self.edited:
            self.edited = None
            self.told.callback(time.perf_counter())

    def start(self) -> float:
        """Seconds until it watches."""
        began = time.perf_counter()
        self.watcher.start()
        return time.perf_counter() - began

    async def idle(self, seconds: float) -> float:
        """Seconds of CPU while nothing changes."""
        from twisted.internet.task import deferLater

        before = time.process_time()
        await deferLater(self.reactor, seconds, lambda: None)
        return time.process_time() - before

    async def edit(self) -> float:
        """Seconds until an edit is told of."""
        from twisted.internet.defer import Deferred
        from twisted.internet.task import deferLater

        await deferLater(self.reactor, random.uniform(0, _BETWEEN), lambda: None)
        self.told, self.edited = Deferred(), random.choice(self.files)
        began = time.perf_counter()
        with self.edited.open("a") as file:
            file.write("<p>more</p>\n")
        return await self.told - began


async def measure(reactor: Any, kind: str, seconds: float, edits: int) -> str:
    """A line of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        watched = Watched(reactor, kind, folder, make_site(folder))
        started = watched.start()
        cpu = await watched.idle(seconds)
        latencies = [await watched.edit() for _ in range(edits)]
        watched.watcher.stop()
    middle, longest = statistics.median(latencies), max(latencies)
    return f"{kind:12} {started * 1e3:>10.1f} {cpu:>14.3f} {middle * 1e3:>14.2f} {longest * 1e3:>12.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=KINDS)
    parser.add_argument("--seconds", type=float, default=10, help="that nothing changes")
    parser.add_argument("--edits", type=int, default=50)
    options = parser.parse_args()
    install_reactor()
    from twisted.internet.task import react

    async def run(reactor: Any) -> None:
        cpu = f"s CPU in {options.seconds:g} s"
        print(f"{'':12} {'start, ms':>10} {cpu:>14} {'an edit, ms':>14} {'longest, ms':>12}")
        for kind in options.kinds:
            print(await measure(reactor, kind, options.seconds, options.edits), flush=True)

    react(run)


if __name__ == "__main__":
    main()
