"""twisted.web's HTTP/1.1 on a connection of the gateway's: each head is read as strictly as the first.

twisted.web forgives a peer that sends an octet a minute, or reads none, and answers as many requests as
were sent at once; here each head has its time, and so has what is not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IHalfCloseableProtocol, ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from zope.interface import implementer

from ..wire.bodies import body_length, expects_continue, persists
from ..wire.handshake import HandshakeRefused, HeadReader, RequestHead
from .bodies import Body, BodyRefused
from .handing import hand_over
from .patience import Patience
from .plain import refusal
from .request import WebRequest
from .sending import Sending

if TYPE_CHECKING:
    from .web import Web

__all__ = ["WebChannel"]

# Requests that are answered before other connections have their turn.
_AT_ONCE = 16
# Bytes of further requests that are taken while one is answered.
_AHEAD = 16_384


@implementer(IHalfCloseableProtocol)
class WebChannel(HTTPChannel):
    """One connection of plain HTTP.

    :param web: what is asked.
    :param first: the head of the first request, whose bytes are still to come, at once.
    :param proxied: the client that a proxy named when it connected.
    :ivar counted_as: the address that the connection is counted under; None of a UNIX socket.
    :ivar secure: whether it is one of TLS.
    """

    counted_as: str | None = None
    secure = False
    transport: Any
    # What came and is not read yet, and the body that is being read.
    _received = b""
    _body: Body | None = None
    # Reading now; reads nothing more, and is to be closed; the transport was told not to read.
    _going = _closing = _leaving = _held = False
    _turn: Any = None
    _draining = False

    def __init__(
        self, web: Web, first: RequestHead | None = None, proxied: str | None = None
    ) -> None:
        super().__init__()
        self.web = web
        self._first = first
        self.proxied = proxied
        self.site = self.factory = web.site
        self._reader = HeadReader()
        self._patience = Patience(web, self)

    def connectionMade(self) -> None:
        self.web.enter(self)
        self.secure = ISSLTransport.providedBy(self.transport)
        self._addresses = self.transport.getPeer(), self.transport.getHost()
        self._networkProducer = self.transport
        self.transport.registerProducer(self, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stop()
        self._patience.stop()
        super().connectionLost(reason)
        self.requests.clear()
        self.web.leave(self)

    def _stop(self) -> None:
        """Read nothing more."""
        self._closing = True
        self._received = b""
        self._body = None
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.cancel()

    def getPeer(self) -> Any:
        return self._addresses[0]

    def getHost(self) -> Any:
        return self._addresses[1]

    # -- reading requests

    def dataReceived(self, data: bytes) -> None:
        if self._closing:
            return
        self._received += data
        if not self._going and self._turn is None:
            self._go_on()

    def _go_on(self) -> None:
        """Read what is here, until a request is answered later, or the peer should read first."""
        self._turn = None
        self._going = True
        for _ in range(_AT_ONCE):
            if not self._received or self._busy:
                break
            received, self._received = self._received, b""
            self._read(received)
        self._going = False
        if self._closing:
            return
        if self._received and not self._busy:
            self._turn = self.web.factory.reactor.callLater(0, self._go_on)
        self._hold(len(self._received) > _AHEAD)

    @property
    def _busy(self) -> bool:
        return self._handlingRequest or self._waitingForTransport or self._closing

    def _hold(self, holds: bool) -> None:
        """Let the peer wait with what it sends, or not."""
        if holds is not self._held:
            self._held = holds
            if holds:
                self._networkProducer.pauseProducing()
            else:
                self._networkProducer.resumeProducing()

    def _read(self, received: bytes) -> None:
        try:
            if self._body is not None:
                self._read_body(self._body, received)
            else:
                self._read_head(received)
        except (HandshakeRefused, BodyRefused) as refused:
            self.refuse(refused.status, refused.reason, dict(refused.headers))

    def _read_head(self, received: bytes) -> None:
        first, self._first = self._first, None
        if first is not None:
            self._received = received[len(first.head) + 4 :]
            self._begin(first)
            return
        if self._patience.calm:
            # Empty lines before a request are passed over (RFC 9112 section 2.2).
            received = received.lstrip(b"\r\n")
        if not received:
            return
        read = self._reader.feed(received)
        if read is None:
            self._patience.expect(self.web.limits.handshake_timeout)
            return
        self._patience.end()
        self._reader = HeadReader()
        head, self._received = read
        self._begin(head)

    def _begin(self, head: RequestHead) -> None:
        """A request's head is here.

        :raises HandshakeRefused: its body is not taken, or nothing is answered under that host's name.
        """
        self.web.look_at_host(head)
        length = body_length(head)
        most = self.web.limits.max_message_size
        if length is not None and length > most:
            raise BodyRefused(413, f"A body of more than {most} bytes is not taken")
        self.persistent = persists(head) and not self._draining
        request = WebRequest(self, head)
        self.requests.append(request)
        if length == 0:
            self._answer(request)
            return
        # No page reads a body: only an application's own resource does.
        reads = self.web.has_resource(head.path)
        self._body = Body(length, most, request.handleContentChunk if reads else _pass_over)
        self._patience.expect(self.web.limits.request_timeout)
        if expects_continue(head) and not self._received:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _read_body(self, body: Body, received: bytes) -> None:
        rest = body.feed(received)
        if rest is not None:
            self._body = None
            self._patience.end()
            self._received = rest
            self._answer(self.requests[-1])

    def _answer(self, request: WebRequest) -> None:
        self._handlingRequest = True
        if request.head.upgrades:
            # A proxy may ask for it over a connection that it has kept.
            self._give_up(request.head)
        else:
            request.process()

    def requestDone(self, request: Any) -> None:
        self.requests.remove(request)
        self._handlingRequest = False
        if not self.persistent:
            self.loseConnection()
            return
        self._patience.idle()
        if self._received and not self._going and not self._busy and self._turn is None:
            self._go_on()

    # -- answers

    def write_head(self, head: bytes, body: bytes) -> None:
        """Write the head of an answer, but for what each has, and what there is of its body."""
        end = b"\r\n" if self.persistent else b"Connection: close\r\n\r\n"
        self.transport.write(b"".join((head, self.web.date_line(), end, body)))

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:
        # Those of the connection are written below, and once.
        if not self.persistent:
            headers.removeHeader(b"Connection")
        headers.removeHeader(b"Date")
        lines = [b"HTTP/1.1 %s %s\r\n" % (code, reason)]
        for name, values in headers.getAllRawHeaders():
            lines += [b"%s: %s\r\n" % (name, value) for value in values]
        self.write_head(b"".join(lines), b"")

    def refuse(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        """Answer with that, read nothing more, and close."""
        self.web.factory.events.info(
            "a request from {peer} was refused: {status} {reason}",
            peer=str(getattr(self.getPeer(), "host", "")), status=status, reason=reason,
        )  # fmt: skip
        self._stop()
        self._patience.end()
        self.persistent = False
        self.requests.clear()
        self.transport.write(refusal(status, reason, headers or {}))
        if status == 413:
            # What comes of the body would reset the connection, and the answer be lost.
            self._hold(False)
            self._patience.expect(self.web.limits.handshake_timeout, self.loseConnection)
        else:
            self.loseConnection()

    # -- as fast as the peer reads

    def pauseProducing(self) -> None:
        super().pauseProducing()
        self._patience.expect_reading()

    def resumeProducing(self) -> None:
        self._waitingForTransport = False
        if not self._closing:
            self._patience.stop_expecting_reading()
        if self._requestProducer is not None:
            self._requestProducer.resumeProducing()
        if not (self._busy or self._held):
            self._networkProducer.resumeProducing()
        if self._received and not self._going and not self._busy and self._turn is None:
            self._go_on()

    # -- the end

    def readConnectionLost(self) -> None:
        """The peer has sent all; it may still read a file that is being sent.

        What an application sends piece by piece may never end, and who closes a page says no more.
        """
        if isinstance(self._requestProducer, Sending):
            self._stop()
            self.persistent = False
        else:
            self.loseConnection()

    def writeConnectionLost(self) -> None:
        """Nobody closes our half alone."""

    def loseConnection(self) -> None:
        """Close when everything is written, and the peer reads it."""
        if not self._leaving:
            self._leaving = True
            self._stop()
            self._patience.leave()
            super().loseConnection()

    def drain(self) -> None:
        """Answer what was asked, and close."""
        self._draining = True
        self.persistent = False
        if not self.requests:
            self.loseConnection()

    def abort(self) -> None:
        """Close now."""
        self._stop()
        self._patience.stop()
        self.transport.abortConnection()

    # -- a connection that was kept may become a WebSocket's

    def _give_up(self, head: RequestHead) -> None:
        """Let the gateway's protocol have the connection, which answers its requests for a WebSocket."""
        protocol = self.web.factory.buildProtocol(self.getPeer())
        if protocol is None:
            self.abort()
            return
        data = head.head + b"\r\n\r\n" + self._received
        self._stop()
        self._patience.stop()
        self.requests.clear()
        self.transport.unregisterProducer()
        self.web.leave(self)
        protocol.proxied = self.proxied
        hand_over(self.transport, protocol, data)
        self._hold(False)


def _pass_over(data: bytes) -> None:
    """Takes the place of what keeps a body."""
