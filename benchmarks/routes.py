"""What finding a route costs, with 10 routes and with 10,000: ``python -m benchmarks.routes``.

Prints CPU time of this process per look-up, the best of several rounds, and the ratio of the two.
The linear scan of regular expressions is how aiorest-ws found its routes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from aiorest_gw import SimpleRouter

ROUNDS, LOOK_UPS = 7, 20_000


def view(request: object, *values: object) -> None:
    """Never called."""


def make_router(routes: int) -> SimpleRouter:
    """Half of the routes fixed, half with parameters at several places."""
    router = SimpleRouter()
    for number in range(routes // 2):
        router.register(f"/fixed/part{number}/end", view, "GET")
        router.register(f"/items{number}/{{id:int}}/parts/{{name}}", view, "GET")
    return router


def scan(routes: int) -> Callable[[str], object]:
    """The same dynamic routes as a list of regular expressions, tried in order."""
    patterns = [re.compile(rf"/items{n}/(-?\d+)/parts/([^/]+)/?$") for n in range(routes // 2)]

    def find(url: str) -> object:
        for pattern in patterns:
            if match := pattern.match(url):
                return match.groups()
        raise LookupError(url)

    return find


def microseconds(work: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - started) / times * 1e6)
    return best


def main() -> None:
    print(f"{'CPU per look-up':28}{'10 routes':>12}{'10,000 routes':>16}{'ratio':>8}")
    small, large = make_router(10), make_router(10_000)
    for name, url in (
        ("fixed path", "/fixed/part{}/end"),
        ("dynamic path", "/items{}/5/parts/x"),
    ):
        first, last = url.format(4), url.format(4_999)
        few = microseconds(lambda first=first: small.find(first, "GET"), LOOK_UPS)
        many = microseconds(lambda last=last: large.find(last, "GET"), LOOK_UPS)
        print(f"{name:28}{few:>9.2f} µs{many:>13.2f} µs{many / few:>8.2f}")
    few = microseconds(lambda: scan_small("/items4/5/parts/x"), LOOK_UPS)
    many = microseconds(lambda: scan_large("/items4999/5/parts/x"), 20)
    print(f"{'linear scan of patterns':28}{few:>9.2f} µs{many:>13.2f} µs{many / few:>8.2f}")


scan_small, scan_large = scan(10), scan(10_000)

if __name__ == "__main__":
    main()
