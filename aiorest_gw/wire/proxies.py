"""Who is behind a proxy: the PROXY protocol and ``X-Forwarded-For``, believed of trusted peers alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import attrs

from ..errors import ConfigurationError

__all__ = ["ProxyHeaderInvalid", "ProxyHeaderReader", "TrustedProxies"]

# The PROXY protocol, sections 2.1 and 2.2: what a connection begins with, and how long it may be.
_V1, _V2 = b"PROXY ", b"\r\n\r\n\x00\r\nQUIT\n"
_LONGEST_V1 = 107
_HEAD_V2 = 16
_LONGEST_V2 = 4_096
_LINE = re.compile(r"PROXY TCP([46]) ([0-9A-Fa-f:.]+) (\S+) (\d{1,5}) (\d{1,5})")
_UNKNOWN = re.compile(r"PROXY UNKNOWN( [\x20-\x7e]*)?")

# Stands among the trusted for every peer on a UNIX socket, which has no address.
UNIX = "unix"


class ProxyHeaderInvalid(Exception):
    """A connection that begins as the PROXY protocol does, and does not go on so."""


class ProxyHeaderReader:
    """Takes the bytes of a trusted connection until it is known whether the PROXY protocol is spoken.

    :ivar client: the address of the client that the header names, or None.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self.client: str | None = None

    def feed(self, data: bytes) -> bytes | None:
        """Take what was read.

        :returns: what follows the header, or all where there is none; None until that is known.
        :raises ProxyHeaderInvalid: the header is broken.
        """
        self._buffer += data
        buffer = self._buffer
        if buffer.startswith(_V1):
            return self._read_v1(buffer)
        if buffer.startswith(_V2):
            return self._read_v2(buffer)
        undecided = _V1.startswith(buffer) or _V2.startswith(buffer)
        return None if undecided else buffer

    def _read_v1(self, buffer: bytes) -> bytes | None:
        end = buffer.find(b"\r\n", 0, _LONGEST_V1)
        if end < 0:
            if len(buffer) >= _LONGEST_V1:
                raise ProxyHeaderInvalid("the line does not end")
            return None
        line = buffer[:end].decode("latin-1")
        parts = _LINE.fullmatch(line)
        if parts is not None:
            try:
                address = IPv4Address(parts[2]) if parts[1] == "4" else IPv6Address(parts[2])
            except ValueError:
                raise ProxyHeaderInvalid("the line names no address of its family") from None
            self.client = str(_unmapped(address))
        elif not _UNKNOWN.fullmatch(line):
            raise ProxyHeaderInvalid("the line is of no known form")
        return buffer[end + 2 :]

    def _read_v2(self, buffer: bytes) -> bytes | None:
        if len(buffer) < _HEAD_V2:
            return None
        command, family = buffer[12], buffer[13]
        end = _HEAD_V2 + int.from_bytes(buffer[14:16], "big")
        if command not in (0x20, 0x21) or end > _LONGEST_V2:
            raise ProxyHeaderInvalid("the header is of no known version, or too long")
        if len(buffer) < end:
            return None
        # LOCAL is the proxy's own connection: a check of its health.
        if command == 0x21:
            size = {0x1: 4, 0x2: 16}.get(family >> 4)
            if size is not None:
                if end < _HEAD_V2 + 2 * size + 4:
                    raise ProxyHeaderInvalid("the header is too short for its addresses")
                address = ip_address(buffer[_HEAD_V2 : _HEAD_V2 + size])
                self.client = str(_unmapped(address))
        return buffer[end:]


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: with a port or without, in brackets or not."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return _unmapped(address)


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The one form of an address: sockets for both families write IPv4's as IPv6's (RFC 4291 section
    2.5.5.2)."""
    return getattr(address, "ipv4_mapped", None) or address


@attrs.frozen
class TrustedProxies:
    """The peers whose word on their clients counts.

    :param networks: that they are in.
    :param unix: whether those on UNIX sockets are among them.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False

    @classmethod
    def of(cls, texts: Iterable[str]) -> TrustedProxies:
        """From addresses, networks in CIDR form, and ``unix``.

        :raises ConfigurationError: one of them is none of these.
        """
        words = tuple(texts)
        try:
            networks = tuple(ip_network(text) for text in words if text != UNIX)
        except ValueError as error:
            raise ConfigurationError(f"trusted proxy: {error}") from None
        return cls(networks, UNIX in words)

    def trust(self, address: str | None) -> bool:
        """Whether a peer is one of them.

        :param address: its IP address; None of a UNIX socket.
        """
        if address is None:
            return self.unix
        if not self.networks:
            return False
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self.networks)

    def client(self, peer: str | None, headers: Mapping[str, str]) -> str | None:
        """The nearest address that no trusted proxy has: that is as far as anybody can be believed.

        :param peer: the IP address that the connection came from; None of a UNIX socket.
        :param headers: of the handshake, by lower-case name.
        """
        client = peer
        told = headers.get("x-forwarded-for")
        if told is None:
            return peer
        for text in reversed(told.split(",")):
            address = parse_address(text.strip())
            if address is None or not self.trust(client):
                break
            client = str(address)
        return client

    def secure(self, peer: str | None, headers: Mapping[str, str]) -> bool:
        """Whether a trusted peer says that its client came over TLS."""
        said = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        return said in ("https", "wss") and self.trust(peer)
