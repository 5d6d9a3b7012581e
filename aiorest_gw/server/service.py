"""The gateway as a service: it listens, and it leaves without dropping what is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, fail, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure

from .endpoints import address_of, cannot_listen, endpoint_of, pages_at
from .factory import RequestHandlerFactory
from .leaving import LeavingService
from .reactors import raise_open_files
from .sending import send_eagerly

__all__ = ["GatewayService"]


class GatewayService(LeavingService):
    """Listens for a factory's connections.

    :param reactor: what it runs on.
    :param factory: makes the connections.
    :param listen: Twisted's descriptions of server endpoints, such as ``tcp:8080``. On asyncio's
        reactor ``tcp:`` means ``loop:``, unless ``twisted_tcp``; on uvloop so does ``ssl:``, where
        ``loop:`` knows all that is said.
    :raises ConfigurationError: one of the descriptions is not right.
    """

    def __init__(
        self,
        reactor: Any,
        factory: RequestHandlerFactory,
        listen: Sequence[str],
        twisted_tcp: bool = False,
    ) -> None:
        self.log = Logger(namespace="aiorest_gw")
        self.reactor = reactor
        self.factory = factory
        self._endpoints = [(text, endpoint_of(reactor, text, twisted_tcp)) for text in listen]
        self.ports: list[IListeningPort] = []

    def privilegedStartService(self) -> None:
        """Listen, while the process may still take low ports.

        :raises ConfigurationError: an address cannot be listened on.
        """
        self.ready()
        can = raise_open_files(self.factory.limits.max_connections)
        if can < self.factory.limits.max_connections:
            self.log.warn("the limit of open files leaves room for {can} connections", can=can)
        for text, endpoint in self._endpoints:
            try:
                listening = endpoint.listen(self.factory)
            except CannotListenError as error:  # of what the application listens on itself
                listening = fail(error)
            listening.addCallback(self._listens, text)
            failed: list[Failure] = []
            listening.addErrback(failed.append)
            if failed:
                for port in self.ports:
                    port.stopListening()
                raise cannot_listen(text, failed[0])

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        if self.factory.router.empty and self.factory.web.pages is None:
            self.factory.events.warn("the application has no routes: everything is answered 404")
        if not self.ports:
            self.privilegedStartService()

    def stopService(self) -> Deferred[Any]:
        """Stop listening, and drain the connections.

        :returns: fires when none is left.
        """
        super().stopService()
        closed = [maybeDeferred(port.stopListening) for port in self.ports]
        window = 0 if self.hurries else self.factory.limits.drain_window
        return DeferredList([*closed, self.factory.drain(window)])

    def connections(self) -> int:
        return len(self.factory.connections)

    def finish(self) -> None:
        """Answer what is still open with an error, so that a drain ends now."""
        self.factory.finish()

    def _listens(self, port: IListeningPort, text: str) -> None:
        self.ports.append(port)
        send_eagerly(port)
        self.announce(f"listens on {address_of(port, text, self.factory.path)}")
        if self.factory.web.pages is not None:
            self.announce(f"shows pages at {pages_at(port, text)}")

    def announce(self, line: str) -> None:
        """Tell the operator something, here in the log."""
        self.log.info("{line}", line=line)
