"""A connection until its WebSocket is open: who connects, from where, and whether it may."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from ..errors import APIError, for_clients
from ..sessions.session import Session
from ..web.guests import Guest
from ..web.handing import hand_over
from ..wire.handshake import (
    Handshake,
    HandshakeRefused,
    HeadReader,
    RequestHead,
    handshake_of,
    read_head,
)
from ..wire.proxies import ProxyHeaderInvalid, ProxyHeaderReader
from .awaiting import begun
from .compression import understood
from .foreigners import refuse_foreign_pages
from .hooks import HookedProtocol
from .lean import MadeAgain
from .loops import loop_of
from .transport import LoopTransport

if TYPE_CHECKING:
    from .factory import RequestHandlerFactory

__all__ = ["OpeningProtocol"]


class _Silent:
    """Autobahn logs nearly every step; what is worth it is logged by us, and capped."""

    def debug(self, *args: Any, **fields: Any) -> None:
        """Nothing."""

    info = warn = error = debug


def _of_handshake(name: str) -> MadeAgain:
    """What Autobahn keeps of a handshake."""
    return MadeAgain(lambda connection: connection._read_again()[name])


class OpeningProtocol(HookedProtocol):
    """Reads the first request in place of Autobahn, which answers it where it opens a WebSocket.

    Autobahn's hooks ``onConnect`` and ``onOpen`` are called as ever. A request for anything else that
    there is goes to the factory's :class:`~aiorest_gw.web.web.Web`, and the connection with it.
    """

    factory: RequestHandlerFactory
    log = _Silent()
    session: Session | None = None
    http_request_data = MadeAgain(lambda connection: connection._head + b"\r\n\r\n")
    http_status_line = MadeAgain(lambda connection: connection._head.partition(b"\r\n")[0].decode())
    http_headers = _of_handshake("http_headers")
    http_request_uri = _of_handshake("http_request_uri")
    http_request_path = _of_handshake("http_request_path")
    http_request_params = _of_handshake("http_request_params")
    http_request_host = _of_handshake("http_request_host")
    websocket_version = 13
    websocket_protocols = _of_handshake("websocket_protocols")
    websocket_origin = _of_handshake("websocket_origin")
    websocket_extensions = _of_handshake("websocket_extensions")
    _wskey = _of_handshake("_wskey")
    # The client that a proxy named when it connected, for all requests of the connection.
    proxied: str | None = None
    _address: str | None = None
    _refusal: tuple[int, str] | None = None
    _reader: HeadReader | None = None
    _proxy_reader: ProxyHeaderReader | None = None
    _head = b""
    _waits = False
    # What ``onConnect`` has not answered yet.
    _asked: Any = None
    # Seconds for which the credentials of the handshake hold.
    _remaining: float | None = None

    def connectionMade(self) -> None:
        peer = getattr(self.transport.getPeer(), "host", None)
        self._address = self.proxied or peer
        self._refusal = self.factory.admission.enter(self._address)
        self._reader = HeadReader()
        if self.proxied is None and self.factory.trusted_proxies.trust(peer):
            self._proxy_reader = ProxyHeaderReader()
        super().connectionMade()
        if isinstance(self.transport, LoopTransport):
            # The loop begins to read when it has called this.
            self.transport.loop.call_soon(self._read_in_turn)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.admission.leave(self._address)
        self._reader = self._proxy_reader = None
        asked, self._asked = self._asked, None
        super().connectionLost(reason)
        if asked is not None:
            asked.cancel()

    def processHandshake(self) -> None:
        """Autobahn calls this with what was read until the connection is open."""
        if self._reader is None:
            # ``onConnect`` has not answered yet: what follows the handshake waits in the socket.
            self._waits = True
            self.transport.pauseProducing()
            return
        data, self.data = self.data, b""
        try:
            after = self._after_proxy_header(data)
            read = None if after is None else self._reader.feed(after)
        except ProxyHeaderInvalid as error:
            self.wasNotCleanReason = f"PROXY protocol: {error}"
            self.dropConnection(abort=True)
        except HandshakeRefused as refused:
            self._refuse(refused)
        else:
            if read is None:
                self._read_in_turn()
            else:
                self._reader = None
                request, self.data = read
                self._begin(request)

    def _refuse(self, refused: HandshakeRefused) -> None:
        self._reader = None
        self.failHandshake(refused.reason, refused.status, list(refused.headers.items()))

    def _read_in_turn(self) -> None:
        """Those that are not open yet hold up nobody, however many send in the same moment."""
        if self._reader is not None and isinstance(self.transport, LoopTransport):
            self.transport.read_in_turn()

    def _after_proxy_header(self, data: bytes) -> bytes | None:
        """What follows the PROXY protocol's header, where a trusted peer sends one; None until then."""
        if self._proxy_reader is None:
            return data
        after = self._proxy_reader.feed(data)
        if after is not None:
            self.proxied = self._proxy_reader.client
            self._seem_from(self.proxied)
            self._proxy_reader = None
        return after

    def _seem_from(self, address: str | None) -> None:
        """The connection is a proxy's, and this its client."""
        if address is not None and address != self._address:
            self.factory.admission.leave(self._address)
            self._address = address
            self._refusal = self.factory.admission.enter(address)
            self.peer = address

    def _begin(self, request: RequestHead) -> None:
        """The first request is here."""
        web, proxies = self.factory.web, self.factory.trusted_proxies
        secure = ISSLTransport.providedBy(self.transport) or proxies.secure(
            self._address, request.headers
        )
        self._seem_from(proxies.client(self._address, request.headers))
        try:
            if self._refusal is not None:
                raise HandshakeRefused(*self._refusal)
            guest = web.guest(request, secure, self.proxied)
            if guest is None:
                self._connect(handshake_of(request), secure)
            else:
                self._leave_to(guest, request)
        except HandshakeRefused as refused:
            self._refuse(refused)

    def _leave_to(self, guest: Guest, request: RequestHead) -> None:
        """The connection is another protocol's from now on."""
        if self.openHandshakeTimeoutCall is not None:
            self.openHandshakeTimeoutCall.cancel()
            self.openHandshakeTimeoutCall = None
        # Autobahn counts it out only when it is told of the end.
        self.factory.countConnections -= 1
        guest.counted_as = self._address
        hand_over(self.transport, guest, request.head + b"\r\n\r\n" + self.data)

    def _connect(self, handshake: Handshake, secure: bool) -> None:
        """Ask ``onConnect``, with what Autobahn keeps of a handshake set as it would.

        :raises HandshakeRefused: it may not be opened here.
        """
        self._look_at_handshake(handshake, secure)
        headers = handshake.headers
        self._head = handshake.request.head
        self._remember(handshake)
        request = ConnectionRequest(
            self.peer, headers, self.http_request_host, handshake.path, handshake.query, 13,
            self.websocket_origin, handshake.protocols, self.websocket_extensions,
        )  # fmt: skip
        # Kept before it is asked, which may note something there.
        self.session = Session(secrets.token_urlsafe(16), str(self.peer))
        answer = self._asked = maybeDeferred(self._ask, request)
        # What it says may be nothing that can be said.
        answer.addCallbacks(self.succeedHandshake, self._denied).addErrback(self._denied)

    def _ask(self, request: ConnectionRequest) -> Any:
        """What ``onConnect`` says, or what fires with it."""
        loop = loop_of(self.factory.reactor)
        if self.factory.authenticator is not None and not self._spoken() and self.token:
            return begun(self._authenticate(request), loop)
        answer = self.onConnect(request)
        return begun(answer, loop) if isinstance(answer, Awaitable) else answer

    async def _authenticate(self, request: ConnectionRequest) -> Any:
        """Of the plain dialect, which opens no session: then ask ``onConnect``.

        :raises ConnectionDeny: the credentials are wrong.
        """
        try:
            identity = await self.factory.identify(self.token)
        except APIError as error:
            if for_clients(error) is not error:
                raise
            raise ConnectionDeny(error.status, str(error.detail)) from None
        assert self.session is not None
        self.session.user, self._remaining = identity.user, identity.remaining
        answer = self.onConnect(request)
        return await answer if isinstance(answer, Awaitable) else answer

    def _remember(self, handshake: Handshake) -> None:
        """Set what Autobahn keeps of a handshake."""
        headers = handshake.headers
        extensions = self._parseExtensionsHeader(headers.get("sec-websocket-extensions", ""))
        self.__dict__.update(
            http_headers=headers,
            http_request_uri=handshake.request.target,
            http_request_path=handshake.path,
            http_request_params=handshake.query,
            http_request_host=handshake.hostname,
            websocket_protocols=handshake.protocols,
            websocket_origin=handshake.origin or "",
            websocket_extensions=understood(extensions),
            _wskey=handshake.key,
        )

    def _read_again(self) -> dict[str, Any]:
        """The attributes of this connection with those of its handshake.

        :raises AttributeError: there was no handshake yet.
        """
        if not self._head:
            raise AttributeError("the opening handshake was not read yet")
        self._remember(handshake_of(read_head(self._head)))
        return self.__dict__

    def _look_at_handshake(self, handshake: Handshake, secure: bool) -> None:
        """
        :raises HandshakeRefused: a connection may not be opened with it here.
        """
        factory, offered = self.factory, handshake.protocols
        if (handshake.path.rstrip("/") or "/") != (factory.path.rstrip("/") or "/"):
            raise HandshakeRefused(404, "There is no gateway at this path")
        refuse_foreign_pages(factory, handshake, secure)
        if offered and not set(offered) & set(factory.protocols):
            raise HandshakeRefused(400, "None of the offered subprotocols is spoken here")
        if factory.manager.full and not offered:
            raise HandshakeRefused(503, "There are too many sessions")

    @property
    def origin(self) -> str | None:
        """The address that its client is counted under, or None."""
        return self.factory.admission.origin(self._address)

    @property
    def token(self) -> str | None:
        """Credentials of the opening handshake: ``Authorization: Bearer`` (RFC 6750 section 2.1), or the
        cookie that the factory names.
        """
        scheme, _, token = self.http_headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return str(token.strip())
        cookie = self.factory.token_cookie
        for pair in self.http_headers.get("cookie", "").split(";") if cookie else ():
            name, _, value = pair.strip().partition("=")
            if name == cookie:
                return str(value.strip('"')) or None
        return None

    def _spoken(self) -> str | None:
        """The subprotocol that is spoken where ``onConnect`` chose none: of those that are offered, the
        first that is known (RFC 6455 section 4.2.2).
        """
        known = self.factory.protocols
        return next((name for name in self.websocket_protocols if name in known), None)

    def succeedHandshake(self, accepted: Any) -> None:
        """``onConnect`` lets the client in."""
        if self.state != self.STATE_CONNECTING:
            return
        if accepted is None:
            accepted = self._spoken()
        elif isinstance(accepted, tuple) and accepted[0] is None:
            accepted = (self._spoken(), accepted[1])
        if self._waits:
            self._waits = False
            self.transport.resumeProducing()
        super().succeedHandshake(accepted)
        self._asked = None
        if self.state == self.STATE_OPEN:
            self._let_go()

    def _denied(self, failure: Failure) -> None:
        """``onConnect`` refuses the client, or failed."""
        if self.state != self.STATE_CONNECTING:
            return
        denied = failure.value
        if isinstance(denied, ConnectionDeny):
            self.failHandshake(denied.reason, denied.code)
        else:
            self.factory.events.failure("onConnect failed", failure)
            self.failHandshake("", HTTPStatus.INTERNAL_SERVER_ERROR)

    def onOpenHandshakeTimeout(self) -> None:
        """The time for both handshakes is over, and for ``onConnect``."""
        self.openHandshakeTimeoutCall = None
        if self.state == self.STATE_CONNECTING and self._head:
            self.factory.events.warn("onConnect did not answer in time")
            self.failHandshake("", HTTPStatus.GATEWAY_TIMEOUT)
        elif self.state == self.STATE_CLOSED:
            # Answered long ago, and it still does not read that.
            self.transport.abortConnection()
        else:
            super().onOpenHandshakeTimeout()

    def _onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """``onClose`` is told of each connection, and has a session also of one that never was open."""
        if self.session is None:
            self.session = Session("", str(self.peer))
        super()._onClose(wasClean, code, reason)

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: Any = None) -> None:
        self.factory.events.info(
            "a handshake from {peer} was refused: {status} {reason}",
            peer=str(self.peer), status=int(code), reason=reason,
        )  # fmt: skip
        super().failHandshake(reason, code, responseHeaders)

    def sendHttpErrorResponse(
        self,
        code: int,
        reason: str,
        responseHeaders: Any = None,
    ) -> None:
        """Refuse a handshake: a complete answer of HTTP, and none of our own errors' text in it."""
        try:
            phrase = HTTPStatus(code).phrase
        except ValueError:
            phrase = "Refused"
        printable = "".join(c if " " <= c <= "~" else "?" for c in reason[:200])
        body = (phrase if code >= 500 and code != 503 else printable) + "\n"
        headers = [
            *(responseHeaders or ()),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        head = [f"HTTP/1.1 {int(code)} {phrase}", *(f"{name}: {value}" for name, value in headers)]
        self.sendData("\r\n".join([*head, "", body]).encode())

    def _fail_connection(self, code: int = 1001, reason: str = "going away") -> None:
        if self.state != self.STATE_CLOSED:
            self.factory.events.info(
                "failing the connection of {peer}: {code} {reason}",
                peer=str(self.peer), code=int(code), reason=reason,
            )  # fmt: skip
        super()._fail_connection(code, reason)
