"""One client's connection: bytes in, bytes out. What they mean is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from autobahn.websocket.protocol import PreparedMessage
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import BadMessage, CloseCode
from ..messages import Request
from ..routing.urls import SERVING
from ..wire.codecs import decode_base64, decode_request, encode_base64, look
from ..wire.deflate import COMPRESS_FROM
from ..wire.frames import BINARY, COMPRESSED, TEXT, frame_head
from .answering import Answering
from .reading import ReadingProtocol
from .transport import waiting_in

if TYPE_CHECKING:
    from .factory import RequestHandlerFactory

__all__ = ["RequestHandlerProtocol"]

# What leaves together leaves in one write, but for what the transport would hold back anyway.
_LARGEST_BATCH = 65_536
# Seconds after which a peer with too much waiting for it has to have read some of it.
_PATIENCE = 1.0
# Bytes of a message that is looked at and answered in two turns.
_LARGE = 262_144


@implementer(IPushProducer)
class RequestHandlerProtocol(ReadingProtocol):
    """Made by :class:`RequestHandlerFactory`, one for each connection.

    A subclass may override ``_decode_message`` and ``_encode_message``, and Autobahn's hooks
    (``onConnect``, ``onOpen``, ``onMessage``, ``onClose`` …); of ``onMessage`` it should call the one
    here for what is a request.

    The connection is a producer to its own transport: where the peer does not read its answers, its
    requests are not read.
    """

    factory: RequestHandlerFactory
    # Whether a subclass has its own way of sending, encoding or decoding, which is then taken.
    _sends_slowly = _encodes = _decodes = False
    _peer_reads = True
    _unread = 0
    _patience: IDelayedCall | None = None
    _draining = False
    # What was sent and is not written yet, and whether more comes of the same read.
    _batch: list[bytes] | None = None
    _batch_size = 0
    _gathers = False
    # What is to be sent behind the message that an application sends piece by piece, and its size.
    _behind: list[Callable[[], None]] | None = None
    _behind_size = 0

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._decodes = cls._decode_message is not RequestHandlerProtocol._decode_message
        cls._encodes = cls._encode_message is not RequestHandlerProtocol._encode_message
        cls._sends_slowly = cls.sendMessage is not RequestHandlerProtocol.sendMessage

    def connectionMade(self) -> None:
        factory = self.factory
        self._answering = Answering(factory, self, factory.reactor, factory.limits, factory.events)
        factory.connections.add(self)
        super().connectionMade()
        self.transport.registerProducer(self, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.connections.discard(self)
        self._answering.close()
        self._batch = None
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        try:
            super().connectionLost(reason)
        finally:
            self.factory.connection_ended()

    # -- requests and their answers

    def _begin_batch(self) -> None:
        self._gathers = True

    def _end_batch(self) -> None:
        self._gathers = False
        if self._batch is not None:
            self.factory.outgoing.wait(self, self._batch_size)

    def flush(self) -> None:
        """Write what was sent so far."""
        batch, self._batch = self._batch, None
        if batch is None:
            return
        last = batch.pop()
        if len(last) > _LARGEST_BATCH:
            # Too much to be copied; the loop sends both together.
            self._write(b"".join(batch))
            self._write(last)
        else:
            self._write(b"".join((*batch, last)))

    def _write(self, data: bytes) -> None:
        reads = self._peer_reads
        self.trafficStats.outgoingOctetsWireLevel += len(data)
        self.transport.write(data)
        if not reads:
            self._pile_up(len(data))

    def sendData(self, data: bytes, *args: Any, **kwargs: Any) -> None:
        """Every write of Autobahn's; the answers before it go out before it."""
        self.flush()
        reads = self._peer_reads
        super().sendData(data, *args, **kwargs)
        if not reads:
            self._pile_up(len(data))

    def _pile_up(self, size: int) -> None:
        """So much more waits for the peer to read, behind what waits already."""
        self._unread += size
        if self._unread > self.factory.limits.max_outgoing_size and self._patience is None:
            self._wait_for_reader(self._unread)

    def _wait_for_reader(self, waits: int) -> None:
        """Look in a second whether the peer has read anything of what waits."""
        self._patience = self.factory.reactor.callLater(_PATIENCE, self._has_it_read, waits)

    def _has_it_read(self, waited: int) -> None:
        self._patience = None
        if self._peer_reads or self.state != self.STATE_OPEN:
            return
        waits = waiting_in(self.transport, self._unread)
        if waits < waited:
            self._wait_for_reader(waits)
        else:
            self._fail_connection(int(CloseCode.SLOW_READER), "slow reader")

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if len(payload) > _LARGE and not (isBinary or self._decodes):
            # To read a large one is work for a turn, and so it is to look at it, and to answer it.
            self._do_in_turn(lambda: self._look_at(payload))
        else:
            self._take_request(payload, isBinary)

    def _look_at(self, payload: bytes) -> None:
        try:
            dear = look(payload, self.factory.shape)
        except BadMessage as error:
            self._answering.refuse(error, error.event_name, error.id, False)
        else:
            self._do_in_turn(lambda: self._take_request(payload, False, dear))

    def _take_request(self, payload: bytes, isBinary: bool, dear: bool | None = None) -> None:
        """Decode a message and ask for its answer.

        :param dear: what was found out about it, where it was looked at before.
        """
        if self.state != self.STATE_OPEN:
            # What comes behind our close frame cannot be answered any more, so it is not run.
            return
        factory = self.factory
        serving = SERVING.set(factory)
        try:
            if isBinary or self._decodes:
                request = self._decode_message(payload, isBinary)
            else:
                request = decode_request(payload, factory.shape, dear)
        except BadMessage as error:
            self._answering.refuse(error, error.event_name, error.id, isBinary)
        except Exception as error:  # of a subclass that decodes in its own way
            self._answering.refuse(error, None, None, isBinary)
        else:
            request.session = self.session
            request.factory = factory
            self._answering.ask(request, isBinary, len(payload))
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
        return decode_request(text, self.factory.shape)

    def _encode_message(
        self,
        response: bytes,
        isBinary: bool = False,
    ) -> bytes:
        """The message that carries an answer, in the form in which its request came."""
        return encode_base64(response) if isBinary else response

    def send_answer(self, answer: bytes, binary: bool) -> None:
        if self.state != self.STATE_OPEN:
            return
        if binary or self._encodes:
            try:
                answer = self._encode_message(answer, binary)
                if type(answer) is not bytes:
                    raise TypeError(f"_encode_message should return bytes, not {answer!r}")
            except Exception:
                self.factory.events.failure("an answer cannot be encoded")
                self._fail_connection(self.CLOSE_STATUS_CODE_INTERNAL_ERROR, "internal error")
                return
        if self._sends_slowly or self.send_queue or self._behind is not None:
            self.sendMessage(answer, binary)
        else:
            self._send_frame(answer, binary, True)

    def _send_frame(self, payload: bytes, binary: bool, compress: bool) -> None:
        """Send a message as one frame."""
        first = BINARY if binary else TEXT
        deflate = self._perMessageCompress
        if deflate is not None and compress and len(payload) >= COMPRESS_FROM:
            bits = deflate.server_max_window_bits
            fewer = self.factory.deflater.compressed(payload, bits)
            if fewer is not None:
                first, payload = first | COMPRESSED, fewer
        stats = self.trafficStats
        stats.outgoingWebSocketFrames += 1
        stats.outgoingWebSocketMessages += 1
        head = frame_head(first, len(payload))
        if self._batch is None:
            self._batch = [head, payload]
            self._batch_size = len(payload)
            if not self._gathers:
                self.factory.outgoing.wait(self, self._batch_size)
        else:
            self._batch += (head, payload)
            self._batch_size += len(payload)
            if not self._gathers:
                self.factory.outgoing.grow(len(payload))
        if self._batch_size > _LARGEST_BATCH:
            self.flush()

    def sendMessage(
        self,
        payload: bytes,
        isBinary: bool = False,
        fragmentSize: int | None = None,
        sync: bool = False,
        doNotCompress: bool = False,
    ) -> None:
        """As Autobahn's, but the limit on what is received does not limit what is sent.

        :raises Disconnected: the connection is not open.
        :raises TypeError: the payload is not bytes.
        """
        if type(payload) is not bytes:
            raise TypeError(f"a payload should be bytes, not {type(payload).__name__}")
        if self._behind is not None and self.state == self.STATE_OPEN:
            send = self._send_message
            arguments = (payload, isBinary, fragmentSize, sync, doNotCompress)
            self._send_behind(partial(send, *arguments), len(payload))
        else:
            self._send_message(payload, isBinary, fragmentSize, sync, doNotCompress)

    def _send_message(
        self,
        payload: bytes,
        isBinary: bool,
        fragmentSize: int | None,
        sync: bool,
        doNotCompress: bool,
    ) -> None:
        pieces = fragmentSize is not None or self.autoFragmentSize or sync or self.send_queue
        if not pieces and self.state == self.STATE_OPEN:
            self._send_frame(payload, isBinary, not doNotCompress)
            return
        self.maxMessagePayloadSize: int = 0
        try:
            super().sendMessage(payload, isBinary, fragmentSize, sync, doNotCompress)
        finally:
            self.maxMessagePayloadSize = self.factory.maxMessagePayloadSize

    def sendPreparedMessage(self, preparedMsg: PreparedMessage) -> None:
        if self._behind is not None:
            send = super().sendPreparedMessage
            self._send_behind(partial(send, preparedMsg), len(preparedMsg.payloadHybi))
        else:
            super().sendPreparedMessage(preparedMsg)

    def beginMessage(self, isBinary: bool = False, doNotCompress: bool = False) -> None:
        """As Autobahn's; until the end of the message no request is read, and no other one is sent.

        :raises Exception: there is such a message already.
        """
        super().beginMessage(isBinary, doNotCompress)
        if self.state == self.STATE_OPEN:
            self._behind = []
            self._reconsider()

    def endMessage(self) -> None:
        super().endMessage()
        behind, self._behind, self._behind_size = self._behind, None, 0
        for send in behind or ():
            if self.state == self.STATE_OPEN:
                try:
                    send()
                except Exception:
                    self.factory.events.failure("what waited for a message's end cannot be sent")
        self.requests_changed()

    def _send_behind(self, send: Callable[[], None], size: int) -> None:
        """Send something when the message that an application sends piece by piece has ended."""
        assert self._behind is not None
        self._behind.append(send)
        self._behind_size += size
        if self._behind_size > self.factory.limits.max_outgoing_size:
            self._fail_connection(int(CloseCode.SLOW_READER), "a message does not end")

    def requests_changed(self) -> None:
        """A request is open now, or is not any more."""
        self._reconsider()
        if self._draining and self._may_leave:
            self._leave()
        else:
            self._read_on()

    @property
    def _may_leave(self) -> bool:
        """Whether all that was asked is answered, and the answers are sent."""
        return not self._answering.open and self._behind is None

    # -- reading only as fast as the application answers and the peer reads

    def _reconsider(self) -> None:
        """Whether requests may be worked on: fewer are open than may be, and answers can be sent."""
        self._may_work = (
            self._peer_reads
            and not self._answering.full
            and not self._draining
            and self._behind is None
        )
        self._see_straight()

    def pauseProducing(self) -> None:
        """The transport holds more than the peer reads."""
        self._peer_reads = False
        self._reconsider()

    def resumeProducing(self) -> None:
        self._peer_reads = True
        self._unread = 0
        self._reconsider()
        self._read_on()

    def stopProducing(self) -> None:
        """The transport is gone; ``connectionLost`` sees to the rest."""

    # -- closing

    def onAutoPingTimeout(self) -> None:
        """No pong: the peer is dead, or deaf, or we did not read it."""
        if self._peer_reads and (self._rest or self._must_hold()):
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
        self._reconsider()
        if self._may_leave:
            self._leave()

    def finish(self) -> None:
        """Answer what is still open with an error, now."""
        self._answering.expire()
        if self._draining and self._behind is not None:
            self._leave()

    def _leave(self) -> None:
        if self.state == self.STATE_OPEN:
            self.sendClose(int(CloseCode.DRAINING), "draining")
        elif self.state == self.STATE_CONNECTING:
            self.dropConnection(abort=True)
