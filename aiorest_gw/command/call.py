"""``aiorest-gw call``: one request, and its answer."""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Sequence
from typing import Any

from ..client.aio import CommandFailed, CommandTimeout, GatewayClient, Parts
from .outcomes import Outcome, outcome_of
from .output import Output, compact, tell_failure
from .parsing import CommandParser, data, named, named_values, seconds
from .running import run

__all__ = ["main"]

_EXAMPLES = """  aiorest-gw call ws://127.0.0.1:8080/ GET /users/1
  aiorest-gw call ws://127.0.0.1:8080/ /users --arg name=Ann --arg tag=a --arg tag=b
  aiorest-gw call ws://127.0.0.1:8080/ POST /users --data '{"name": "Ann"}'
  aiorest-gw call ws://127.0.0.1:8080/ PUT /users/1 --data @ann.json --json"""


def main(arguments: Sequence[str]) -> None:
    """Ask, and print the answer.

    :raises SystemExit: with the outcome.
    """
    parser = _parser()
    options = parser.parse(arguments)
    _check_words(parser, options)
    run("call", _call(options))


def _parser() -> CommandParser:
    parser = CommandParser("call", "Ask a gateway, and print its answer.", _EXAMPLES)
    parser.add_argument("method", nargs="?", help="a verb; GET if not given")
    parser.add_argument("path", nargs="?", help="such as /users/1, perhaps with a ?query")
    parser.add_argument(
        "--arg",
        type=named,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a named argument, a text; of one name given several times, a list",
    )
    parser.add_argument(
        "--data", type=data, metavar="JSON|@FILE|-", help="the body; -: from the standard input"
    )
    parser.add_argument(
        "--deadline",
        type=seconds,
        metavar="MS",
        help="milliseconds within which the gateway shall answer",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=60.0,
        metavar="S",
        help="seconds to wait for the connection, for the answer, and for each further part of it "
        "(default 60)",
    )
    return parser


def _check_words(parser: CommandParser, options: argparse.Namespace) -> None:
    """The verb may be left out, so a single word is the path."""
    if options.path is None:
        options.method, options.path = "GET", options.method
    if options.path in (None, "GET"):
        parser.error(f"name a path, as in: aiorest-gw call {options.url} GET /users/1")
    if not options.path.startswith("/"):
        parser.error(f"{options.path!r} is no path; is '/{options.path}' meant?")
    if not re.fullmatch(r"[A-Za-z]{1,30}", options.method):
        parser.error(f"{options.method!r} is no verb such as GET or POST")
    options.method = options.method.upper()


async def _call(options: argparse.Namespace) -> Outcome:
    output = Output()
    client = GatewayClient(**options.client)
    try:
        await _in_time(client.connect(), options.timeout)
        return await _ask(client, options, output)
    finally:
        await client.close()


async def _ask(client: GatewayClient, options: argparse.Namespace, output: Output) -> Outcome:
    show = _show_for_programs if options.json else _show
    asked = client.stream(
        options.path,
        options.data,
        method=options.method,
        args=named_values(options.arg),
        deadline=options.deadline,
    )
    async with asked as parts:
        while True:
            try:
                part = await _in_time(anext(parts), options.timeout)
            except StopAsyncIteration:
                break
            except CommandFailed as error:
                _fail(output, error, options.json)
                return outcome_of(error)
            show(output, part, parts)
    if parts.in_parts and options.json:
        output.line(compact({"status": parts.status, "data": None}))
    return Outcome.DONE


def _fail(output: Output, error: CommandFailed, for_programs: bool) -> None:
    if not for_programs:
        tell_failure("call", error)
        return
    shown = {"status": error.code, "detail": error.message}
    if error.data is not None:
        shown["errors"] = error.data
    output.line(compact(shown))


def _show(output: Output, data: Any, parts: Parts) -> None:
    output.value(data)


def _show_for_programs(output: Output, data: Any, parts: Parts) -> None:
    shown = (
        {"data": data, "more": True} if parts.in_parts else {"status": parts.status, "data": data}
    )
    output.line(compact(shown))


async def _in_time(awaited: Any, timeout: float) -> Any:
    try:
        async with asyncio.timeout(timeout):
            return await awaited
    except TimeoutError as error:
        if isinstance(error, CommandTimeout):
            raise
        raise CommandTimeout(f"nothing came in {timeout:g} s") from None
