"""What a small request costs the server, beside others: ``python -m benchmarks.requests``.

Each server runs alone on the first core, the load on the second. The figures are CPU of the server's
process per request, and the ratio to the first row: a protocol on uvloop that does nothing.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from .load import Result, load

BIN = Path(sys.executable).parent
REQUEST = b'{"method":"GET","url":"/hello","args":{},"data":null,"id":1}'
GATEWAY = [
    str(BIN / "aiorest-gw"), "serve", "--app", "benchmarks.servers.gateway:router",
    "--listen", "tcp:PORT:interface=127.0.0.1",
]  # fmt: skip
SERVERS = {
    "bare asyncio.Protocol, uvloop": [sys.executable, "-m", "benchmarks.servers.bare", "PORT"],
    "aiorest_gw, uvloop": GATEWAY,
    "aiorest_gw, epoll": [*GATEWAY, "--reactor", "epoll"],
    "Autobahn alone, epoll": [sys.executable, "-m", "benchmarks.servers.vanilla_autobahn", "PORT"],
}


def measure(command: list[str], **shape: int) -> Result:
    """Start a server, load it, stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    core = {int(os.environ.get("BENCHMARK_CORE", "0"))}
    process = subprocess.Popen(
        [part.replace("PORT", str(port)) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, core),
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        return load(port, process.pid, REQUEST, **shape)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    cores = os.sched_getaffinity(0)
    for title, shape in (
        ("100 connections, one request in flight on each", {"connections": 100, "depth": 1}),
        ("10 connections, 32 requests in flight on each", {"connections": 10, "depth": 32}),
    ):
        print(f"\n{title}\n{'':32}{'µs CPU':>8}{'ratio':>8}{'requests/s':>12}{'load’s core':>13}")
        floor = None
        for name, command in SERVERS.items():
            os.sched_setaffinity(0, cores)
            if len(cores) > 1:
                os.sched_setaffinity(0, cores - {min(cores)})
            os.environ["BENCHMARK_CORE"] = str(min(cores))
            result = measure(command, **shape)
            floor = floor or result.server_cpu
            marked = " (too near to one core)" if result.client_share > 0.9 else ""
            print(
                f"{name:32}{result.server_cpu:>8.1f}{result.server_cpu / floor:>8.2f}"
                f"{result.requests / result.seconds:>12,.0f}{result.client_share:>12.0%}{marked}",
                flush=True,
            )


if __name__ == "__main__":
    main()
