"""How a command that asked a gateway has ended, as the status that the shell is told."""

from __future__ import annotations

from enum import IntEnum

from ..client.errors import (
    CommandError,
    CommandFailed,
    CommandTimeout,
    InvalidCommand,
)

__all__ = ["EXPLAINED", "Outcome", "outcome_of"]


class Outcome(IntEnum):
    """Exit statuses; those above 128 are what a shell tells of a process that a signal has ended."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    FAILED = 3
    NO_CONNECTION = 4
    TIMEOUT = 5
    INTERRUPTED = 130
    CLOSED_PIPE = 141


EXPLAINED = """exit status:
  0    it was done
  1    the gateway refused it (4xx)
  2    the command line is wrong; nothing was asked
  3    the gateway failed (5xx)
  4    there is no connection, or it was lost for good
  5    no answer came in time
  130  interrupted (Ctrl-C)
  141  nobody reads the output any more"""


def outcome_of(error: Exception) -> Outcome:
    """What an error of the client's means.

    :param error: a :exc:`CommandError`, or a :exc:`TimeoutError` of our own waiting.
    """
    if isinstance(error, CommandFailed):
        return Outcome.FAILED if error.code >= 500 else Outcome.REFUSED
    if isinstance(error, (CommandTimeout, TimeoutError)):
        return Outcome.TIMEOUT
    if isinstance(error, InvalidCommand):
        return Outcome.USAGE
    assert isinstance(error, CommandError), error
    return Outcome.NO_CONNECTION
