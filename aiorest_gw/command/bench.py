"""``aiorest-gw bench``: how fast a gateway answers."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence

from .load import Load, Plan
from .measured import Measured
from .outcomes import Outcome
from .output import Output, compact, tell
from .parsing import CommandParser, data, seconds, whole_number
from .plots import check_plot, draw
from .progress import Progress
from .running import run

__all__ = ["main"]

_EXAMPLES = """  aiorest-gw bench ws://127.0.0.1:8080/ --connections 10 --duration 5
  aiorest-gw bench ws://127.0.0.1:8080/ --path /users/1 --rate 500 --warm-up 1 --plot bench.png
  aiorest-gw bench ws://127.0.0.1:8080/ --method POST --path /users --data @ann.json --json"""
_IN_FLIGHT = 1
_IN_FLIGHT_AT_RATE = 64


def main(arguments: Sequence[str]) -> None:
    """Measure, and print what was measured.

    :raises SystemExit: with the outcome.
    """
    parser = _parser()
    options = parser.parse(arguments)
    if not options.path.startswith("/"):
        parser.error(f"{options.path!r} is no path; is '/{options.path}' meant?")
    if options.plot is not None:
        try:
            check_plot(options.plot)
        except ValueError as error:
            parser.error(str(error))
    run("bench", _bench(options))


def _parser() -> CommandParser:
    parser = CommandParser(
        "bench",
        "Measure how fast a gateway answers. Ctrl-C ends it early, and shows what was measured.",
        _EXAMPLES,
    )
    _add_load(parser)
    parser.add_argument("--method", default="GET", help="a verb (default GET)")
    parser.add_argument("--path", default="/~/ping", help="default /~/ping")
    body = parser.add_mutually_exclusive_group()
    body.add_argument("--data", type=data, metavar="JSON|@FILE|-", help="the body")
    body.add_argument(
        "--payload", type=whole_number, metavar="BYTES", help="the body is a text of this size"
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=10.0,
        metavar="S",
        help="seconds to wait for what is open when the time is over (default 10)",
    )
    parser.add_argument(
        "--plot", metavar="FILE.png|-", help="draw it, to a file, or in the terminal (-)"
    )
    return parser


def _add_load(parser: CommandParser) -> None:
    parser.add_argument(
        "--connections", type=whole_number, default=1, metavar="N", help="default 1"
    )
    parser.add_argument(
        "--in-flight",
        type=whole_number,
        metavar="N",
        help="requests that are open on each connection at most "
        f"(default {_IN_FLIGHT}, with --rate {_IN_FLIGHT_AT_RATE})",
    )
    parser.add_argument(
        "--rate",
        type=seconds,
        metavar="N",
        help="requests a second over all connections; as many as are answered if not given. "
        "Latencies count from when a request should have been sent",
    )
    parser.add_argument(
        "--duration", type=seconds, default=10.0, metavar="S", help="seconds (default 10)"
    )
    parser.add_argument(
        "--warm-up", type=seconds, default=0.0, metavar="S", help="seconds before that"
    )


def _plan(options: argparse.Namespace) -> Plan:
    in_flight = _IN_FLIGHT if options.rate is None else _IN_FLIGHT_AT_RATE
    body = options.data if options.payload is None else "x" * options.payload
    return Plan(
        client=options.client,
        request={"method": options.method.upper(), "url": options.path, "data": body},
        connections=options.connections,
        in_flight=options.in_flight or in_flight,
        rate=options.rate,
        duration=options.duration,
        warm_up=options.warm_up,
        timeout=options.timeout,
    )


async def _bench(options: argparse.Namespace) -> Outcome:
    plan = _plan(options)
    load = Load(plan)
    try:
        await load.connect()
        await _measure(load)
    finally:
        await load.close()
    _show(load.measured, plan, options)
    return Outcome.INTERRUPTED if load.stopped.is_set() else load.measured.outcome()


async def _measure(load: Load) -> None:
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(load.stopped.set))
    progress = Progress(load.measured)
    try:
        await load.run(progress.tell)
    finally:
        progress.end()
        signal.signal(signal.SIGINT, before)


def _show(measured: Measured, plan: Plan, options: argparse.Namespace) -> None:
    output = Output()
    asked = f"{plan.request['method']} {plan.request['url']}"
    many = f"{plan.connections:,} connection{'s' * (plan.connections > 1)}"
    title = f"{asked} on {many}"
    if options.json:
        output.line(compact(measured.for_programs()))
    else:
        output.table(title, measured.rows())
    for warning in measured.warnings():
        tell("bench", warning)
    if options.plot is not None and measured.latencies.count:
        try:
            draw(measured, title, options.plot)
        except OSError as error:
            tell("bench", f"the plot cannot be written: {error}")
