"""Messages that are no requests: as long as the application has them, they count as open requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from ..limits import Limits
from .awaiting import begun
from .logs import CappedLog

__all__ = ["Bridging"]

_FAILED = "on_handler_message_received failed"


class Bridging:
    """Those of one connection.

    :param limits: how many may be open, and how large.
    :param events: for the application's errors.
    :param changed: is called where one is open, or is not any more.
    """

    __slots__ = ("_changed", "_events", "_limits", "_open", "_size")

    def __init__(self, limits: Limits, events: CappedLog, changed: Callable[[], None]) -> None:
        self._limits = limits
        self._events = events
        self._changed = changed
        # With the bytes of their messages.
        self._open: dict[Deferred[Any], int] = {}
        self._size = 0

    @property
    def open(self) -> int:
        """How many the application is not done with."""
        return len(self._open)

    def full(self, requests: int) -> bool:
        """Whether no more should be read.

        :param requests: that are open besides.
        """
        too_many = len(self._open) + requests >= self._limits.max_open_requests
        return too_many or self._size >= self._limits.max_message_size

    def hand_over(self, handling: Coroutine[Any, Any, None], size: int, loop: Any) -> None:
        """Have a message handled.

        :param handling: does it.
        :param size: of the message, in bytes.
        :param loop: asyncio's, where that runs.
        """
        try:
            running: Any = begun(handling, loop)
        except BaseException:  # sys.exit() in it ends no gateway
            self._events.failure(_FAILED)
            return
        if isinstance(running, Deferred):
            self._open[running] = size
            self._size += size
            running.addBoth(self._ended, running)
            self._changed()

    def _ended(self, result: Any, running: Deferred[Any]) -> None:
        if isinstance(result, Failure) and not result.check(CancelledError, asyncio.CancelledError):
            self._events.failure(_FAILED, result)
        if running in self._open:
            self._size -= self._open.pop(running)
            self._changed()

    def close(self) -> None:
        """Cancel whatever is open: its client is gone."""
        handled, self._open, self._size = self._open, {}, 0
        for running in handled:
            running.cancel()
