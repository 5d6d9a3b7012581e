"""What operators read: one line an event, and so few of a kind that no peer can fill a disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

__all__ = ["CappedLog"]

# So many of a kind are written in so many seconds; the others are counted.
_MOST = 10
_PERIOD = 10.0
# Kinds are our own format strings and the places of errors, but an application may make many.
_KINDS = 1_000


@attrs.define
class _Kind:
    since: float
    written: int = 0
    left_out: int = 0


class CappedLog:
    """Writes events with ``twisted.logger``.

    Texts that came from a peer go into fields, never into the format; there what is no printable
    ASCII is escaped, so that nobody can write a line that looks like another.

    :param seconds: the time.
    """

    def __init__(self, seconds: Callable[[], float], namespace: str = "aiorest_gw") -> None:
        self._seconds = seconds
        self._logger = Logger(namespace=namespace)
        self._kinds: dict[Any, _Kind] = {}

    def info(self, format: str, **fields: Any) -> None:
        """A peer's fault, or the course of things."""
        self._emit(LogLevel.info, format, fields)

    def warn(self, format: str, **fields: Any) -> None:
        """What the operator should see to."""
        self._emit(LogLevel.warn, format, fields)

    def failure(self, format: str, failure: Failure | None = None, **fields: Any) -> None:
        """An error of ours or of the application's, with its traceback.

        Each place that an error comes from is a kind.

        :param failure: of the exception that is being handled if not given.
        """
        failure = failure or Failure()
        place = tuple(failure.frames[-1][:3]) if failure.frames else None
        more = self._admit((format, failure.type, place))
        if more is not None:
            self._logger.failure(format + more, failure, **_escaped(fields))

    def _emit(self, level: Any, format: str, fields: dict[str, Any]) -> None:
        more = self._admit(format)
        if more is not None:
            self._logger.emit(level, format + more, **_escaped(fields))

    def _admit(self, key: Any) -> str | None:
        """What to write behind an event: how many like it were left out; None to leave it out."""
        now = self._seconds()
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= _KINDS:
                self._kinds.clear()
            kind = self._kinds[key] = _Kind(now)
        elif now - kind.since >= _PERIOD:
            kind.since, kind.written = now, 0
        if kind.written >= _MOST:
            kind.left_out += 1
            return None
        kind.written += 1
        left_out, kind.left_out = kind.left_out, 0
        return f" ({left_out} more like it were not logged)" if left_out else ""


def _escaped(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: ascii(value)[1:-1] if isinstance(value, str) else value
        for name, value in fields.items()
    }
