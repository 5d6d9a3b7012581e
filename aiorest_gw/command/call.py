"""``aiorest-gw call``: one request, and its answer."""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from msgspec import UNSET

from ..client.aio import CommandFailed, CommandTimeout
from ..client.core.v1 import Incoming
from .asking import AskingClient
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
    client = AskingClient(**options.client)
    try:
        await _in_time(client.connect(), options.timeout)
        return await _ask(client, options, output)
    finally:
        await client.close()


async def _ask(client: AskingClient, options: argparse.Namespace, output: Output) -> Outcome:
    answers = client.answers(
        options.method,
        options.path,
        data=options.data,
        args=named_values(options.arg),
        deadline=options.deadline,
    )
    show = _show_for_programs if options.json else _show
    in_parts = False
    async with aclosing(answers):
        while True:
            answer = await _in_time(anext(answers), options.timeout)
            show(output, answer, in_parts)
            if not answer.more:
                return Outcome.DONE if answer.detail is UNSET else outcome_of(_failure(answer))
            in_parts = True


def _failure(answer: Incoming) -> CommandFailed:
    return CommandFailed(answer.status or 500, answer.detail, answer.errors)


def _show(output: Output, answer: Incoming, in_parts: bool) -> None:
    if answer.detail is not UNSET:
        tell_failure("call", _failure(answer))
    elif answer.more or answer.data is not None or not in_parts:
        # What ends an answer in parts has no data.
        output.value(answer.data)


def _show_for_programs(output: Output, answer: Incoming, in_parts: bool) -> None:
    shown: dict[str, Any] = {}
    if answer.status is not None:
        shown["status"] = answer.status
    if answer.detail is UNSET:
        shown["data"] = answer.data
    else:
        shown["detail"] = answer.detail
    if answer.errors is not None:
        shown["errors"] = answer.errors
    if answer.more:
        shown["more"] = True
    output.line(compact(shown))


async def _in_time(awaited: Any, timeout: float) -> Any:
    try:
        async with asyncio.timeout(timeout):
            return await awaited
    except TimeoutError as error:
        if isinstance(error, CommandTimeout):
            raise
        raise CommandTimeout(f"nothing came in {timeout:g} s") from None
