"""What a call costs a page, with our client and with a bare WebSocket: ``python -m benchmarks.browser``.

CPU of the renderer's process, as a ratio: both do the same JSON over the same gateway, in the same page
and in turn. The bare one speaks the plain dialect, matches answers by id, and does nothing else: it
acknowledges nothing, bounds nothing and loses what is on its way.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from tests.end_to_end.browser import Page, page
from tests.end_to_end.gateways import LISTEN, ROOT, Gateway, running

COMMAND = ["aiorest-gw", "serve", "--app", "tests.end_to_end.application:router", *LISTEN]
CLIENTS = """
import("/aiorest-gw.js").then(async ({ connect }) => {
  const bare = new WebSocket(location.origin.replace("http", "ws")), open = new Map();
  let last = 0;
  bare.onmessage = (event) => {
    const answer = JSON.parse(event.data), { resolve, reject } = open.get(answer.id);
    open.delete(answer.id);
    if ("detail" in answer) reject(new Error(answer.detail));
    else resolve(answer.data);
  };
  await new Promise((resolve) => { bare.onopen = resolve; });
  const gw = await connect(location.origin);
  globalThis.clients = {
    bare: (url, args) => new Promise((resolve, reject) => {
      const id = ++last;
      open.set(id, { resolve, reject });
      bare.send(JSON.stringify({ id, method: "GET", url, args }));
    }),
    client: (url, args) => gw.get(url, { args }),
  };
  globalThis.calls = async (name, count, together) => {
    const call = clients[name], one = async () => {
      while (count-- > 0) await call("/hello/you", { a: 1, b: "two" });
    };
    await Promise.all(Array.from({ length: together }, one));
  };
})
"""


def renderers() -> list[int]:
    """The processes that show pages, of the browsers that this one has started."""
    return [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"--type=renderer" in _read(path) and os.getpid() in _ancestors(path.parent.name)
    ]


def _ancestors(process: str) -> Iterator[int]:
    while process not in ("0", ""):
        process = _read(Path(f"/proc/{process}/stat")).rpartition(b")")[2].split()[1].decode()
        yield int(process)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def cpu(process: int) -> float:
    """Seconds that a process's threads have run."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(_read(one).split()[0]) for one in threads) / 1e9


def measure(tab: Page, process: int, name: str, count: int, together: int) -> float:
    """Microseconds of CPU for each call."""
    before = cpu(process)
    tab.run(f"calls({name!r}, {count}, {together})")
    return (cpu(process) - before) / count * 1e6


def compare(tab: Page, process: int, count: int, together: int, rounds: int) -> list[float]:
    """The ratios of the rounds."""
    ratios = []
    for turn in range(rounds):
        names = ("bare", "client") if turn % 2 else ("client", "bare")
        cost = {name: measure(tab, process, name, count, together) for name in names}
        ratios.append(cost["client"] / cost["bare"])
        print(f"  bare {cost['bare']:6.1f} µs, client {cost['client']:6.1f} µs: {ratios[-1]:.2f}")
    return ratios


def _script(gateway: Gateway) -> str:
    return f"http://127.0.0.1:{gateway.port}/aiorest-gw.js"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=5_000, help="in a round")
    parser.add_argument("--rounds", type=int, default=6)
    given = parser.parse_args()
    with running(COMMAND, ROOT) as gateway, page(_script(gateway)) as tab:
        tab.run(CLIENTS)
        before = {process: cpu(process) for process in renderers()}
        for name in ("bare", "client"):
            tab.run(f"calls({name!r}, {given.calls}, 16)")
        process = max(before, key=lambda one: cpu(one) - before[one])
        for together in (1, 16):
            print(f"{together} at a time, {time.strftime('%Y-%m-%d')}")
            ratios = compare(tab, process, given.calls, together, given.rounds)
            print(f"  median {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
