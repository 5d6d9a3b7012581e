"""Command lines of those commands that ask a gateway: what they have in common, and their mistakes."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec

from ..arguments import nearest
from ..client.core.address import parse_address
from .outcomes import EXPLAINED, Outcome

__all__ = [
    "CommandParser", "Words", "data", "named", "named_values", "seconds", "whole_number",
]  # fmt: skip

N = TypeVar("N", int, float)

_TOKEN = "AIOREST_GW_TOKEN"  # noqa: S105 (the name of a variable)
# A field of the opening handshake (RFC 9110 section 5).
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x1f\x7f]*)")


class Words(argparse.ArgumentParser):
    """Options and words in any order; a mistake is told in one line, and ends with status 2.

    :param name: of the command.
    :param description: what it does.
    :param epilog: of the help: examples, and what is to be known besides.
    """

    def __init__(self, name: str, description: str, epilog: str) -> None:
        super().__init__(
            prog=f"aiorest-gw {name}",
            description=description,
            epilog=f"examples:\n{epilog}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(Outcome.USAGE)

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """What a command line says.

        :raises SystemExit: it cannot be understood, or asks for help.
        """
        self._refuse_misspelt(arguments)
        return self.parse_intermixed_args(arguments)

    def _refuse_misspelt(self, arguments: Sequence[str]) -> None:
        known = self._option_string_actions
        for word in arguments:
            name = word.partition("=")[0]
            if word == "--":
                return
            if name.startswith("--") and name not in known:
                meant = nearest(name, known, 0.6)
                hint = f"is {meant} meant?" if meant else "--help tells all"
                self.error(f"there is no option {name}; {hint}")


class CommandParser(Words):
    """The words of a command that asks a gateway.

    :param name: of the command.
    :param description: what it does.
    :param example: command lines, for the help.
    """

    def __init__(self, name: str, description: str, example: str) -> None:
        super().__init__(name, description, f"{example}\n\n{EXPLAINED}")
        self.add_argument("url", type=_address, help="ws://… or wss://…")
        self.add_argument(
            "--token",
            type=_token,
            metavar="TOKEN|@FILE",
            help=f"credentials, or the file that holds them; {_TOKEN} in the environment if not given",
        )
        self.add_argument(
            "--header",
            type=_header,
            action="append",
            default=[],
            metavar="'NAME: VALUE'",
            help="of the opening handshake; may be given several times",
        )
        self.add_argument("--msgpack", action="store_true", help="speak MessagePack, not JSON")
        self.add_argument(
            "--json", action="store_true", help="print for machines: JSON, one a line"
        )

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """What a command line says; ``client`` are the client's arguments.

        :raises SystemExit: it cannot be understood, or asks for help.
        """
        options = super().parse(arguments)
        options.client = {
            "url": options.url,
            "token": options.token or os.environ.get(_TOKEN) or None,
            "headers": dict(options.header),
            "msgpack": options.msgpack,
        }
        return options


def _told(reading: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type of argparse's, which tells no text of a ``ValueError``."""

    def read(text: str) -> Any:
        try:
            return reading(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


@_told
def _address(text: str) -> str:
    return parse_address(text).url


@_told
def _token(text: str) -> str:
    """Never shown, whatever is wrong with it."""
    token = _file(text[1:]).strip() if text.startswith("@") else text
    if not token:
        raise ValueError("there is no token in it")
    return token


@_told
def _header(text: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(text)
    if found is None:
        raise ValueError("a header is a name and a value, as in 'Origin: https://example.com'")
    return found[1], found[2].strip()


@_told
def named(text: str) -> tuple[str, str]:
    """``name=value``."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(f"{text!r} is no name=value")
    return name, value


def named_values(pairs: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
    """Named arguments of a request; what has one name is a list."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: many if len(many) > 1 else many[0] for name, many in values.items()} or None


@_told
def data(text: str) -> Any:
    """The body of a request: JSON, ``@file``, or the standard input, ``-`` or as of curl ``@-``."""
    if text in ("-", "@-"):
        written, place = sys.stdin.read(), "the standard input"
    elif text.startswith("@"):
        written, place = _file(text[1:]), text[1:]
    else:
        written, place = text, repr(text)
    try:
        return msgspec.json.decode(written)
    except msgspec.DecodeError as error:
        of_a_text = written is text and not text.lstrip().startswith(("{", "["))
        hint = f"; a text has quotes: {_quoted(text)}" if of_a_text else ""
        raise ValueError(f"{place:.100} is no JSON: {error}{hint}") from None
    except (UnicodeError, RecursionError):
        raise ValueError(f"{place:.100} is no JSON") from None


def _quoted(text: str) -> str:
    """As a shell has to be told it."""
    written = msgspec.json.encode(text).decode().replace("'", "'\\''")
    return f"--data '{written}'" if len(written) < 60 else "--data '\"…\"'"


def _file(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeError:
        raise ValueError(f"{name} is no text in UTF-8") from None


@_told
def seconds(text: str) -> float:
    """A time of more than 0."""
    return _positive(text, float)


@_told
def whole_number(text: str) -> int:
    """Of 1 or more."""
    return _positive(text, int)


def _positive(text: str, kind: type[N]) -> N:
    try:
        number = kind(text)
    except ValueError:
        number = kind(0)
    if not 0 < number < inf:
        meant = "a whole number, 1 or more" if kind is int else "a number of more than 0"
        raise ValueError(f"it is {meant}, not {text!r}")
    return number
