"""As much of WebSocket as makes a request and reads an answer (RFC 6455, RFC 7692)."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import zlib

import attrs

__all__ = [
    "Dialect",
    "Frame",
    "NotUsable",
    "accept",
    "ask",
    "client_frame",
    "masked_frame",
    "new_inflater",
    "read_frame",
    "server_frame",
]

_MASK = b"\x11\x22\x33\x44"
_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_FLUSHED = b"\x00\x00\xff\xff"
_OFFER = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"


class NotUsable(Exception):
    """A server does not do what is measured; the message is one line that says why."""


@attrs.frozen
class Dialect:
    """How requests lie in a server's messages.

    :param path: of the handshake.
    :param greeting: message that the client sends first.
    :param greeted: how many messages the server sends before it answers requests.
    :param request: what stands around a request, ``%s`` in its place.
    :param answer: the same of an answer.
    """

    path: bytes = b"/"
    greeting: bytes = b""
    greeted: int = 0
    request: bytes = b"%s"
    answer: bytes = b"%s"

    def handshake(self, deflate: bool) -> bytes:
        return (
            b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n"
        ) % (self.path, _KEY, _OFFER if deflate else b"")

    def opening(self, deflate: bool) -> bytes:
        """The frame of the greeting."""
        return client_frame(self.greeting, deflate) if self.greeting else b""


@attrs.frozen
class Frame:
    """A frame that was read.

    :param size: of the whole of it, in octets.
    """

    payload: bytes
    size: int
    compressed: bool

    def message(self, inflater: zlib._Decompress) -> bytes:
        """The payload as it was before it was compressed.

        :param inflater: what the frames of one connection have in common.
        """
        return inflater.decompress(self.payload + _FLUSHED) if self.compressed else self.payload


def accept(handshake: bytes) -> bytes:
    """The key that answers a client's handshake (RFC 6455 section 4.2.2)."""
    lines = (line.split(b":", 1) for line in handshake.split(b"\r\n")[1:])
    key = {name.strip().lower(): value.strip() for name, value in lines}[b"sec-websocket-key"]
    return base64.b64encode(hashlib.sha1(key + _GUID).digest())


def client_frame(payload: bytes, deflate: bool = False) -> bytes:
    """A masked text frame; compressed without a context, so that it can be sent any number of times."""
    return masked_frame(*(_compressed(payload) if deflate else (0x81, payload)))


def masked_frame(first: int, payload: bytes) -> bytes:
    """Any frame of a client.

    :param first: its first octet.
    """
    mask = int.from_bytes((_MASK * (len(payload) // 4 + 1))[: len(payload)], "big")
    masked = (int.from_bytes(payload, "big") ^ mask).to_bytes(len(payload), "big")
    return _head(first, 0x80, len(payload)) + _MASK + masked


def server_frame(payload: bytes, deflate: bool = False) -> bytes:
    """A text frame without a mask."""
    first, payload = _compressed(payload) if deflate else (0x81, payload)
    return _head(first, 0, len(payload)) + payload


def _compressed(payload: bytes) -> tuple[int, bytes]:
    deflater = zlib.compressobj(wbits=-15)
    octets = deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH)
    return 0xC1, octets.removesuffix(_FLUSHED)


def new_inflater() -> zlib._Decompress:
    """For the messages of one connection."""
    return zlib.decompressobj(-15)


def _head(first: int, masked: int, size: int) -> bytes:
    if size < 126:
        return struct.pack("!BB", first, masked | size)
    if size < 65536:
        return struct.pack("!BBH", first, masked | 126, size)
    return struct.pack("!BBQ", first, masked | 127, size)


def read_frame(data: bytes) -> Frame | None:
    """The frame at the beginning of the data, unmasked; None where it is not whole."""
    if len(data) < 2:
        return None
    size, start = data[1] & 0x7F, 2
    if size > 125:
        start = 4 if size == 126 else 10
        size = int.from_bytes(data[2:start], "big")
    mask = data[start : start + 4] if data[1] & 0x80 else b""
    start += len(mask)
    if len(data) < start + size:
        return None
    payload = data[start : start + size]
    if mask:
        payload = bytes(octet ^ mask[place % 4] for place, octet in enumerate(payload))
    return Frame(payload, start + size, bool(data[0] & 0x40))


def ask(port: int, dialect: Dialect, request: bytes, deflate: bool, seconds: float) -> bytes:
    """Make one request on a connection of its own.

    :param seconds: to wait for the answer.
    :raises NotUsable: there is no answer, or no permessage-deflate where it is offered.
    """
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.settimeout(seconds)
        connection.sendall(dialect.handshake(deflate))
        received = b""
        while b"\r\n\r\n" not in received:
            received += _received(connection)
        head, _, received = received.partition(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0] + b" ":
            raise NotUsable(f"answers the handshake with {head[:80]!r}")
        if deflate and b"permessage-deflate" not in head.lower():
            raise NotUsable("does not take permessage-deflate")
        connection.sendall(dialect.opening(deflate))
        connection.sendall(client_frame(dialect.request % request, deflate))
        inflater = new_inflater()
        for _ in range(dialect.greeted + 1):
            while (frame := read_frame(received)) is None:
                received += _received(connection)
            received = received[frame.size :]
            answer = frame.message(inflater)
        return answer


def _received(connection: socket.socket) -> bytes:
    try:
        data = connection.recv(65536)
    except TimeoutError:
        raise NotUsable("does not answer a request") from None
    except OSError as error:
        raise NotUsable(f"drops the connection: {error}") from None
    if not data:
        raise NotUsable("drops the connection")
    return data
