"""What a client's call costs, against a bare WebSocket client that does the same JSON by hand.

``python -m benchmarks.clients`` starts a gateway and the callers, lets them ask in turn, and prints what
each call took of their processes' CPU, as a ratio to the bare client of the same world.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys

from .processes import ServerProcess

__all__ = ["main"]

_GATEWAY = (
    "aiorest-gw serve --app benchmarks.servers.gateway:router --listen tcp:PORT:interface=127.0.0.1"
)
# The bare one first.
_WORLDS = {
    "asyncio": ("bare_websockets", "aio", "handler_aio"),
    "Twisted": ("bare_autobahn", "on_twisted", "handler_on_twisted"),
}


class Caller:
    """A process that asks."""

    def __init__(self, name: str, url: str, cores: set[int]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.callers.{name}", url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("a caller has ended")
        return line

    def ask(self, count: int, open_at_once: int) -> float:
        """µs of CPU for a call."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count} {open_at_once}\n")
        self._process.stdin.flush()
        return float(self._line()) / count * 1e6

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def compare(
    url: str, names: tuple[str, ...], open_at_once: int, options: argparse.Namespace
) -> None:
    """Let callers ask in turn, and print what it cost."""
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        callers = {name: Caller(name, url, {cores[-1]}) for name in names}
        for caller in callers.values():
            stack.callback(caller.close)
            caller.ask(options.calls, open_at_once)
        costs: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(options.rounds):
            for name, caller in callers.items():
                costs[name].append(caller.ask(options.calls, open_at_once))
    for name in names:
        ratios = sorted(a / b for a, b in zip(costs[name], costs[names[0]], strict=True))
        low, high = ratios[len(ratios) // 5], ratios[-1 - len(ratios) // 5]
        print(
            f"{name:18} {open_at_once:4} open {statistics.median(costs[name]):8.1f} µs "
            f"{statistics.median(ratios):6.2f}  ({low:.2f} to {high:.2f})",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3_200, help="in each round")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--worlds", nargs="*", default=[*_WORLDS], choices=[*_WORLDS])
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    command = [os.path.join(os.path.dirname(sys.executable), "aiorest-gw"), *_GATEWAY.split()[1:]]
    with ServerProcess(command, {cores[0]}) as gateway:
        url = f"ws://127.0.0.1:{gateway.port}/"
        for world in options.worlds:
            for open_at_once in (1, 32):
                compare(url, _WORLDS[world], open_at_once, options)


if __name__ == "__main__":
    main()
