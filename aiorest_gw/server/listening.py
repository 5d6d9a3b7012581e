"""A server endpoint for the loop's own transports: beside ``tcp:``, ``loop:8080:interface=127.0.0.1``.

Connections are accepted here and not by the loop, since loops answer a lack of file descriptors each in
another way, and asyncio's own with thousands of lines.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred, execute, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from zope.interface import implementer

from .lobby import Lobby
from .logs import CappedLog
from .loops import Address, address_from, loop_of
from .sharing import SharedSockets
from .tls import TLSTransport, tls_context
from .transport import LoopTransport
from .turns import Turns

__all__ = ["LoopPort", "LoopServerEndpoint", "parse_endpoint"]

# Connections that are accepted before the others have their turn: each takes its time.
_AT_ONCE = 2
# Connections that are closed before the others have their turn; the loop's part of it comes later.
_ENDED_AT_ONCE = 50
# Seconds without accepting, where the system has no room for one more connection.
_REST = 1.0


def parse_endpoint(
    reactor: Any,
    port: str,
    interface: str = "",
    backlog: str = "1024",
    *rest: str,
    **files: str,
) -> LoopServerEndpoint:
    """The endpoint of a description, ``loop:8080:interface=127.0.0.1:backlog=50``.

    :param files: for TLS, in the words of Twisted's ``ssl:``, see :func:`tls_context`.
    :raises ValueError: a number is none, a word is unknown, a file is not what it should be, or the
        reactor runs on no asyncio loop.
    """
    if loop_of(reactor) is None:
        raise ValueError("loop: needs asyncio's reactor; use tcp: or ssl: on this one")
    for name, text in (("port", port), ("backlog", backlog)):
        if not (text.isdecimal() and text.isascii()):
            raise ValueError(f"the {name} should be a number, not {text!r}")
    if rest:
        raise ValueError(f"what is {rest[0]!r}? files for TLS are named, as privateKey=key.pem")
    context = tls_context(**files) if files else None
    return LoopServerEndpoint(reactor, int(port), interface, int(backlog), context)


@implementer(IStreamServerEndpoint)
class LoopServerEndpoint:
    """Listens for connections whose transports are the loop's own.

    :param reactor: asyncio's.
    :param interface: an IPv4 or IPv6 address; empty for all of IPv4.
    :param backlog: connections that may wait to be accepted.
    :param context: for TLS; None for none.
    """

    def __init__(
        self,
        reactor: Any,
        port: int,
        interface: str = "",
        backlog: int = 1024,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._reactor = reactor
        self._port = port
        self._interface = interface
        self._backlog = backlog
        self._context = context

    def listen(self, protocolFactory: Any) -> Deferred[IListeningPort]:
        """Listen now; connections are accepted as soon as the reactor runs.

        :returns: fires at once, with the port or with CannotListenError.
        """
        if isinstance(self._reactor, SharedSockets):
            adopt = self._port_for(protocolFactory).adopt
            return succeed(self._reactor.listen(protocolFactory, adopt, self._backlog))
        return execute(self._listen, protocolFactory)

    def _listen(self, factory: Any) -> LoopPort:
        port = self._port_for(factory)
        port.startListening()
        return port

    def _port_for(self, factory: Any) -> LoopPort:
        where = self._interface, self._port
        return LoopPort(self._reactor, factory, where, self._backlog, self._context)


@implementer(IListeningPort)
class LoopPort:
    """A socket that is listened on.

    :param where: an address and a number, to be bound.
    :ivar context: for TLS; None for none.
    """

    def __init__(
        self,
        reactor: Any,
        factory: Any,
        where: tuple[str, int],
        backlog: int,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._reactor = reactor
        self._factory = factory
        self._where = where
        self._backlog = backlog
        self.context = context
        self._socket: socket.socket | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._address: Address
        self.events = CappedLog(lambda: self.loop.time())
        # Of connections that end.
        self.turns = Turns(lambda work: self.loop.call_soon(work), monotonic, _ENDED_AT_ONCE)
        self.lobby = Lobby(lambda: self.loop)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        loop = loop_of(self._reactor)
        assert loop is not None
        return loop

    def startListening(self) -> None:
        """Bind and listen; again, if it was stopped.

        :raises CannotListenError: the address cannot be had.
        """
        if self._socket is None:
            try:
                self._socket = _listening_socket(*self._where, self._backlog)
            except (OSError, OverflowError) as error:
                raise CannotListenError(*self._where, error) from None
            self._address = address_from(self._socket.getsockname())
            self._factory.doStart()
            self.lobby.open()
            self._accept_on()

    def stopListening(self) -> Deferred[None]:
        """Accept no more; connections stay.

        :returns: has fired.
        """
        if self._socket is not None:
            if self._resting is None:
                self.loop.remove_reader(self._socket)
            else:
                self._resting.cancel()
                self._resting = None
            self._socket.close()
            self._socket = None
            self.lobby.close()
            self._factory.doStop()
        return succeed(None)

    def stopReading(self) -> None:
        """Accept nothing here, as long as others accept from the socket."""
        assert self._socket is not None
        self.loop.remove_reader(self._socket)

    def fileno(self) -> int:
        """The descriptor of the socket, -1 where it is not listened on."""
        return -1 if self._socket is None else self._socket.fileno()

    def getHost(self) -> Address:
        return self._address

    def build(self, address: Address) -> Any:
        """A protocol for a connection, or None where the factory makes none or fails."""
        try:
            return self._factory.buildProtocol(address)
        except Exception:
            self.events.failure("buildProtocol failed")
            return None

    def _accept_on(self) -> None:
        assert self._socket is not None
        self._resting = None
        self.loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            if self._socket is None:
                return
            try:
                accepted, peer = self._socket.accept()
            except BlockingIOError:
                return
            except (ConnectionAbortedError, PermissionError):
                # It left again, or a filter of the system does not want it: accept(2).
                continue
            except OSError as error:
                self._rest(self._socket, error)
                return
            accepted.setblocking(False)
            self.take(accepted, peer)

    def _rest(self, listening: socket.socket, error: OSError) -> None:
        """There is no room for one more; those that come wait in the system's queue."""
        self.events.warn(
            "cannot accept connections, and tries again in a second: {reason}",
            reason=error.strerror,
        )
        self.loop.remove_reader(listening)
        self._resting = self.loop.call_later(_REST, self._accept_on)

    def adopt(self, accepted: socket.socket, peer: Any, factory: Any) -> Deferred[Any]:
        """Make a connection of a socket that was accepted elsewhere, for the same factory."""
        making = self.take(accepted, peer)
        return succeed(None) if making is None else Deferred.fromFuture(making)

    def take(self, accepted: socket.socket, peer: tuple[Any, ...]) -> asyncio.Future[Any] | None:
        """Make a connection of a socket that was accepted.

        :returns: is done when there is a protocol, or none will be; None where that is so now.
        """
        if self.context is not None:
            TLSTransport(self, peer).shake_hands(accepted, self.context)
            return None
        transport = LoopTransport(self, peer)
        making = self.loop.create_task(
            self.loop.connect_accepted_socket(lambda: transport, accepted)
        )
        # One that was aborted in connectionMade is told as an error.
        making.add_done_callback(lambda made: made.cancelled() or made.exception())
        return making


def _listening_socket(interface: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in interface else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((interface, port))
        listening.listen(backlog)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening
