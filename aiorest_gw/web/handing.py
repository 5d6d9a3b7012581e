"""Connections that change hands: what is asked for first decides which protocol has them."""

from __future__ import annotations

from typing import Any

from twisted.protocols.policies import ProtocolWrapper

from ..server.transport import LoopTransport

__all__ = ["hand_over"]


def hand_over(transport: Any, protocol: Any, data: bytes) -> None:
    """Let another protocol have a connection from now on; the one that had it is told nothing more.

    :param transport: that nobody is registered with as a producer.
    :param data: that was read already.
    """
    if isinstance(transport, LoopTransport):
        transport.change_hands(protocol)
    elif isinstance(transport, ProtocolWrapper):  # of Twisted's TLS
        transport.wrappedProtocol = protocol
    else:
        transport.protocol = protocol
    protocol.makeConnection(transport)
    protocol.dataReceived(data)
