"""What an open connection writes: frames in one write, and never more than its peer reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from autobahn.websocket.protocol import PreparedMessage
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from ..errors import CloseCode
from ..wire.deflate import COMPRESS_FROM
from ..wire.dialects import PLAIN
from ..wire.frames import BINARY, COMPRESSED, TEXT, frame_head
from ..wire.prepared import Prepared
from .reading import ReadingProtocol
from .transport import LoopTransport

__all__ = ["WritingProtocol"]

# What leaves together leaves in one write, but for what the transport would hold back anyway.
_LARGEST_BATCH = 65_536
# Seconds after which a peer with too much waiting for it has to have read some of it.
_PATIENCE = 1.0


class WritingProtocol(ReadingProtocol):
    """A connection that writes."""

    # Whether a subclass has its own way of sending, which is then taken.
    _sends_slowly = False
    _peer_reads = True
    _unread = 0
    _patience: IDelayedCall | None = None
    # What was sent and is not written yet, and whether more comes of the same read.
    _batch: list[bytes] | None = None
    _batch_size = 0
    _gathers = False
    # What is to be sent behind the message that an application sends piece by piece, and its size.
    _behind: list[Callable[[], None]] | None = None
    _behind_size = 0

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._sends_slowly = cls.sendMessage is not WritingProtocol.sendMessage

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._batch = None
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        super().connectionLost(reason)

    def requests_changed(self) -> None:
        """What may be read and answered may have changed."""
        raise NotImplementedError

    # -- bytes

    def _begin_batch(self) -> None:
        self._gathers = True
        self.factory.outgoing.gathering.append(self)

    def _end_batch(self) -> None:
        self._gathers = False
        self.factory.outgoing.gathering.pop()
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
        if self.send_queue:
            self._reconsider_straight()
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
        waits = _waiting_in(self.transport, self._unread)
        if waits < waited:
            self._wait_for_reader(waits)
        else:
            self._fail_connection(int(CloseCode.SLOW_READER), "slow reader")

    def _reconsider_straight(self) -> None:
        """Whether the session may write ready frames to the transport, where nothing else waits here."""
        if self.session is not None:
            straight = (
                self.free
                and self._perMessageCompress is None
                and not (self._sends_slowly or self.send_queue)
            )
            self.session.writes_to(self, self.transport if straight else None)

    def sendCloseFrame(self, *args: Any, **kwargs: Any) -> None:
        if self.session is not None:
            self.session.writes_to(self, None)
        super().sendCloseFrame(*args, **kwargs)

    def dropConnection(self, abort: bool = False) -> None:
        if self.session is not None:
            self.session.writes_to(self, None)
        super().dropConnection(abort)

    # -- messages

    def carry_straight(self, body: bytes, binary: bool) -> None:
        """Send a message, where nothing but the batch is before it."""
        self._send_frame(body, binary, False)

    def send_text_or_binary(self, payload: bytes, binary: bool) -> None:
        """Send a message that may be compressed, in the fastest way that there is."""
        if self._sends_slowly or self.send_queue or self._behind is not None:
            self.sendMessage(payload, binary)
        else:
            self._send_frame(payload, binary, True)

    @property
    def free(self) -> bool:
        """Whether it takes more: it is open, and the peer reads."""
        return self._peer_reads and self.state == self.STATE_OPEN and self._behind is None

    def carry_prepared(self, message: Prepared) -> bool:
        """Send a push of the plain dialect; its frame is made once for all connections.

        :returns: False where it takes no more.
        """
        if not self._peer_reads or self.state != self.STATE_OPEN or self._behind is not None:
            return False
        if (
            self._batch is None
            and self._perMessageCompress is None
            and not (self._gathers or self._sends_slowly or self.send_queue)
        ):
            self.transport.write(message.frame)
            return True
        self.send_text_or_binary(message.body(PLAIN), False)
        return True

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
            self._reconsider_straight()
            self.requests_changed()

    def endMessage(self) -> None:
        super().endMessage()
        behind, self._behind, self._behind_size = self._behind, None, 0
        self._reconsider_straight()
        for send in behind or ():
            if self.state == self.STATE_OPEN:
                try:
                    send()
                except Exception:
                    self.factory.events.failure("what waited for a message's end cannot be sent")
        if self.session is not None:
            self.session.go_on()
        self.requests_changed()

    def _send_behind(self, send: Callable[[], None], size: int) -> None:
        """Send something when the message that an application sends piece by piece has ended."""
        assert self._behind is not None
        self._behind.append(send)
        self._behind_size += size
        if self._behind_size > self.factory.limits.max_outgoing_size:
            self._fail_connection(int(CloseCode.SLOW_READER), "a message does not end")


def _waiting_in(transport: Any, otherwise: int) -> int:
    """How many bytes a transport holds that its peer has not read; ``otherwise`` if it does not tell."""
    if isinstance(transport, LoopTransport):
        return transport.waiting
    try:
        return len(transport.dataBuffer) - int(transport.offset)
    except AttributeError:
        return otherwise
