"""Where channels run without a gateway: on a loop of asyncio's, or on a reactor of Twisted's."""

from __future__ import annotations

import asyncio
from typing import Any

from ..server.logs import CappedLog
from ..server.loops import LoopReactor
from ..server.outgoing import Outgoing
from ..server.surroundings import ReactorSurroundings
from ..server.timers import Timers
from ..sessions.surroundings import Surroundings

__all__ = ["loop_surroundings", "reactor_surroundings", "surroundings_here"]


class _WithoutFactory:
    """What the surroundings ask of a factory, of a reactor alone."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.events = CappedLog(reactor.seconds)
        self.outgoing = Outgoing(lambda: reactor, self.events)
        self._batched_timer = Timers(lambda: reactor, self.events)


def reactor_surroundings(reactor: Any) -> Surroundings:
    """The surroundings of a reactor, or of a test's ``Clock``.

    :param reactor: gives the time in seconds.
    """
    return ReactorSurroundings(_WithoutFactory(reactor))


def loop_surroundings(loop: asyncio.AbstractEventLoop) -> Surroundings:
    """The surroundings of a loop of asyncio's, or of uvloop's."""
    return reactor_surroundings(LoopReactor(loop))


def surroundings_here() -> Surroundings:
    """Those of the loop that runs the caller, or else of Twisted's reactor."""
    loop = asyncio._get_running_loop()
    if loop is not None:
        return loop_surroundings(loop)
    from twisted.internet import reactor

    return reactor_surroundings(reactor)
