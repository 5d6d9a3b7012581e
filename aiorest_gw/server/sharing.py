"""Listening sockets that several processes accept from: opened once, and accepted from in turns.

Each process wakes up for each connection, and one that is awake would take all of a burst before the
others are. So a process takes one connection at a time, and leaves it to another that has fewer.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IListeningPort, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from .balance import ConnectionCounts, leaves_to_another

__all__ = ["SharedPort", "SharedSockets"]

# Seconds that a process with fewer connections has to take one.
_PRECEDENCE = 0.002
# Seconds without accepting where the process has no descriptor or memory left for a connection.
_EXHAUSTED = 1.0
# Connections that may wait at least: they are taken one by one, and Twisted's 50 are for who takes all.
_BACKLOG = 1024
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

Adopt = Callable[[socket.socket, Any, Any], Deferred[Any]]


@implementer(IListeningPort, IReadDescriptor)
class SharedPort:
    """Accepts from a socket that other processes accept from too.

    :param listening: not blocking.
    :param factory: of the protocols.
    :param adopt: makes a transport for an accepted socket and the address of its peer, and a protocol of
        the factory with it; returns a Deferred that fires when it has.
    :param load: how many connections the process has.
    :param counts: of all the processes.
    :param process: its own place in them.
    """

    def __init__(
        self,
        reactor: Any,
        listening: socket.socket,
        factory: Any,
        adopt: Adopt,
        load: Callable[[], int],
        counts: ConnectionCounts,
        process: int,
    ) -> None:
        self.log = Logger(namespace="aiorest_gw")
        self._reactor = reactor
        self._socket = listening
        self._factory = factory
        self._adopt = adopt
        self._load = load
        self._counts = counts
        self._process = process
        self._coming = 0
        self._waiting: Any = None
        self._stopped = False

    def startListening(self) -> None:
        """Accept connections."""
        if self._stopped:
            return
        self._counts.set(self._process, self._load())
        self._reactor.addReader(self)

    def doRead(self) -> None:
        own = self._load() + self._coming
        self._counts.set(self._process, own)
        if leaves_to_another(own, self._counts.others(self._process)):
            self._pause(_PRECEDENCE, self._accept)
        else:
            self._accept()

    def _pause(self, seconds: float, go_on: Callable[[], None]) -> None:
        self._reactor.removeReader(self)
        self._waiting = self._reactor.callLater(seconds, self._resume, go_on)

    def _resume(self, go_on: Callable[[], None]) -> None:
        self._waiting = None
        self._reactor.addReader(self)
        go_on()

    def _accept(self) -> None:
        try:
            accepted, peer = self._socket.accept()
        except OSError as error:
            if error.errno in _NO_ROOM:
                self.log.warn("cannot accept connections: {reason}", reason=error.strerror)
                self._pause(_EXHAUSTED, self._accept)
            return  # another process has taken it, or it is gone
        accepted.setblocking(False)
        self._coming += 1
        self._counts.set(self._process, self._load() + self._coming)
        adopting = maybeDeferred(self._adopt, accepted, peer, self._factory)
        adopting.addErrback(self._failed).addBoth(self._made)

    def _failed(self, failure: Failure) -> None:
        if not failure.check(OSError):  # of a peer that has gone
            self.log.failure("a connection could not be taken", failure)

    def _made(self, result: Any) -> None:
        """There is a protocol, or there never will be."""
        self._coming -= 1

    def stopListening(self) -> Deferred[None]:
        """Accept no more; connections stay.

        :returns: has fired.
        """
        if not self._stopped:
            self._stopped = True
            if self._waiting is not None:
                self._waiting.cancel()
            self._reactor.removeReader(self)
            self._counts.leave(self._process)
            self._socket.close()
            self._factory.doStop()
        return succeed(None)

    def getHost(self) -> Any:
        name: Any = self._socket.getsockname()
        if self._socket.family == socket.AF_UNIX:
            return UNIXAddress(name)
        kind = IPv6Address if self._socket.family == socket.AF_INET6 else IPv4Address
        return kind("TCP", *name)

    def fileno(self) -> int:
        return self._socket.fileno()

    def connectionLost(self, reason: Any) -> None:
        """The reactor stops."""

    def logPrefix(self) -> str:
        return type(self).__name__


class SharedSockets:
    """A reactor whose endpoints accept from sockets that were opened before, each from the next one.

    :param reactor: the real one, for everything else.
    :param sockets: in the order of the endpoints.
    :param load: as of :class:`SharedPort`, and so are the others.
    """

    def __init__(
        self,
        reactor: Any,
        sockets: Iterable[socket.socket],
        load: Callable[[], int],
        counts: ConnectionCounts,
        process: int,
    ) -> None:
        self._reactor = reactor
        self._sockets = iter(sockets)
        self._shared = (load, counts, process)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listen(self, factory: Any, adopt: Adopt, backlog: int) -> SharedPort:
        """A port on the next socket; it accepts when it is told to start listening.

        :param adopt: as of :class:`SharedPort`.
        :param backlog: connections that may wait to be accepted.
        """
        listening = next(self._sockets)
        listening.listen(max(backlog, _BACKLOG))
        factory.doStart()
        return SharedPort(self._reactor, listening, factory, adopt, *self._shared)

    # -- what Twisted's endpoints call

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        return self.listen(factory, self._adopt, backlog)

    def listenSSL(
        self,
        port: int,
        factory: Any,
        contextFactory: Any,
        backlog: int = 50,
        interface: str = "",
    ) -> Any:
        from twisted.protocols.tls import TLSMemoryBIOFactory

        return self.listen(
            TLSMemoryBIOFactory(contextFactory, False, factory), self._adopt, backlog
        )

    def listenUNIX(
        self, address: str, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: int = 0
    ) -> Any:
        return self.listen(factory, self._adopt, backlog)

    def _adopt(self, accepted: socket.socket, peer: Any, factory: Any) -> Deferred[Any]:
        with accepted:  # the reactor's own is a copy
            self._reactor.adoptStreamConnection(accepted.fileno(), accepted.family, factory)
        return succeed(None)
