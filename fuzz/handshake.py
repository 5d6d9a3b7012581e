"""The opening handshake and what a proxy says before it: read the same however it is cut, and as
Autobahn would read it."""

from __future__ import annotations

import atheris
from autobahn.websocket.protocol import parseHttpHeader

from .harness import fuzz, pieces, text_of

with atheris.instrument_imports(include=["aiorest_gw"]):
    from aiorest_gw.wire.handshake import (
        MAX_HEAD_SIZE,
        Handshake,
        HandshakeRefused,
        HeadReader,
        handshake_of,
    )
    from aiorest_gw.wire.origins import origin_is_allowed
    from aiorest_gw.wire.proxies import ProxyHeaderInvalid, ProxyHeaderReader, TrustedProxies

_TRUSTED = TrustedProxies.of(["127.0.0.0/8", "::1", "unix"])
_WORDS = (
    b"GET ", b"/", b"http://a", b"?q=1", b" HTTP/1.1\r\n", b"Host: a\r\n", b"Host: [::1]:80\r\n",
    b"Upgrade: websocket\r\n", b"Connection: Upgrade\r\n", b"Sec-WebSocket-Version: 13\r\n",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"Sec-WebSocket-Protocol: a, b\r\n",
    b"Origin: https://a\r\n", b"X-Forwarded-For: 127.0.0.1, 1.2.3.4:5\r\n", b"Content-Length: 0\r\n",
    b"X-Forwarded-Proto: https\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n", b"\r", b"\n", b" ",
    b"\t", b":", b",", b"\x00", b"\x0b", b"\x85", b"\xff", b"a", b"[", b"]", b"%", b"#", b"@", b"x: ",
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    b"PROXY ", b"TCP4 1.2.3.4 127.0.0.1 1 2\r\n", b"TCP6 ::1 ::1 1 2\r\n", b"UNKNOWN\r\n", b"A" * 5_000,
    b"\r\n\r\n\x00\r\nQUIT\n", b"\x21\x11\x00\x0c", b"\x20\x00\x00\x00", b"\x01\x02\x03\x04" * 3,
    b"b:\r\n" * 50,
)  # fmt: skip
_LONGEST_PROXY_HEADER = 4_096


def _read_proxy(parts: list[bytes]) -> tuple[str | None, bytes] | str | None:
    """The client and what follows, or why not, or None where it goes on."""
    reader, fed = ProxyHeaderReader(), 0
    for place, part in enumerate(parts):
        fed += len(part)
        try:
            after = reader.feed(part)
        except ProxyHeaderInvalid as error:
            return str(error)
        if after is not None:
            return reader.client, after + b"".join(parts[place + 1 :])
    assert fed <= _LONGEST_PROXY_HEADER, "a header of a proxy that never ends"
    return None


def _read(parts: list[bytes]) -> tuple[Handshake, bytes] | int | None:
    """The handshake and what follows, or the status that refuses it, or None where it goes on."""
    reader = HeadReader()
    for place, part in enumerate(parts):
        try:
            read = reader.feed(part)
            if read is not None:
                return handshake_of(read[0]), read[1] + b"".join(parts[place + 1 :])
        except HandshakeRefused as refused:
            assert refused.reason.isascii()
            assert refused.reason.isprintable()
            return refused.status
    assert sum(map(len, parts)) < MAX_HEAD_SIZE, "a head that never ends"
    return None


def check(data: bytes) -> None:
    parts = pieces(data[:4] + text_of(data[4:], _WORDS))
    whole = [b"".join(parts)]
    said = _read_proxy(parts)
    assert said == _read_proxy(whole), (said, _read_proxy(whole))
    found = _read(parts)
    if found == 400 or found != _read(whole):
        # Of two things that are wrong the first that is seen is told.
        assert isinstance(found, int), (found, _read(whole))
        assert isinstance(_read(whole), int), (found, _read(whole))
    if isinstance(found, tuple):
        _look_at(found[0])
        _compare(found[0], whole[0].removesuffix(found[1]))


def _compare(handshake: Handshake, head: bytes) -> None:
    """Autobahn reads the same, where it reads well: it splits at the one octet and strips the other."""
    if not {0x85, 0xA0} & set(head):
        line, headers, _ = parseHttpHeader(head.removesuffix(b"\r\n\r\n"))
        assert line.split() == ["GET", handshake.request.target, "HTTP/1.1"], (line, handshake)
        assert headers == handshake.headers, (headers, handshake.headers)


def _look_at(handshake: Handshake) -> None:
    """What is made of it afterwards raises nothing."""
    client = _TRUSTED.client("127.0.0.1", handshake.headers)
    assert client is not None
    secure = _TRUSTED.secure("127.0.0.1", handshake.headers)
    origin_is_allowed(handshake.origin, handshake.host, secure, ("https://example.com",))
    assert handshake.hostname
    assert handshake.path.startswith("/")


if __name__ == "__main__":
    fuzz(check)
