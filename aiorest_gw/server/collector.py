"""When Python's garbage collector stops the process, and for how long."""

from __future__ import annotations

import gc

__all__ = ["spare"]

# Collections of the middle generation for one of the oldest; Python's own default is 10.
_FULL_EVERY = 50


def spare() -> None:
    """Have the collector pass over what was loaded by now, and look at all objects more rarely.

    For a process that serves, once its application is loaded. A full collection takes time for each
    object that there is: a tenth of a second with ten thousand connections, which nobody is served in.
    A connection leaves nothing to it when it is lost, and is otherwise no garbage.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _FULL_EVERY)
