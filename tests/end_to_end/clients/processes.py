"""Clients as processes of their own, each behind a network of its own."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any

from aiorest_gw.testing import FlakyProxy
from tests.browser.scripts import NODE

from ..gateways import ROOT, environment
from ..networks import Network
from .starting import Order
from .workload import Workload

__all__ = ["JAVASCRIPT", "PYTHON", "client_seconds", "run_client"]

# Commands by the clients' names.
PYTHON: dict[str, list[str]] = {
    name: [sys.executable, "-m", f"tests.end_to_end.clients.{module}"]
    for name, module in (
        ("twisted", "on_twisted"),
        ("asyncio", "on_asyncio"),
        ("blocking", "by_blocking"),
        ("handler", "by_handler"),
    )
}
_SCRIPT = str(Path(__file__).parent / "in_javascript.mjs")
JAVASCRIPT: dict[str, list[str]] = {
    "javascript": [NODE or "node", "--experimental-websocket", _SCRIPT]
}
# A fault for so many messages, and of few messages at least so many.
_FAULT_EACH = 400
_FEWEST = 3
# Seconds in which a process that was too late tells what it saw.
_LATE = 20


def client_seconds(messages: int) -> float:
    """What a client may take; only a failure waits for it."""
    return 40 + messages / 200


def run_client(
    command: list[str],
    port: int,
    name: str,
    messages: int,
    seed: str,
    act: Callable[[Network], None],
    silence: float = 30,
    moves: bool = False,
) -> dict[str, Any]:
    """Run a client through a network.

    :param port: of the gateway.
    :param act: what happens to the network.
    :param silence: seconds after which the client should notice that nothing comes.
    :param moves: its session is lost, and goes on at another gateway.
    :returns: what it saw.
    """
    with FlakyProxy(port) as proxy:
        seconds = client_seconds(messages)
        order = Order(proxy.url, name, Workload.of(messages), silence, seconds, moves)
        process = subprocess.Popen(
            [*command, *order.arguments()],
            cwd=ROOT,
            env=environment(measured=False),
            stdout=subprocess.PIPE,
            text=True,
        )
        end = Timer(seconds + _LATE, process.kill)
        end.start()
        with process:
            chance = random.Random(f"{seed} {name}")
            faults = max(_FEWEST, messages // _FAULT_EACH)
            act(Network(proxy, chance, faults, lambda: process.poll() is None))
            output, _ = process.communicate()
        end.cancel()
    seen: dict[str, Any] = json.loads(output)
    return seen
