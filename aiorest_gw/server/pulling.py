"""A producer that has to be asked for each piece, as one that writes until it is paused."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["Pulled"]


class Pulled:
    """Asks a producer again and again, until it is paused itself.

    :param producer: Twisted's ``IPullProducer``.
    """

    def __init__(self, producer: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._producer = producer
        self._loop = loop
        self._next: asyncio.Handle | None = None

    def resumeProducing(self) -> None:
        if self._next is None:
            self._next = self._loop.call_soon(self._ask)

    def pauseProducing(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def stopProducing(self) -> None:
        self.pauseProducing()
        self._producer.stopProducing()

    def _ask(self) -> None:
        self._next = self._loop.call_soon(self._ask)
        self._producer.resumeProducing()
