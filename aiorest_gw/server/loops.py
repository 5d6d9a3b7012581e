"""What asyncio's loops say, in the words of Twisted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

import attrs
from twisted.internet.address import IPv4Address, IPv6Address

__all__ = ["Address", "LoopReactor", "address_from", "is_of_the_network", "loop_of"]

# An OSError that comes from nowhere else is the network's.
_NETWORK = {"asyncio", "uvloop", "ssl"}

Address = IPv4Address | IPv6Address


def loop_of(reactor: Any) -> asyncio.AbstractEventLoop | None:
    """The asyncio loop that a reactor runs on, or None."""
    return getattr(reactor, "_asyncioEventloop", None)


def address_from(name: tuple[Any, ...]) -> Address:
    """What ``getsockname`` gives, as an address of Twisted's."""
    host, port, *scope = name
    return IPv6Address("TCP", host, port, *scope) if scope else IPv4Address("TCP", host, port)


def is_of_the_network(traceback: TracebackType | None) -> bool:
    """Whether an error was raised by the loop, and not by what it called."""
    while traceback is not None:
        if traceback.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in _NETWORK:
            return False
        traceback = traceback.tb_next
    return True


@attrs.define(eq=False)
class _LoopCall:
    """What is called later, in the words of ``IDelayedCall``."""

    _loop: asyncio.AbstractEventLoop
    _call: Callable[[], Any]
    _handle: asyncio.TimerHandle
    _called: bool = False

    def run(self) -> None:
        self._called = True
        self._call()

    def active(self) -> bool:
        return not (self._called or self._handle.cancelled())

    def cancel(self) -> None:
        self._handle.cancel()

    def reset(self, seconds: float) -> None:
        """Call it so many seconds from now."""
        self._handle.cancel()
        self._handle = self._loop.call_later(seconds, self.run)


@attrs.frozen
class LoopReactor:
    """What a gateway asks of a reactor, of a loop that a program runs itself: none is installed.

    :param _asyncioEventloop: the loop, under the name that it has in asyncio's reactor.
    """

    _asyncioEventloop: asyncio.AbstractEventLoop = attrs.field(alias="loop")

    def seconds(self) -> float:
        return self._asyncioEventloop.time()

    def callLater(self, seconds: float, function: Callable[..., Any], *args: Any) -> _LoopCall:
        loop = self._asyncioEventloop
        call: _LoopCall
        handle = loop.call_later(seconds, lambda: call.run())
        call = _LoopCall(loop, lambda: function(*args), handle)
        return call

    def callFromThread(self, function: Callable[..., Any], *args: Any) -> None:
        self._asyncioEventloop.call_soon_threadsafe(lambda: function(*args))

    def addSystemEventTrigger(self, *args: Any) -> None:
        """Whoever runs the loop leaves what it has entered; nothing else ends with it."""
