"""Autobahn's timers, on the reactor that a factory was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["ReactorTimers"]


class ReactorTimers:
    """What Autobahn asks of a factory's ``_batched_timer``.

    :param reactor_of: gives the reactor when the first timer is set.
    """

    def __init__(self, reactor_of: Callable[[], Any]) -> None:
        self._reactor_of = reactor_of

    def call_later(self, seconds: float, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function later.

        :returns: something with a ``cancel()``.
        """
        return self._reactor_of().callLater(seconds, function, *args)
