"""Autobahn's timers, of which each connection has one or two: those of a tenth of a second are one.

They are on the reactor that a factory was given, where Autobahn would take the global one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil
from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from .logs import CappedLog

__all__ = ["Timer", "Timers"]

# Seconds by which a timer may be late.
_GRAIN = 0.1
# Seconds that those of one grain take, before others are served.
_TOGETHER = 0.0005
# What a sum of floats may be above the number that is meant, in grains.
_ROUNDING = 1e-6
# Seconds, ten years, that the longest timer takes: clocks and their grains have ends.
_LONGEST = 315_576_000.0


@attrs.define(eq=False)
class _Batch:
    """The timers of one grain of time.

    :param delayed: calls them; None when it has begun to.
    :param forget: is called when there is none to be called any more.
    :ivar timers: in the order in which they were set; those that are cancelled go, until it has begun.
    """

    delayed: IDelayedCall | None
    forget: Callable[[], object]
    timers: dict[Timer, None] = attrs.field(factory=dict)


@attrs.define(eq=False)
class Timer:
    """One that was set.

    :ivar call: what is to be called, and with what; None where it was, or is not to be any more.
    """

    _batch: _Batch
    call: tuple[Callable[..., Any], tuple[Any, ...]] | None

    def cancel(self) -> None:
        """Do not call it; nothing of it is held."""
        batch = self._batch
        if self.call is not None:
            self.call = None
            if batch.delayed is not None:
                del batch.timers[self]
                if not batch.timers:
                    batch.delayed.cancel()
                    batch.forget()


class Timers:
    """What Autobahn asks of a factory's ``_batched_timer``.

    :param clock: gives the reactor when the first timer is set.
    :param events: for what fails.
    """

    def __init__(self, clock: Callable[[], IReactorTime], events: CappedLog) -> None:
        self._clock = clock
        self._events = events
        self._batches: dict[int, _Batch] = {}

    def call_later(self, seconds: float, function: Callable[..., Any], *args: Any) -> Timer:
        """Call a function later.

        :param seconds: of more than ten years, ten years.
        :returns: the timer, which may be cancelled at any time.
        """
        clock = self._clock()
        now: float = clock.seconds()
        grain = ceil((now + min(seconds, _LONGEST)) / _GRAIN - _ROUNDING)
        batch = self._batches.get(grain)
        if batch is None:
            delayed = clock.callLater(max(0.0, grain * _GRAIN - now), self._call, grain)
            batch = _Batch(delayed, lambda: self._batches.pop(grain))
            self._batches[grain] = batch
        timer = Timer(batch, (function, args))
        batch.timers[timer] = None
        return timer

    def _call(self, grain: int) -> None:
        batch = self._batches.pop(grain)
        batch.delayed = None
        self._go_on(iter(batch.timers))

    def _go_on(self, timers: Iterator[Timer]) -> None:
        """Call what is due, for half a millisecond at a time."""
        clock = self._clock()
        until = clock.seconds() + _TOGETHER
        for timer in timers:
            call, timer.call = timer.call, None
            if call is not None:
                try:
                    call[0](*call[1])
                except Exception:
                    self._events.failure("a timer failed")
                if clock.seconds() >= until:
                    clock.callLater(0, self._go_on, timers)
                    return
