"""What requests cost the gateway, beside others: ``python -m benchmarks.requests --help``.

Each server runs alone on the first core, the load on the second. Rounds are interleaved, so that what
else happens on the machine meets all of them; the ratio is to ``bare`` in the same round, a protocol on
uvloop that parses nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from .drawing import draw
from .peers import PEERS
from .runs import Runs
from .workloads import WORKLOADS


def _names(known: Mapping[str, object]) -> Callable[[str], tuple[str, ...]]:
    """Names with commas between, all of them known."""

    def parse(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return names

    return parse


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.requests")
    parser.add_argument(
        "--workloads",
        type=_names(WORKLOADS),
        default=tuple(WORKLOADS),
        help=f"of {', '.join(WORKLOADS)}; all if not given",
    )
    parser.add_argument(
        "--servers",
        type=_names(PEERS),
        default=(),
        help=f"of {', '.join(PEERS)}; those that each workload compares if not given",
    )
    parser.add_argument("--seconds", type=float, default=2, help="of each run (default 2)")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--svg", type=Path, help="a file for the drawing")
    return parser.parse_args()


def main() -> None:
    chosen = _arguments()
    workloads = {name: WORKLOADS[name] for name in chosen.workloads}
    runs = Runs(workloads, chosen.servers, chosen.seconds, chosen.rounds)
    runs.run()
    report = runs.report()
    for section in report.sections:
        print("\n".join(section.lines()))
    print(f"\n{report.date}, {report.machine}")
    print(", ".join(f"{package} {version}" for package, version in report.versions.items()))
    if chosen.json:
        text = msgspec.json.format(msgspec.json.encode({"report": report, "runs": runs.measured}))
        chosen.json.write_bytes(text)
    if chosen.svg:
        chosen.svg.parent.mkdir(parents=True, exist_ok=True)
        chosen.svg.write_text(draw(report), encoding="utf-8")


if __name__ == "__main__":
    main()
