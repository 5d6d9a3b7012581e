"""The gateway as a service: it listens, and it leaves without dropping what is open."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, fail, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import ConfigurationError
from .factory import RequestHandlerFactory
from .leaving import LeavingService
from .reactors import raise_open_files
from .sending import send_eagerly
from .tls import is_understood
from .transport import loop_of

__all__ = ["GatewayService", "address_of", "cannot_listen", "endpoint_of"]


class GatewayService(LeavingService):
    """Listens for a factory's connections.

    :param reactor: what it runs on.
    :param factory: makes the connections.
    :param listen: Twisted's descriptions of server endpoints, such as ``tcp:8080``. On asyncio's
        reactor ``tcp:`` means ``loop:``, unless ``twisted_tcp``; on uvloop so does ``ssl:``, where
        ``loop:`` knows all that is said.
    :raises ConfigurationError: one of the descriptions is not right.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        factory: RequestHandlerFactory,
        listen: Sequence[str],
        twisted_tcp: bool = False,
    ) -> None:
        self.reactor = reactor
        self.factory = factory
        self._endpoints = [(text, endpoint_of(reactor, text, twisted_tcp)) for text in listen]
        self.ports: list[IListeningPort] = []

    def privilegedStartService(self) -> None:
        """Listen, while the process may still take low ports.

        :raises ConfigurationError: an address cannot be listened on.
        """
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
        if self.factory.router.empty:
            self.factory.events.warn("the application has no routes: everything is answered 404")
        if not self.ports:
            self.privilegedStartService()

    def stopService(self) -> Deferred[Any]:
        """Stop listening, and drain the connections.

        :returns: fires when none is left.
        """
        super().stopService()
        closed = [maybeDeferred(port.stopListening) for port in self.ports]
        return DeferredList([*closed, self.factory.drain()])

    def finish(self) -> None:
        """Answer what is still open with an error, so that a drain ends now."""
        self.factory.finish()

    def _listens(self, port: IListeningPort, text: str) -> None:
        self.ports.append(port)
        send_eagerly(port)
        self.announce(f"listens on {address_of(port, text, self.factory.path)}")

    def announce(self, line: str) -> None:
        """Tell the operator something, here in the log."""
        self.log.info("{line}", line=line)


def address_of(port: IListeningPort, text: str, path: str) -> str:
    """Where a client connects to, as a URL where there is one."""
    address: Any = port.getHost()
    if not hasattr(address, "port"):
        return text
    secure = text.startswith("ssl:") or getattr(port, "context", None) is not None
    scheme = "wss" if secure else "ws"
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{scheme}://{host}:{address.port}{path}"


def endpoint_of(reactor: Any, text: str, twisted_tcp: bool) -> Any:
    """The endpoint of a description.

    :raises ConfigurationError: it is not right.
    """
    kind, colon, rest = text.partition(":")
    own = colon and not twisted_tcp and _is_better_by_the_loop(kind, rest, loop_of(reactor))
    try:
        return serverFromString(reactor, f"loop:{rest}" if own else text)
    except Exception as error:
        raise ConfigurationError(
            f"{text!r} is no endpoint to listen on: {_endpoint_hint(text, error)}"
        ) from None


def _is_better_by_the_loop(kind: str, arguments: str, loop: Any) -> bool:
    if kind == "ssl":
        # With TLS asyncio's own loops take 250 KiB more than Twisted for a connection, and no less CPU.
        own_loop = isinstance(loop, asyncio.BaseEventLoop)
        return loop is not None and not own_loop and is_understood(arguments)
    return loop is not None and kind == "tcp"


def _endpoint_hint(text: str, error: Exception) -> str:
    """What is wrong with a description, where Twisted's own words do not say it."""
    port = text.rpartition(":")[2]
    if isinstance(error, ImportError):
        return f"{error}; install aiorest_gw[tls]"
    if port.isdecimal() and text.partition(":")[0] not in ("tcp", "ssl", "unix"):
        host = text.rpartition(":")[0] or "127.0.0.1"
        return f"write tcp:{port}:interface={host}"
    return str(error).replace("parse_endpoint() ", "") or type(error).__name__


def cannot_listen(text: str, failure: Failure) -> ConfigurationError:
    """Why a description cannot be listened on, in one line."""
    error = failure.value
    reason: Any = error
    if isinstance(error, CannotListenError):
        reason = error.socketError
        port = str(error.port)
        if port not in text.split(":"):
            text = f"{text}: cannot listen on port {port}"
    told = getattr(reason, "strerror", None) or reason
    hint = "; choose another port" if getattr(reason, "errno", 0) == errno.EADDRINUSE else ""
    return ConfigurationError(f"cannot listen on {text}: {told}{hint}")
