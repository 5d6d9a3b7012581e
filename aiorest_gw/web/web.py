"""What a gateway answers besides its WebSocket, and who asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time
from typing import TYPE_CHECKING, Any

from ..limits import Limits
from ..pages.dates import http_date
from ..pages.documents import Document
from ..server.foreigners import refuse_foreign_pages
from ..wire.handshake import HandshakeRefused, RequestHead, handshake_of
from ..wire.hosts import is_own_host
from .channel import WebChannel
from .guests import Guest
from .site import site_of

if TYPE_CHECKING:
    from ..server.factory import RequestHandlerFactory
    from .files import Pages

__all__ = ["Web"]


class Web:
    """The pages, documents, resources and further sockets on the port of a gateway.

    Connections that open the gateway's WebSocket have nothing to do with it.

    :param factory: the gateway's.
    :ivar documents: what is answered from memory, by path.
    :ivar pages: the site, or None.
    :ivar given_pages: the one that the application has given.
    :ivar sockets: further WebSockets: what makes a protocol for a connection, by path.
    :ivar hosts: names that may be asked for besides this machine's own and addresses; None: all. On a
        machine that somebody works on, a page from elsewhere could else reach the port under a name of
        its own that leads here (DNS rebinding).
    :ivar connections: that are served here.
    """

    def __init__(
        self,
        factory: RequestHandlerFactory,
        documents: Mapping[str, Document],
        pages: Pages | None = None,
    ) -> None:
        self.factory = factory
        self.documents = dict(documents)
        self.pages = self.given_pages = pages
        self.sockets: dict[str, Callable[[RequestHead], Guest]] = {}
        self.hosts: frozenset[str] | None = None
        self.connections: set[Guest] = set()
        self._site: Any = None
        self._date = 0, b""

    @property
    def site(self) -> Any:
        """The site of twisted.web's; its ``resource`` takes an application's own by ``putChild``."""
        if self._site is None:
            self._site = site_of(self)
        return self._site

    @property
    def limits(self) -> Limits:
        """Of the gateway."""
        return self.factory.limits

    def later(self, seconds: float, function: Callable[..., Any], *args: Any) -> Any:
        """Call something later."""
        return self.factory.surroundings.later(seconds, function, *args)

    def now(self) -> float:
        """The time of the gateway's timers."""
        return self.factory.surroundings.now()

    def date_line(self) -> bytes:
        """The ``Date`` of an answer, as its line."""
        second = int(time())
        if second != self._date[0]:
            self._date = second, f"Date: {http_date(second)}\r\n".encode()
        return self._date[1]

    def guest(self, request: RequestHead, secure: bool, proxied: str | None = None) -> Guest | None:
        """Who answers the first request of a connection.

        :param secure: whether it came over TLS.
        :param proxied: the client that a proxy named when it connected.
        :returns: takes the connection over; None where it is the gateway's WebSocket, or nothing.
        :raises HandshakeRefused: it may not open that socket, or be asked under that name.
        """
        self.look_at_host(request)
        if not request.upgrades:
            if not self._answers(request.path):
                return None
            return WebChannel(self, request, proxied)
        socket = self.sockets.get(request.path.rstrip("/"))
        if socket is None:
            return None
        refuse_foreign_pages(self.factory, handshake_of(request), secure)
        return socket(request)

    def look_at_host(self, request: RequestHead) -> None:
        """
        :raises HandshakeRefused: nothing is answered under the name that is asked for.
        """
        if self.hosts is not None and not is_own_host(request.host, self.hosts):
            raise HandshakeRefused(403, "This host name is not served here (--allow-host)")

    def _answers(self, path: str) -> bool:
        """Whether there may be something at a path for plain HTTP."""
        if self.pages is not None or path in self.documents:
            return True
        return self.has_resource(path)

    def has_resource(self, path: str) -> bool:
        """Whether an application's own resource answers at a path."""
        return self._site is not None and self._site.resource.has(path)

    def is_socket(self, path: str) -> bool:
        """Whether there is a WebSocket at a path, the gateway's or another."""
        path = path.rstrip("/")
        return path == self.factory.path.rstrip("/") or path in self.sockets

    def adopt(self, other: Web) -> None:
        """Answer also what another one would, whose gateway goes on as this one's."""
        self.documents.update(other.documents)
        self.sockets.update(other.sockets)
        self.given_pages = other.pages
        if other._site is not None:
            for name, resource in other.site.resource.children.items():
                self.site.resource.putChild(name, resource)

    def forget_pages(self) -> None:
        """What pages are made of has changed, though their files have not."""
        pages = None if self._site is None else self._site.resource.pages
        if pages is not None:
            pages.forget()

    def enter(self, guest: Guest) -> None:
        """A connection is served here."""
        self.connections.add(guest)

    def leave(self, guest: Guest) -> None:
        """It is so no more, and no client's any more."""
        self.connections.discard(guest)
        self.factory.admission.leave(guest.counted_as)
        self.factory.connection_ended()
