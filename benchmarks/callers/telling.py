"""What all callers have in common: what they ask, and how they are told to."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable

__all__ = ["DATA", "URL", "check", "orders"]

URL = "/echo"
DATA = {"name": "Ann", "count": 3, "tags": ["a", "b"], "price": 1.5}

# Asks so often, so many at the same time.
Ask = Callable[[int, int], Awaitable[None]]


def check(answer: object) -> None:
    """Nobody is fast who is not answered."""
    if answer != DATA:
        raise SystemExit(f"answered {answer!r}")


async def orders(ask: Ask) -> None:
    """Carry out what is told on the standard input, until that ends."""
    print("ready", flush=True)
    for line in sys.stdin:
        count, open_at_once = map(int, line.split())
        began = time.process_time()
        await ask(count, open_at_once)
        print(time.process_time() - began, flush=True)
