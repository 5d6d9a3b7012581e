"""When Python's garbage collector stops the process, and for how long."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

__all__ = ["spare"]

# Collections of the middle generation for one of the oldest; Python's own default is 10.
_FULL_EVERY = 50
# Connections that are opened in the time of one of them: by default each is 7,000 new objects.
_CONNECTIONS = 250
# Seconds after which the connections are counted again.
_PERIOD = 1.0


def spare(reactor: Any, connections: Callable[[], int]) -> None:
    """Have the collector pass over what was loaded by now, and look at all objects more rarely.

    For a process that serves, once its application is loaded. A full collection takes time for each
    object that there is: a tenth of a second with ten thousand connections, which nobody is served in.
    A connection leaves nothing to it when it is lost, and is otherwise no garbage: so what comes with
    connections brings no full collection nearer.

    :param reactor: for the time.
    :param connections: how many there are.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()

    def adjust() -> None:
        gc.set_threshold(young, middle, _FULL_EVERY + connections() // _CONNECTIONS)
        reactor.callLater(_PERIOD, adjust)

    adjust()
