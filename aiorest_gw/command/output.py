"""What is printed: for people on a terminal, in colours where they want them, or for programs."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import IO, Any

import msgspec

from ..client.errors import CommandFailed

__all__ = ["Output", "compact", "printable", "tell", "tell_failure", "wants_colours"]


def wants_colours(stream: IO[str]) -> bool:
    """Whether whoever reads it wants colours (``no-color.org``, ``force-color.org``)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def compact(value: Any) -> str:
    """A value as JSON on one line, whose texts no terminal obeys either."""
    return printable(msgspec.json.encode(value).decode())


def printable(text: str) -> str:
    """Without what a terminal would obey: gateways are not trusted to write on it."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    """As in JSON, which has two escapes for one beyond U+FFFF."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def tell(name: str, text: str) -> None:
    """Tell somebody something that is no result; on the standard error."""
    print(f"aiorest-gw {name}: {printable(text)}", file=sys.stderr, flush=True)


def tell_failure(name: str, failure: CommandFailed) -> None:
    """Tell what the gateway answered, and each error of it on a line."""
    detail = failure.message if isinstance(failure.message, str) else compact(failure.message)
    tell(name, f"{failure.code}: {detail}")
    for error in failure.data if isinstance(failure.data, list) else ():
        known = isinstance(error, dict) and error.keys() == {"path", "message"}
        line = f"{error['path']}: {error['message']}" if known else compact(error)
        print(f"  {printable(line)}", file=sys.stderr)


class Output:
    """The standard output.

    :ivar is_for_people: it is a terminal, or is to be coloured as one.
    :ivar console: of ``rich``, where there are to be colours and it is installed.
    """

    def __init__(self) -> None:
        coloured = wants_colours(sys.stdout)
        self.is_for_people = coloured or sys.stdout.isatty()
        self.console: Any = None
        if coloured and find_spec("rich") is not None:
            from rich.console import Console

            self.console = Console(force_terminal=True, highlight=False, soft_wrap=True)

    def line(self, text: str) -> None:
        """A line, at once."""
        print(text, flush=True)

    def value(self, value: Any) -> None:
        """A value as JSON: easy to read for people, and one line for programs."""
        text = compact(value)
        if not self.is_for_people:
            self.line(text)
        elif self.console is None:
            self.line(printable(_indented(text)))
        else:
            self.console.print(_json(printable(_indented(text))))

    def styled(self, *parts: tuple[str, str]) -> None:
        """A line of parts, each a text and its style in ``rich``'s words, with two blanks between."""
        # A name that breaks the line would be taken for another one.
        shown = [(printable(text).replace("\n", "\\u000a"), style) for text, style in parts]
        if self.console is None:
            self.line("  ".join(text for text, _ in shown))
        else:
            from rich.text import Text

            self.console.print(Text("  ").join(Text(text, style) for text, style in shown))

    def table(self, title: str, rows: list[tuple[str, str]]) -> None:
        """Names, and what they are."""
        if self.console is None:
            width = max(len(name) for name, _ in rows)
            self.line("\n".join([title, *(f"{name:<{width}}  {value}" for name, value in rows)]))
        else:
            from rich.table import Table

            table = Table(title=title, show_header=False)
            table.add_column(style="cyan")
            table.add_column(justify="right")
            for row in rows:
                table.add_row(*row)
            self.console.print(table)


def _indented(text: str) -> str:
    return msgspec.json.format(text, indent=2)


def _json(text: str) -> Any:
    from rich.highlighter import JSONHighlighter
    from rich.text import Text

    return JSONHighlighter()(Text(text))
