"""``python -m benchmarks.floods``: what hostile clients cost everybody else.

A real gateway is flooded in every way that is known, while others ask it at a steady pace. Prints what
was sent, how the gateway ended it, what it cost in memory, and how long anybody had to wait. The status
is 1 where a bound is broken.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

from ..wire import NotUsable
from .kinds import FLOODS
from .running import Cores, run, scale_of
from .verdicts import HEAD, legend


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floods")
    parser.add_argument(
        "names", nargs="*", metavar="FLOOD", help=f"of {', '.join(FLOODS)}; else all"
    )
    parser.add_argument("--reactor", help="of the gateway, as aiorest-gw serve takes it")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in FLOODS:
            parser.error(f"{name!r} is none of {', '.join(FLOODS)}")
    return arguments


def _all_files() -> int:
    """Raise the limit of open files as far as it goes; the processes that are started inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 1_000_000 if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def main() -> int:
    arguments = _arguments()
    names = arguments.names or list(FLOODS)
    flags = ("--reactor", arguments.reactor) if arguments.reactor else ()
    cores, files = Cores.of_this_machine(), _all_files()
    started = time.monotonic()
    print(HEAD, flush=True)
    good, worst = True, (0.0, 0.0)
    for number, name in enumerate(names, 1):
        scale = scale_of(FLOODS[name], files)
        if scale < 1:
            print(f"{name}: {scale:.0%} of the connections, as {files} files may be open")
        passed = time.monotonic() - started
        note = f"{number} of {len(names)}, {passed:.0f} s: {FLOODS[name].title} ..."
        print(note, end="\r", file=sys.stderr, flush=True)
        try:
            outcome = run(name, cores, files, flags)
        except NotUsable as error:
            good = False
            print(f"{name:17}BROKEN: {error}", flush=True)
            continue
        good = good and not outcome.broken
        seen = outcome.flooded
        worst = max(worst[0], seen.raw_stall - seen.stall), max(worst[1], seen.lag)
        print(f"{outcome.line():{len(note)}}", flush=True)
    print(f"\n{legend()}")
    print(f"At most {worst[0]:.1f} ms were taken off a stall; who asked waited {worst[1]:.1f} ms.")
    word = (
        "all bounds hold" if good else "bounds are broken; if the machine was busy, run those again"
    )
    print(f"{word} ({time.monotonic() - started:.0f} s)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
