"""A whole connection in memory: any frames and any octets, cut anywhere.

Each message gets one answer or the connection is closed, and a connection never holds more than it may.
"""

from __future__ import annotations

import zlib
from itertools import pairwise
from typing import Any

import atheris
import msgspec
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IConsumer, ITransport
from twisted.internet.task import Clock, deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from .harness import fuzz

with atheris.instrument_imports(include=["aiorest_gw", "autobahn.websocket.protocol"]):
    from aiorest_gw import RequestHandlerFactory, RequestHandlerProtocol, SimpleRouter
    from aiorest_gw.testing import InlineCalls

_CLOCK = Clock()
_PEER = IPv4Address("TCP", "192.0.2.1", 50_000)
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: gateway.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
_MOST_MESSAGE, _MOST_OPEN, _MOST_CONTROLS, _MOST_FRAGMENTS = 4_000, 4, 20, 8
# Where a read begins and ends in what is sent, and whether some time goes by behind it.
_Read = tuple[int, int, bool]
# What is read ahead, and one read beyond it.
_READ_AHEAD = 65_536
# Octets that are few enough to be fed one by one.
_FEW = 200
_MESSAGES = (
    b'{"method":"GET","url":"/hello"}',
    b'{"method":"GET","url":"/hello","id":1}',
    b'{"method":"GET","url":"/later"}',
    b'{"method":"GET","url":"/later","id":2}',
    b'{"method":"POST","url":"/echo","data":[1,"\xc3\xbc"]}',
    b'{"method":"GET","url":"/nowhere","id":"x"}',
    b"no request",
)
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10

router = SimpleRouter()


@router.get("/hello")
def hello(request: Any) -> Any:
    return "hello"


@router.get("/later")
def later(request: Any) -> Deferred[Any]:
    return deferLater(_CLOCK, 0.5, lambda: "later")


@router.post("/echo")
def echo(request: Any) -> Any:
    return request.data


class _Slow(RequestHandlerProtocol):
    """Hooks below whole messages: Autobahn reads every frame of it."""

    def onFrameBegin(self) -> None:
        super().onFrameBegin()


def _factory(compress: bool, protocol: type[RequestHandlerProtocol]) -> RequestHandlerFactory:
    return RequestHandlerFactory(
        router=router, protocol=protocol,
        reactor=_CLOCK, blocking_calls=InlineCalls(), compress=compress,
        max_message_size=_MOST_MESSAGE, max_open_requests=_MOST_OPEN, max_fragments=_MOST_FRAGMENTS,
        control_frames_per_second=_MOST_CONTROLS / 2, ping_interval=0,
    )  # fmt: skip


_FACTORIES = tuple(
    tuple(_factory(compress, protocol) for protocol in (RequestHandlerProtocol, _Slow))
    for compress in (False, True)
)


@implementer(ITransport, IConsumer)
class _Sink:
    """A transport that keeps what is written."""

    disconnecting = False
    producer: Any = None

    def __init__(self) -> None:
        self.written = bytearray()
        self.reading = True
        self.gone = False

    def write(self, data: bytes) -> None:
        if not self.disconnecting:
            self.written += data

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self.disconnecting = True

    abortConnection = loseConnection

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True

    def stopProducing(self) -> None:
        self.loseConnection()

    def getPeer(self) -> IPv4Address:
        return _PEER

    getHost = getPeer


class _Connection:
    """A client's end; feeds in pieces, as long as the gateway reads."""

    def __init__(self, factory: RequestHandlerFactory) -> None:
        self.transport = _Sink()
        self.protocol: Any = factory.buildProtocol(_PEER)
        self.protocol.makeConnection(self.transport)
        self.feed(_HANDSHAKE)
        head, _, rest = bytes(self.transport.written).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.transport.written[:] = rest

    @property
    def closed(self) -> bool:
        return self.transport.disconnecting or self.protocol.state != self.protocol.STATE_OPEN

    def feed(self, data: bytes) -> None:
        """Hand a read over, when the gateway reads again."""
        for _ in range(100):
            if self.transport.reading or self.transport.disconnecting:
                break
            _CLOCK.advance(0.1)
        if not self.transport.disconnecting:
            assert self.transport.reading, "it never reads again"
            self.protocol.dataReceived(data)
            self._look()

    def _look(self) -> None:
        """:raises AssertionError: more is held than may be."""
        protocol = self.protocol
        assert len(protocol._rest) <= 2 * _READ_AHEAD, len(protocol._rest)
        assert len(protocol.data) <= _READ_AHEAD, len(protocol.data)
        held = sum(map(len, getattr(protocol, "message_data", None) or ()))
        assert held <= _MOST_MESSAGE, held
        assert sum(map(len, getattr(protocol, "control_frame_data", None) or ())) <= 125
        assert protocol._answering.open <= _MOST_OPEN, protocol._answering.open
        assert not protocol._batch

    def end(self) -> None:
        self.transport.disconnecting = True
        self.protocol.connectionLost(Failure(ConnectionDone()))
        # Nothing of it may go off any more.
        _CLOCK.advance(60)
        assert not _CLOCK.getDelayedCalls(), _CLOCK.getDelayedCalls()

    def answers(self) -> tuple[int, int, bool]:
        """How many messages, how many pongs, and whether there is a close frame; each well-formed."""
        data, at, messages, pongs = bytes(self.transport.written), 0, 0, 0
        inflater = zlib.decompressobj(-15)
        while at < len(data):
            first, size = data[at], data[at + 1]
            assert size < 128, "a server masks nothing"
            at += 2
            if size >= 126:
                longer = 2 if size == 126 else 8
                size, at = int.from_bytes(data[at : at + longer], "big"), at + longer
            payload, at = data[at : at + size], at + size
            assert len(payload) == size, "a frame that does not end"
            opcode = first & 0x0F
            if opcode == _CLOSE:
                assert at == len(data), "something behind the close frame"
                return messages, pongs, True
            if opcode == _PONG:
                pongs += 1
                continue
            assert first & 0xB0 == 0x80, first
            assert opcode in (_TEXT, _BINARY), first
            messages += 1
            if first & 0x40:
                payload = inflater.decompress(payload + b"\0\0\xff\xff")
            answer = msgspec.json.decode(payload) if opcode == _TEXT else {"data": 0}
            assert ("data" in answer) + ("detail" in answer) == 1, answer
        return messages, pongs, False


