"""The floods: what each sends, on how many connections, and what the gateway promises under it."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import attrs

from aiorest_gw.limits import Limits

from ..wire import Dialect, client_frame, masked_frame

__all__ = ["FLOODS", "KIB", "MIB", "Flood"]

KIB, MIB = 1_024, 1_048_576
_LARGEST = Limits().max_message_size
# For the data of such a message.
_ROOM = _LARGEST - 300
_HANDSHAKE = Dialect().handshake(deflate=False)
_UNFINISHED = _HANDSHAKE.removesuffix(b"\r\n")
# RFC 6455 section 5.2: FIN with the opcode, RSV1 for what is compressed (RFC 7692 section 6).
_TEXT, _CONTINUATION, _PING, _PONG, _DEFLATED = 0x01, 0x00, 0x89, 0x8A, 0xC1
_PADDING = b"X-Padding: " + b"a" * 8_000 + b"\r\n"


@attrs.frozen(kw_only=True)
class Flood:
    """One kind of flood.

    :param title: for people.
    :param once: sent first on each connection.
    :param chunk: sent again and again behind it; made when the flood is, since some are dear.
    :param connections: at the same time; one that is ended is opened anew.
    :param opened: the WebSocket is opened first.
    :param deflate: with permessage-deflate.
    :param pace: seconds between two chunks of a connection; 0: as fast as they are taken.
    :param reads: what the gateway sends is read.
    :param seconds: that it lasts.
    :param idle: connections that do nothing but ping beside it.
    :param flags: of the gateway.
    :param memory: octets that the gateway may grow by; of each connection where ``each``.
    :param hangs_up: all connections are closed in the same moment at its end; else some at a time.
    :param resets: they are, without TCP's farewell.
    :param calm: the pings of idle connections have to come back nearly as fast as without it.
    """

    title: str
    once: bytes = b""
    chunk: Callable[[], bytes] = lambda: b""
    connections: int = 1
    opened: bool = True
    deflate: bool = False
    pace: float = 0
    reads: bool = True
    seconds: float = 3
    idle: int = 100
    flags: tuple[str, ...] = ()
    memory: int = MIB
    each: bool = False
    hangs_up: bool = False
    resets: bool = False
    calm: bool = False


def _head(title: str, once: bytes, chunk: bytes, pace: float = 0, connections: int = 100) -> Flood:
    return Flood(
        title=title, once=once, chunk=lambda: chunk, connections=connections, opened=False, pace=pace,
        memory=64 * KIB, each=True,
    )  # fmt: skip


def _frames(title: str, first: int, payload: bytes = b"", once: bytes = b"") -> Flood:
    return Flood(title=title, once=once, chunk=lambda: masked_frame(first, payload) * 1_000)


def _bomb(title: str, size: int, times: int = 1) -> Flood:
    return Flood(
        title=title, chunk=lambda: _deflated(size) * times, deflate=True, flags=("--compress",),
        memory=2 * MIB,
    )  # fmt: skip


def _deflated(size: int) -> bytes:
    """A message of so many zeros."""
    deflater = zlib.compressobj(9, wbits=-15)
    octets = b"".join(deflater.compress(bytes(MIB)) for _ in range(size // MIB))
    octets += deflater.compress(bytes(size % MIB)) + deflater.flush(zlib.Z_SYNC_FLUSH)
    return masked_frame(_DEFLATED, octets.removesuffix(b"\x00\x00\xff\xff"))


def _request(url: str, method: str = "GET", data: bytes = b"") -> bytes:
    body = b',"data":%s' % data if data else b""
    return client_frame(
        b'{"method":"%s","url":"%s","id":1%s}' % (method.encode(), url.encode(), body)
    )


def _deaf(title: str, url: str, memory: int = MIB) -> Flood:
    return Flood(title=title, chunk=lambda: _request(url) * 100, reads=False, memory=memory)


def _valid(title: str, connections: int) -> Flood:
    return Flood(
        title=title, chunk=lambda: _request("/hello") * 500, connections=connections, each=True
    )


def _json(title: str, make: Callable[[], bytes]) -> Flood:
    """A message, again and again; what it is decoded to is larger yet."""
    return Flood(title=title, chunk=lambda: _request("/echo", "POST", make()), memory=8 * _LARGEST)


def _filled(item: bytes, opening: bytes = b"[", closing: bytes = b"]", room: int = _ROOM) -> bytes:
    return opening + b",".join([item] * (room // (len(item) + 1))) + closing


def _times(item: bytes, count: int) -> bytes:
    """So many of them, in a message as large as may be."""
    items = b",".join([item] * count)
    return b"[%s,%s]" % (items, b" " * (_ROOM - len(items) - 10) + b"0")


def _keys(count: int) -> bytes:
    return b"{" + b",".join(b'"%x":0' % number for number in range(count)) + b"}"


def _worst() -> bytes:
    numbers = b",".join([b"9.007199254740993001e-305"] * 1_600)
    string = rb'"\u00e91e5,[]\\777[{,:12345678901e55"'
    count = min(14_700, (_ROOM - len(numbers)) // (len(string) + 1))
    return b"[[%s],[%s]]" % (numbers, b",".join([string] * count))


def _escaped() -> bytes:
    numbers = [b"9.007199254740993001e-305"] * 1_600 + [b"9" * 1_000] * 80
    string = rb'"\\00000000000000000000\"e[0e0\ud83d\ude00\\{0e0"'
    room = _ROOM - sum(len(number) + 1 for number in numbers)
    strings = [string] * min(14_500, room // (len(string) + 1) - 1)
    return b"[[%s],[%s]]" % (b",".join(numbers), b",".join(strings))


def _own_key() -> bytes:
    """A character makes Python take four octets for each, an escape makes another copy."""
    return b'{"url":"/echo","method":"POST","id":1,"\\n%s\xc3\xa9\xf0\x9f\x98\x80":0}' % (
        b"a" * _ROOM
    )


FLOODS = {
    "endless-header": _head("a header that never ends", _UNFINISHED + b"X: ", b"a" * 65_536),
    "huge-header": _head("a header of 1 MiB", _UNFINISHED + b"X: " + b"a" * MIB + b"\r\n\r\n", b""),
    "many-headers": _head("160,000 headers", _UNFINISHED + b"x-many: 1\r\n" * 160_000 + b"\r\n", b""),
    "many-fields": _head("just too many small headers", _UNFINISHED + b"a:\r\n" * 101 + b"\r\n", b""),
    "header-drip": _head("headers of 8 KB, and then an octet at a time", _UNFINISHED + _PADDING, b"b",
                         pace=0.02, connections=500),
    "pings": _frames("pings", _PING, b"x"),
    "large-pings": _frames("pings of 125 octets", _PING, b"x" * 125),
    "pongs": _frames("pongs", _PONG),
    "small-fragments": _frames("fragments of one octet", _CONTINUATION, b"1",
                               masked_frame(_TEXT, b"1")),
    "empty-fragments": _frames("fragments of nothing", _CONTINUATION, b"", masked_frame(_TEXT, b"")),
    "deflate-bomb": _bomb("256 MiB behind 254 KB", 256 * MIB),
    "deflate-bombs": _bomb("many of 2 MiB behind 2 KB", 2 * MIB, 100),
    "deflate-least": attrs.evolve(
        _bomb("many of the largest that are taken", _LARGEST, 100), memory=5 * _LARGEST
    ),
    "slowloris": Flood(
        title="5,000 half-open handshakes", once=_UNFINISHED, chunk=lambda: b"X: 1\r\n",
        connections=5_000, opened=False,
        pace=2, seconds=8, idle=10_000, flags=("--max-connections", "16000"),
        memory=64 * KIB, each=True, calm=True,
    ),
    "handshakes": Flood(
        title="5,000 handshakes whose end comes in the same moment", once=_UNFINISHED,
        chunk=lambda: b"\r\n", connections=5_000, opened=False,
        pace=2, seconds=3.5, flags=("--max-connections", "16000"), memory=64 * KIB, each=True,
    ),
    "whole-handshakes": Flood(
        title="5,000 connections that begin to speak in the same moment", once=b"",
        chunk=lambda: _HANDSHAKE, connections=5_000, opened=False,
        pace=2, seconds=3.5, flags=("--max-connections", "16000"), memory=64 * KIB, each=True,
    ),
    "hang-up": Flood(
        title="5,000 connections that are closed in the same moment",
        connections=5_000, hangs_up=True, flags=("--max-connections", "16000"),
        memory=64 * KIB, each=True,
    ),
    "reset": Flood(
        title="5,000 connections that are reset in the same moment",
        connections=5_000, hangs_up=True, resets=True, flags=("--max-connections", "16000"),
        memory=64 * KIB, each=True,
    ),
    "deaf-small": _deaf("answers of 1 KiB are not read", "/large/1024"),
    "deaf-large": _deaf("answers of 64 KiB are not read", "/large/65536"),
    "deaf-huge": _deaf("answers of 1 MiB are not read", "/large/1048576", 3 * MIB),
    "deaf-later": _deaf("64 at a time of 64 KiB are not read", "/later/65536", 5 * MIB),
    "valid": _valid("small requests from one connection", 1),
    "valid-20": _valid("small requests from 20 connections", 20),
    "nested": _json("JSON nested as deep as can be", lambda: b"[" * (_ROOM // 2) + b"]" * (_ROOM // 2)),
    "containers": _json("arrays alone", lambda: _filled(b"[]")),
    "huge-integers": _json("integers of 1,000 digits", lambda: _filled(b"9" * 1_000)),
    "longest-integer": _json("an integer as long as can be", lambda: b"9" * _ROOM),
    "huge-floats": _json("floats near the end of what there is", lambda: _filled(b"1e300")),
    "long-floats": _json("floats that are dear to read", lambda: _filled(b"0." + b"0" * 310 + b"1")),
    "halfway-floats": _json("floats between two others", lambda: _filled(b"999999999999999999.999")),
    "many-keys": _json("as many keys as can be", lambda: _keys(_ROOM // 10)),
    "many-strings": _json("strings with brackets, and 100 arrays",
                          lambda: _filled(b'"["', b"[" * 50, b"]" * 50)),
    "many-numbers": _json("as many numbers as can be", lambda: _filled(b"1")),
    "small-floats": _json("floats near the end of what there is, in messages of 16 KiB",
                          lambda: _filled(b"1e300", room=16 * KIB)),
    "tiny-floats": _json("floats near the end of what there is, in messages of 1 KB",
                         lambda: _filled(b"1e300", room=900)),
    "most-containers": _json("as many objects as may be", lambda: _times(b'{"a":0}', 9_900)),
    "most-digits": _json("integers of 1,000 digits, as many as may be",
                         lambda: _times(b"9" * 1_000, 80)),
    "most-exponents": _json("floats near the end of what there is, as many as may be",
                            lambda: _times(b"1e300", 1_600)),
    "most-halfway": _json("floats between two others, as many as may be",
                          lambda: _times(b"999999999999999999.999", 3_800)),
    "most-keys": _json("as many keys as may be", lambda: _keys(8_000)),
    "most-strings": _json("as many strings as may be", lambda: _times(b'"\\u00e4"', 16_300)),
    "most-of-all": _json("dear floats and strings full of what is none, as many as may be", _worst),
    "most-escapes": _json("the same, full of escapes", _escaped),
    "own-key": Flood(title="one key that nobody knows", memory=10 * _LARGEST,
                     chunk=lambda: client_frame(_own_key())),
}  # fmt: skip
