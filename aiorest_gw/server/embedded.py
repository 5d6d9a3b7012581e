"""A gateway in a program that has other things to do: entered with ``async with``, and left in order.

What serves is the caller's reactor or loop, and no signal is taken.
"""

from __future__ import annotations

import errno
from types import TracebackType
from typing import Any, Self

from twisted.internet.defer import DeferredList, maybeDeferred
from twisted.internet.endpoints import quoteStringArgument
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.python.failure import Failure

from ..errors import ConfigurationError
from .endpoints import cannot_listen, endpoint_of
from .factory import RequestHandlerFactory
from .reactors import reactor_here
from .sending import send_eagerly

__all__ = ["EmbeddedServer"]

_LOCAL = ("127.0.0.1", "::1")
# What the system says where it has no IPv6.
_NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
# Free ports of 127.0.0.1 that are tried until one is free at ::1 too.
_TRIES = 10


class EmbeddedServer:
    """A factory's connections, for as long as an ``async with`` block lasts. It is entered once.

    :param factory: makes them.
    :param host: an address to listen on; ``localhost`` is 127.0.0.1, and ::1 where there is IPv6.
    :param port: 0 takes a free one.
    :param reactor: to run on; what runs the caller when the block is entered, if not given.
    :raises ConfigurationError: host or port are none.
    """

    def __init__(
        self,
        factory: RequestHandlerFactory,
        host: str = "localhost",
        port: int = 0,
        reactor: Any = None,
    ) -> None:
        if not isinstance(host, str) or not host or "/" in host:
            raise ConfigurationError(f"host should be localhost or an address, not {host!r}")
        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
            raise ConfigurationError(f"port should be a number from 0 to 65535, not {port!r}")
        self.factory = factory
        self._host = host
        self._port = port
        self._reactor = reactor
        self._ports: list[IListeningPort] = []
        self._entered = False

    @property
    def port(self) -> int:
        """The number of the port that is listened on.

        :raises RuntimeError: it does not listen.
        """
        if not self._ports:
            raise RuntimeError("it does not listen: that is so within async with alone")
        address: Any = self._ports[0].getHost()
        number: int = address.port
        return number

    @property
    def location(self) -> str:
        """Where it is reached from this machine, as a URL has it: ``localhost:8080``.

        :raises RuntimeError: it does not listen.
        """
        host = "localhost" if self._host in ("0.0.0.0", "::") else self._host  # noqa: S104
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen.

        :raises ConfigurationError: the address cannot be had.
        :raises RuntimeError: it was entered before, or Twisted's reactor runs in another thread.
        """
        if self._entered:
            raise RuntimeError("it is entered once; make another one")
        self._entered = True
        self.factory.reactor = self._reactor or reactor_here()
        await self.factory.surroundings.begin(self._listen())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening, finish what is open, close the connections, and wait for all of that."""
        await self.factory.surroundings.begin(self._stop())

    async def _listen(self) -> None:
        try:
            if self._host == "localhost":
                await self._listen_locally()
            else:
                await self._listen_on(self._host, self._port)
        except CannotListenError as error:
            await self._close()
            text = f"{self._host}:{self._port}"
            raise cannot_listen(text, Failure(error)) from None

    async def _listen_locally(self) -> None:
        """On both of the addresses that browsers take for localhost: a page of somebody else's may not
        be at the other one.
        """
        four, six = _LOCAL
        for left in reversed(range(_TRIES)):
            await self._listen_on(four, self._port)
            try:
                await self._listen_on(six, self.port)
                return
            except CannotListenError as error:
                reason = getattr(error.socketError, "errno", None)
                if reason in _NO_IPV6:
                    return
                if self._port or not left:
                    raise
                await self._close()

    async def _listen_on(self, interface: str, port: int) -> None:
        text = f"tcp:{port}:interface={quoteStringArgument(interface)}"
        listening = await endpoint_of(self.factory.reactor, text, False).listen(self.factory)
        send_eagerly(listening)
        self._ports.append(listening)

    async def _close(self) -> None:
        ports, self._ports = self._ports, []
        await DeferredList([maybeDeferred(port.stopListening) for port in ports])

    async def _stop(self) -> None:
        await self._close()
        await self.factory.drain()
