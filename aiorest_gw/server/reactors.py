"""Which reactor runs: the one that the user named, else asyncio's on a uvloop loop."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from typing import Any

from twisted.python import threadable

from .loops import LoopReactor, loop_of

__all__ = ["install_reactor", "raise_open_files", "reactor_here"]


def install_reactor(name: str | None = None) -> None:
    """Install a reactor, unless one is installed already.

    :param name: as ``twistd --reactor`` takes it; None means asyncio's, on uvloop where it exists.
    :raises twisted.application.reactors.NoSuchReactor: there is none of this name.
    """
    if "twisted.internet.reactor" in sys.modules:
        return
    if name is not None:
        from twisted.application.reactors import installReactor

        installReactor(name)
        return
    from twisted.internet import asyncioreactor, main

    try:
        import uvloop

        from .uvloopreactor import UVLoopReactor
    except ImportError:  # of uvloop, or of epoll(7)
        loop = asyncio.new_event_loop()
        asyncioreactor.install(loop)
    else:
        loop = uvloop.new_event_loop()
        main.installReactor(UVLoopReactor(loop))
    asyncio.set_event_loop(loop)


def reactor_here() -> Any:
    """What runs the caller: the installed reactor, or a loop of asyncio's that is none of its.

    In a program for asyncio no reactor is installed: that could be done but once, and for one loop.

    :raises RuntimeError: a reactor of Twisted's runs in another thread.
    """
    if threadable.ioThread is not None and not threadable.isInIOThread():
        raise RuntimeError(
            "Twisted's reactor runs in another thread: there alone its gateways and pages can be "
            "served (reactor.callFromThread)"
        )
    loop = asyncio._get_running_loop()
    installed = sys.modules.get("twisted.internet.reactor")
    if loop is not None and loop_of(installed) is not loop:
        return LoopReactor(loop)
    from twisted.internet import reactor

    return reactor


# Files that a gateway opens beside its connections, at least.
_FEW = 10


def _open_files() -> int:
    return len(os.listdir("/dev/fd"))


def raise_open_files(wanted: int) -> int:
    """Raise this process's limit of open files towards what the connections need.

    :param wanted: how many connections there may be.
    :returns: how many there can be.
    """
    spare = 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + spare:
        soft = wanted + spare
        if hard != resource.RLIM_INFINITY:
            room = hard - spare if hard > 2 * spare else max(0, hard - _open_files() - _FEW)
            wanted = min(wanted, room)
            soft = min(soft, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted
