"""asyncio's reactor on a uvloop loop, on which Twisted's own connections work too."""

from __future__ import annotations

import asyncio
import select

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.posixbase import _ContinuousPolling

__all__ = ["UVLoopReactor"]


class UVLoopReactor(EPollReactor, AsyncioSelectorReactor):
    """Asks epoll(7) itself about Twisted's descriptors, and has the loop tell when there is an answer.

    uvloop ends its watch over a descriptor with an error, such as the socket of a connection that was
    reset, and tells it to nobody: the connection would never be lost.

    :param loop: of uvloop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # As EPollReactor's own, which would begin the rest of a reactor by itself.
        self._poller = select.epoll()
        self._reads: set[int] = set()
        self._writes: set[int] = set()
        self._selectables: dict[int, object] = {}
        self._continuousPolling = _ContinuousPolling(self)
        AsyncioSelectorReactor.__init__(self, loop)
        loop.add_reader(self._poller.fileno(), self.doPoll, 0)
