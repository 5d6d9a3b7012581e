"""``python -m fuzz --minutes 2``: every target, as many at a time as there are cores.

What was found before is kept in ``fuzz/corpus/<target>`` and taken up again. The status is 1 where a
target found something; how to run that again is told.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

TARGETS = ("handshake", "frames", "codecs", "router", "binding", "pages")
_HERE = Path(__file__).parent
_CRASHES = _HERE / "crashes"
# libFuzzer's: the longest input, from the beginning on; seconds and MiB that none may take.
_FLAGS = (
    "-max_len=1000",
    "-len_control=0",
    "-timeout=5",
    "-rss_limit_mb=1024",
    "-print_final_stats=1",
)
_RUNS = re.compile(r"number_of_executed_units: (\d+)")
_WRITTEN = re.compile(r"Test unit written to (\S+)")
_ERROR = re.compile(r"^(\w*(?:Error|Exception|Grown|Logged)\b.*|==\d+== ERROR.*)$", re.MULTILINE)


@attrs.frozen
class Found:
    """What became of a target.

    :param crash: the input that shows what is wrong.
    :param words: what the target said of it.
    """

    target: str
    runs: int
    seconds: float
    kept: int
    good: bool
    crash: str
    words: str

    def lines(self) -> Sequence[str]:
        rate = self.runs / self.seconds
        counts = f"{self.runs:>12,} runs{rate:>10,.0f} a second{self.kept:>7,} inputs kept"
        if self.good:
            return (f"{self.target:10}{counts}",)
        again = f"{sys.executable} -m fuzz.{self.target} {self.crash}"
        return (f"{self.target:10}{counts}  FAILED", f"  {self.words}", f"  again: {again}")


def _run(target: str, seconds: int) -> Found:
    corpus = _HERE / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", f"fuzz.{target}", corpus, *_FLAGS, f"-max_total_time={seconds}",
         f"-artifact_prefix={_CRASHES}/{target}-"],
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    runs, written, error = _RUNS.search(said), _WRITTEN.search(said), _ERROR.search(said)
    return Found(
        target=target,
        runs=int(runs[1]) if runs else 0,
        seconds=time.monotonic() - started,
        kept=len(list(corpus.iterdir())),
        good=not done.returncode,
        crash=os.path.relpath(written[1]) if written else "",
        words=error[1][:1_000] if error else said[-1_000:],
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz")
    parser.add_argument("--minutes", type=float, default=2, help="of the whole (default 2)")
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; else all"
    )
    arguments = parser.parse_args()
    targets = arguments.targets or TARGETS
    for target in targets:
        if target not in TARGETS:
            parser.error(f"{target!r} is none of {', '.join(TARGETS)}")
    jobs = min(len(os.sched_getaffinity(0)), len(targets))
    seconds = max(1, int(arguments.minutes * 60 * jobs / len(targets)))
    _CRASHES.mkdir(exist_ok=True)
    print(f"{len(targets)} targets, {jobs} at a time, each for {seconds} s", flush=True)
    good = True
    with ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(lambda target: _run(target, seconds), targets):
            print("\n".join(found.lines()), flush=True)
            good = good and found.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
