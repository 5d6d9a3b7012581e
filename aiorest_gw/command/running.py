"""Runs a command's coroutine until it ends, in whatever way; the shell is told how."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn

from ..client.errors import CommandError, CommandFailed
from .outcomes import Outcome, outcome_of
from .output import printable, tell, tell_failure

__all__ = ["run"]


class _Printable(logging.Formatter):
    """What is logged may hold a gateway's words, too."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def run(name: str, running: Coroutine[Any, Any, Outcome]) -> NoReturn:
    """
    :param name: of the command, for what it tells.
    :raises SystemExit: with the outcome.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Printable(f"aiorest-gw {name}: %(message)s"))
    logging.basicConfig(handlers=[handler])
    try:
        # What a locale cannot write is no reason to stop.
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a TextIO here
        outcome = asyncio.run(running)
        sys.stdout.flush()
    except CommandFailed as error:
        tell_failure(name, error)
        outcome = outcome_of(error)
    except CommandError as error:
        tell(name, str(error))
        outcome = outcome_of(error)
    except KeyboardInterrupt:
        outcome = Outcome.INTERRUPTED
    except BrokenPipeError:
        _write_to_nobody()
        outcome = Outcome.CLOSED_PIPE
    raise SystemExit(outcome)


def _write_to_nobody() -> None:
    """Or what is buffered would fail again when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
