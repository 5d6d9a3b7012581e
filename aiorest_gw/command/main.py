"""The console script ``aiorest-gw``: its first word names a command, which alone is imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from ..arguments import nearest
from ..version import VERSION
from .outcomes import Outcome

__all__ = ["main"]

_COMMANDS = {
    "serve": "serve an application in the foreground",
    "dev": "work on a site: its pages reload as they change",
    "call": "ask a gateway, and print its answer",
    "listen": "print what a gateway pushes, as it comes",
    "bench": "measure how fast a gateway answers",
}
_HELP = """Usage: aiorest-gw <command> [options]

{commands}

aiorest-gw <command> --help explains its options; aiorest-gw --version shows the version."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command.

    :param arguments: those of the process if not given.
    :raises SystemExit: with the status that tells how it ended.
    """
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    word = words[0] if words else ""
    if word in _COMMANDS:
        import_module(f".{word}", __package__).main(words[1:])
    elif word in ("--help", "-h"):
        lines = [f"  {name:<8}{line}" for name, line in _COMMANDS.items()]
        print(_HELP.format(commands="\n".join(lines)))
    elif word == "--version":
        print(f"aiorest-gw {VERSION}")
    else:
        _refuse(word)


def _refuse(word: str) -> NoReturn:
    if not word or word.startswith("-"):
        told = (
            f"name a command first, as in: aiorest-gw serve {word or '--app package.module:name'}"
        )
    else:
        meant = nearest(word, _COMMANDS, 0.6)
        hint = f"is {meant} meant?" if meant else f"known are {', '.join(_COMMANDS)}"
        told = f"there is no command {word!r}; {hint}"
    print(f"aiorest-gw: {told}", file=sys.stderr)
    raise SystemExit(Outcome.USAGE)
