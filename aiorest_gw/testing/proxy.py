"""A network between clients and a server that is as bad as a test says, from any thread or loop."""

from __future__ import annotations

import asyncio
import math
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from .piping import Towards, Way
from .relaying import Relay, Target

__all__ = ["FlakyProxy"]

_Result = TypeVar("_Result")
_HOST = "127.0.0.1"
# Seconds for what takes microseconds; only a failure waits for it.
_PATIENCE = 10


class FlakyProxy:
    """A TCP proxy that delays, cuts, stalls and duplicates connections when a test says so.

    It listens on a free port of 127.0.0.1 as soon as it is made, and runs in a thread of its own until
    :meth:`close`, or the end of the ``with`` block. Methods may be called from any thread, also from
    one that runs a loop: they take microseconds, and what they set holds when they return, for
    connections too that a client has just made.

    In either direction a connection has no more than 256 KiB in the proxy; beyond that its sender
    waits, as on a network.

    :param port: of the server, from 1 to 65535.
    :param host: of the server: a name, or an address of IPv4 or IPv6.
    :raises TypeError: the port is no integer, or the host no text.
    :raises ValueError: there is no such port or host.
    """

    def __init__(self, port: int, host: str = _HOST) -> None:
        self._to = (host, port)
        target = _target(host, port)
        self._lock = threading.Lock()
        self._listening = socket.create_server((_HOST, 0))
        self._port: int = self._listening.getsockname()[1]
        self._loop = asyncio.SelectorEventLoop()
        self._relay = Relay(self._loop, self._listening, target)
        self._thread = threading.Thread(target=self._run, name="FlakyProxy", daemon=True)
        self._thread.start()

    def __enter__(self) -> FlakyProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cut all connections, and end the thread; again it does nothing."""
        with self._lock:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join(_PATIENCE)

    # -- where it is

    @property
    def port(self) -> int:
        """Where clients connect to, on 127.0.0.1."""
        return self._port

    @property
    def url(self) -> str:
        """The same for clients of WebSocket, with the path ``/``."""
        return f"ws://{_HOST}:{self._port}/"

    @property
    def to(self) -> tuple[str, int]:
        """Host and port of the server; when they are set, connections from now on go there.

        :raises TypeError: it is set to anything else.
        :raises ValueError: there is no such host or port.
        """
        return self._to

    @to.setter
    def to(self, server: tuple[str, int]) -> None:
        if not isinstance(server, tuple) or len(server) != 2:
            raise TypeError(f"to should be a tuple of host and port, not {server!r}")
        target = _target(*server)
        self._do(lambda: setattr(self._relay, "target", target))
        self._to = server

    # -- what went through it

    @property
    def connections(self) -> int:
        """How many connections it has taken so far; those that it refused do not count."""
        return self._look(lambda: self._relay.made)

    @property
    def open(self) -> int:
        """How many of them have not ended on both sides."""
        return self._look(lambda: self._relay.open)

    def passed(self, towards: Towards) -> int:
        """How many bytes went through, of all connections together.

        :param towards: ``"client"`` or ``"server"``: to which they went.
        """
        way = self._way(towards)
        return self._look(lambda: way.passed)

    # -- how bad it is

    def delay(self, seconds: float, jitter: float = 0, towards: Towards | None = None) -> None:
        """Hold each piece of bytes for some time, and ends and resets of connections likewise.

        Their order is kept. It applies also to what is held already.

        :param jitter: seconds, at most, by which chance makes it longer.
        :param towards: ``"client"`` or ``"server"``, where only what goes there is held.
        """
        _check("seconds", seconds)
        _check("jitter", jitter)
        ways = self._ways(towards)

        def set_delay() -> None:
            for way in ways:
                way.delay, way.jitter = seconds, jitter
            self._relay.move()

        self._do(set_delay)

    def slow(self, bytes_per_second: float, towards: Towards | None = None) -> None:
        """Read what each connection is sent at most so fast, so that its sender has to wait.

        :param bytes_per_second: more than 0.
        :param towards: ``"client"`` or ``"server"``, where only what goes there is slow. A client that
            reads slowly is ``"client"``.
        """
        _check("bytes_per_second", bytes_per_second)
        if not bytes_per_second:
            raise ValueError(
                "bytes_per_second should be more than 0; half_open() lets nothing pass"
            )
        ways = self._ways(towards)

        def set_rate() -> None:
            for way in ways:
                way.rate = bytes_per_second
            self._relay.move()

        self._do(set_rate)

    def cut(self, after: int | None = None, towards: Towards | None = None) -> int:
        """Reset all connections, now or after some bytes.

        With ``after``, each connection is cut once when so many more of its bytes have passed: exactly
        those arrive, and behind them the end of the stream (FIN); the other side is reset. Where none is
        open it is the next connection that is cut.

        :param after: bytes; 0 is none. Without it, connections are cut now, both sides with a reset.
        :param towards: ``"client"`` or ``"server"``: where the bytes go that are counted.
        :returns: how many open connections it applies to.
        """
        if after is None:
            if towards is not None:
                raise TypeError("towards is for bytes that are counted: it needs after=")
            return self._do(self._relay.cut)
        if isinstance(after, bool) or not isinstance(after, int):
            raise TypeError(f"after should be a number of bytes, not {after!r}")
        if after < 0:
            raise ValueError(f"after should be 0 or more bytes, not {after}")
        if towards is None:
            raise TypeError("after needs to know which bytes: towards='client' or 'server'")
        self._way(towards)
        return self._do(lambda: self._relay.cut_after(after, towards))

    def half_open(self, towards: Towards | None = None) -> int:
        """Let nothing pass any more on the connections that are open: no bytes, no end, no reset.

        Neither side learns of it. New connections are as good as ever, so that a client can come back.
        What was sent waits, as much of it as a network would hold, until :meth:`heal`: then the old
        connections go on where they stood, and bring it late.

        :param towards: ``"client"`` or ``"server"``, where only what goes there does not pass.
        :returns: how many open connections it applies to.
        """
        self._ways(towards)
        ways: tuple[Towards, ...] = ("client", "server") if towards is None else (towards,)
        return self._do(lambda: self._relay.halt(ways))

    def duplicate(self) -> int:
        """Cut the clients off, while the server has their connections still.

        A client that comes back has two connections then, as far as the server knows. What has come
        from the client is delivered; what the server sends on the old connection is lost, and when it
        closes that, it is gone.

        :returns: how many open connections it applies to.
        """
        return self._do(self._relay.leave_clients)

    def refuse(self) -> int:
        """Let no connection through: cut those that are open, and each new one.

        :returns: how many were open.
        """

        def refuse_all() -> int:
            self._relay.refusing = True
            return self._relay.cut()

        return self._do(refuse_all)

    def heal(self) -> None:
        """Be a good network from now on.

        What was delayed or stalled passes at once, and cuts that have not come yet do not come. What
        was cut stays so.
        """
        self._do(self._relay.heal)

    # -- its thread

    def _run(self) -> None:
        self._relay.listen()
        try:
            self._loop.run_forever()
        finally:
            self._relay.close()
            self._loop.close()

    def _do(self, act: Callable[[], _Result]) -> _Result:
        """Do something in the thread, once it knows of all connections that were made."""
        done: Future[_Result] = Future()

        def do() -> None:
            try:
                self._relay.accept()
                done.set_result(act())
            except Exception as error:
                done.set_exception(error)

        with self._lock:
            if self._loop.is_closed():
                raise RuntimeError("the proxy is closed")
            self._loop.call_soon_threadsafe(do)
            return done.result(_PATIENCE)

    def _look(self, act: Callable[[], _Result]) -> _Result:
        """Look at something; when the thread has ended, at how it was then."""
        return act() if self._loop.is_closed() else self._do(act)

    def _ways(self, towards: Towards | None) -> list[Way]:
        return list(self._relay.ways.values()) if towards is None else [self._way(towards)]

    def _way(self, towards: Towards) -> Way:
        if towards not in self._relay.ways:
            raise ValueError(f"towards should be 'client' or 'server', not {towards!r}")
        return self._relay.ways[towards]


def _check(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} should be a number, not {value!r}")
    if not (0 <= value < math.inf):
        raise ValueError(f"{name} should be a number from 0 up, not {value!r}")


def _target(host: str, port: int) -> Target:
    """Where a server is, resolved now, so that no connection has to wait for it."""
    if isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(f"port should be an integer, not {port!r}")
    if not isinstance(host, str):
        raise TypeError(f"host should be a text, not {host!r}")
    if not 1 <= port <= 65535:
        raise ValueError(f"port should be a number from 1 to 65535, not {port}")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ValueError(f"there is no host {host!r}: {error}") from error
    return Target(family, address)
