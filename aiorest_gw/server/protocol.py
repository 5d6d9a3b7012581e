"""One client's connection: bytes in, bytes out. What they mean is decided elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autobahn.websocket.xormasker import create_xor_masker
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import BadMessage, CloseCode
from ..messages import Request
from ..routing.urls import SERVING
from ..wire.codecs import decode_base64, decode_request, encode_base64
from ..wire.frames import frame_head, read_messages
from .answering import Answering
from .opening import OpeningProtocol

if TYPE_CHECKING:
    from .factory import RequestHandlerFactory

__all__ = ["RequestHandlerProtocol"]

# Answers of one read leave in one write, but for what the transport would hold back anyway.
_LARGEST_BATCH = 65_536
# RFC 6455 section 5.2: two bytes, eight of length, four of mask.
_LONGEST_HEAD = 14
# Enough for any control frame.
_PIECE = 256


@implementer(IPushProducer)
class RequestHandlerProtocol(OpeningProtocol):
    """Made by :class:`RequestHandlerFactory`, one for each connection.

    A subclass may override ``_decode_message`` and ``_encode_message``, and Autobahn's hooks
    (``onConnect``, ``onOpen``, ``onMessage``, ``onClose`` …); of ``onMessage`` it should call the one
    here for what is a request.

    The connection is a producer to its own transport: where the peer does not read its answers, its
    requests are not read.
    """

    factory: RequestHandlerFactory
    data: bytes
    # Whether a subclass has its own way of sending, which answers then take.
    _sends_slowly = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._sends_slowly = cls.sendMessage is not RequestHandlerProtocol.sendMessage

    def connectionMade(self) -> None:
        factory = self.factory
        self._answering = Answering(
            factory,
            self._send_answer,
            self._answered,
            factory.reactor,
            factory.limits.request_timeout,
            factory.events,
        )
        self._peer_reads = True
        self._held = False
        self._draining = False
        self._batch: list[bytes] = []
        self._batch_size = 0
        self._batching = False
        factory.connections.add(self)
        super().connectionMade()
        self.transport.registerProducer(self, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.connections.discard(self)
        self._answering.close()
        super().connectionLost(reason)
        self.factory.connection_ended()

    # -- requests and their answers

    def dataReceived(self, data: bytes) -> None:
        if self.state in (self.STATE_OPEN, self.STATE_CLOSING):
            self.trafficStats.incomingOctetsWireLevel += len(data)
            self._feed(data)
        else:
            self._dataReceived(data)

    def consumeData(self) -> None:
        """Autobahn calls this where octets wait: what came with the handshake, or was held."""
        if self.state in (self.STATE_OPEN, self.STATE_CLOSING):
            data, self.data = self.data, b""
            self._feed(data)
        else:
            super().consumeData()

    def _feed(self, data: bytes) -> None:
        """Take frames fast where they are whole, and by Autobahn's state machine where not.

        That machine copies all that waits behind each frame, so it gets no more than it needs to come
        to the end of one; else a read of many tiny frames would cost the square of its length.
        """
        while data and self.state != self.STATE_CLOSED:
            if self._must_hold():
                size = len(data)
            elif self.current_frame is not None:
                size = self.current_frame.length - self.current_frame_masker.pointer()
            elif self.data:
                size = _LONGEST_HEAD - len(self.data)
            else:
                size = _PIECE
                if not self.inside_message:
                    data = self._read_fast(data)
            if data:
                size = max(size, 1)  # the machine keeps what it refuses, and asks for nothing more
                self.data += data[:size]
                data = data[size:]
                super().consumeData()

    def _read_fast(self, data: bytes) -> bytes:
        """Take the messages that a read brings whole, and send their answers in one write.

        :returns: what is left for Autobahn's state machine, from the first byte that was not taken.
        """
        messages = read_messages(data, self.maxMessagePayloadSize, _unmask_large)
        if not messages:
            return data
        if self.autoPingTimeoutCall is not None:
            self._cancelAutoPingTimeoutCall()
        self._batching = True
        taken = 0
        for payload, binary, end in messages:
            if self.state == self.STATE_CLOSED or self._must_hold():
                break
            taken = end
            if not self.failedByMe:
                self.onMessage(payload, binary)
        self._batching = False
        self._flush()
        return b"" if taken == len(data) else data[taken:]

    def _flush(self) -> None:
        """Write the answers of this read so far."""
        if self._batch:
            batch = b"".join(self._batch)
            self._batch.clear()
            self._batch_size = 0
            self.transport.write(batch)

    def sendData(self, *args: Any, **kwargs: Any) -> None:
        """Every write of Autobahn's; the answers before it go out before it."""
        self._flush()
        super().sendData(*args, **kwargs)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.state != self.STATE_OPEN:
            # What comes behind our close frame cannot be answered any more, so it is not run.
            return
        serving = SERVING.set(self.factory)
        try:
            request = self._decode_message(payload, isBinary)
        except BadMessage as error:
            self._answering.refuse(error, error.event_name, error.id, isBinary)
        except Exception as error:  # of a subclass that decodes in its own way
            self._answering.refuse(error, None, None, isBinary)
        else:
            request.session = self.session
            request.factory = self.factory
            self._answering.ask(request, isBinary)
        finally:
            SERVING.reset(serving)

    def _decode_message(
        self,
        payload: bytes,
        isBinary: bool = False,
    ) -> Request:
        """The request in a message.

        :raises BadMessage: it is none.
        """
        text = decode_base64(payload) if isBinary else payload
        return decode_request(text, self.factory.limits.max_depth)

    def _encode_message(
        self,
        response: bytes,
        isBinary: bool = False,
    ) -> bytes:
        """The message that carries an answer, in the form in which its request came."""
        return encode_base64(response) if isBinary else response

    def _send_answer(self, answer: bytes, binary: bool) -> None:
        if self.state != self.STATE_OPEN:
            return
        try:
            message = self._encode_message(answer, binary)
            if type(message) is not bytes:
                raise TypeError(f"_encode_message should return bytes, not {message!r}")
        except Exception:
            self.factory.events.failure("an answer cannot be encoded")
            self._fail_connection(self.CLOSE_STATUS_CODE_INTERNAL_ERROR, "internal error")
            return
        if self._sends_slowly or self._perMessageCompress is not None or self.send_queue:
            self.sendMessage(message, binary)
        else:
            self._batch += (frame_head(len(message), binary), message)
            self._batch_size += len(message)
            if not self._batching or self._batch_size > _LARGEST_BATCH:
                self._flush()

    def sendMessage(self, *args: Any, **kwargs: Any) -> None:
        """As Autobahn's, but the limit on what is received does not limit what is sent."""
        self.maxMessagePayloadSize: int = 0
        try:
            super().sendMessage(*args, **kwargs)
        finally:
            self.maxMessagePayloadSize = self.factory.maxMessagePayloadSize

    def _answered(self) -> None:
        if self._draining and not self._answering.open:
            self._leave()
        else:
            self._read_on()

    # -- reading only as fast as the application answers and the peer reads

    def _must_hold(self) -> bool:
        return self.state == self.STATE_OPEN and (
            self._answering.open >= self.factory.limits.max_open_requests
            or not self._peer_reads
            or self._draining
        )

    def processData(self) -> bool:
        if self._must_hold():
            if not self._held:
                self._held = True
                self.transport.pauseProducing()
            return False
        more: bool = super().processData()
        return more

    def _read_on(self) -> None:
        if self._held and not self._must_hold():
            self._held = False
            self.consumeData()
            if not self._held:  # for what was read just now may be too much again
                self.transport.resumeProducing()

    def pauseProducing(self) -> None:
        """The transport holds more than the peer reads."""
        self._peer_reads = False

    def resumeProducing(self) -> None:
        self._peer_reads = True
        self._read_on()

    def stopProducing(self) -> None:
        """The transport is gone; ``connectionLost`` sees to the rest."""

    # -- closing

    def sendCloseFrame(self, *args: Any, **kwargs: Any) -> None:
        super().sendCloseFrame(*args, **kwargs)
        # The peer's own close frame lies behind what was not read.
        self._read_on()

    def onAutoPingTimeout(self) -> None:
        """No pong: the peer is dead, or deaf, or we did not read it."""
        if self._held and self._peer_reads:
            self.autoPingTimeoutCall = self.factory.reactor.callLater(
                self.autoPingTimeout, self.onAutoPingTimeout
            )
            return
        self.autoPingTimeoutCall = None
        self.wasNotCleanReason = "no pong"
        code = CloseCode.NO_HEARTBEAT if self._peer_reads else CloseCode.SLOW_READER
        self.sendClose(int(code), code.name.replace("_", " ").lower())

    def drain(self) -> None:
        """Take no more requests, answer those that are open, and close."""
        self._draining = True
        if not self._answering.open:
            self._leave()

    def finish(self) -> None:
        """Answer what is still open with an error, now."""
        self._answering.expire()

    def _leave(self) -> None:
        if self.state == self.STATE_OPEN:
            self.sendClose(int(CloseCode.DRAINING), "draining")
        elif self.state == self.STATE_CONNECTING:
            self.dropConnection(abort=True)


def _unmask_large(payload: bytes, mask: bytes) -> bytes:
    unmasked: bytes = create_xor_masker(mask, len(payload)).process(payload)
    return unmasked