class _Script:
    """What the client sends, made from the fuzzer's octets.

    :ivar messages: how many whole ones are among it, as long as all is as it should be.
    :ivar valid: whether it is.
    """

    def __init__(self, choice: Any, compress: bool) -> None:
        self._choice = choice
        self._compress = compress
        self._opcode = 0
        self.octets = bytearray()
        self.messages = self.pings = 0
        self.valid = True
        for _ in range(choice.ConsumeIntInRange(0, 24)):
            self._step()

    def _step(self) -> None:
        choice = self._choice
        kind = choice.ConsumeIntInRange(0, 9)
        if kind <= 3:
            self._message(choice.PickValueInList(list(_MESSAGES)), binary=False)
        elif kind == 4:
            self._message(self._some(), binary=choice.ConsumeBool())
        elif kind == 5:
            self._control(_PING if choice.ConsumeBool() else _PONG)
        elif kind == 6:
            self._message(bytes(choice.ConsumeIntInRange(0, 3) * 2_000), binary=True)
        elif kind == 7:
            self.octets += self._some()
            self.valid = False
        elif kind == 8:
            self._frame(choice.ConsumeIntInRange(0, 255), self._some())
            self.valid = False
        else:
            self._message(choice.PickValueInList(list(_MESSAGES)), binary=False, parts=3)

    def _some(self) -> bytes:
        some: bytes = self._choice.ConsumeBytes(self._choice.ConsumeIntInRange(0, 150))
        return some

    def _control(self, opcode: int) -> None:
        self._frame(
            0x80 | opcode, self._choice.ConsumeBytes(self._choice.ConsumeIntInRange(0, 125))
        )
        self.pings += opcode == _PING

    def _message(self, payload: bytes, binary: bool, parts: int = 1) -> None:
        first = _BINARY if binary else _TEXT
        if self._compress and self._choice.ConsumeBool():
            deflater = zlib.compressobj(wbits=-15)
            payload = deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH)
            payload, first = payload[:-4], first | 0x40
        step = len(payload) // parts + 1
        for part in range(parts):
            final = 0x80 if part == parts - 1 else 0
            self._frame(final | (0 if part else first), payload[part * step : (part + 1) * step])
            if not final and self._choice.ConsumeBool():
                self._control(_PING)
        self.messages += 1

    def _frame(self, first: int, payload: bytes) -> None:
        mask = self._choice.ConsumeBytes(4).ljust(4, b"\x11")
        size = len(payload)
        head = (
            bytes((first, 0x80 | size))
            if size < 126
            else bytes((first, 0xFE)) + size.to_bytes(2, "big")
        )
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        self.octets += head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def _cuts(choice: Any, size: int) -> list[int]:
    """Where the octets are cut into reads; where there are few, perhaps everywhere."""
    if size < _FEW and choice.ConsumeBool():
        return list(range(size + 1))
    return sorted({0, size, *(choice.ConsumeIntInRange(0, size) for _ in range(6))})


def _serve(factory: RequestHandlerFactory, script: _Script, reads: list[_Read]) -> bytes:
    """What a gateway writes to a client that sends a script."""
    connection = _Connection(factory)
    for start, end, waits in reads:
        connection.feed(bytes(script.octets[start:end]))
        if waits:
            _CLOCK.advance(0.01)
    for _ in range(40):
        _CLOCK.advance(0.1)
    messages, pongs, close = connection.answers()
    if script.valid:
        assert messages <= script.messages, (messages, script.messages)
        assert pongs <= script.pings, (pongs, script.pings)
        if not close and not connection.closed:
            assert messages == script.messages, (messages, script.messages)
            assert pongs == script.pings, (pongs, script.pings)
    written = bytes(connection.transport.written)
    connection.end()
    assert not factory.connections
    assert not factory.admission.total
    return written


def check(data: bytes) -> None:
    choice = atheris.FuzzedDataProvider(data)
    compress = choice.ConsumeBool()
    script = _Script(choice, compress)
    reads = [(*cut, choice.ConsumeBool()) for cut in pairwise(_cuts(choice, len(script.octets)))]
    fast, slow = (_serve(factory, script, reads) for factory in _FACTORIES[compress])
    assert fast == slow, (fast, slow)


if __name__ == "__main__":
    fuzz(check)
