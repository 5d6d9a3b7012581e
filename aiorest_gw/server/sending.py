"""Twisted's own connections over TCP, but that they send at once where nothing waits to be sent.

Twisted's keep what is written, have the reactor watch for when it may be sent, and send it a turn later:
three more system calls for each answer.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.tcp import Port, Server

__all__ = ["EagerServer", "send_eagerly"]


class EagerServer(Server):
    """A connection that was accepted.

    Where something waits, or Twisted's own way has more to do than to send, that is taken.
    """

    def write(self, data: bytes) -> None:
        if self._may_send() and type(data) is bytes:
            try:
                sent = self.socket.send(data)
            except OSError:  # Twisted's own way meets it again, and knows what to do.
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        super().write(data)  # type: ignore[no-untyped-call]

    def _may_send(self) -> bool:
        try:
            return bool(
                self.connected
                and not self._tempDataLen
                and not self.dataBuffer
                and (self.producer is None or (self.streamingProducer and not self.producerPaused))
                and not self.disconnecting
                and not self._writeDisconnecting
                and not self._aborting
                and not self.TLS
            )
        except AttributeError:
            # Most of these are Twisted's own business, and may go.
            return False


def send_eagerly(port: Any) -> None:
    """Have a port's connections send at once, if it is Twisted's own for TCP."""
    if isinstance(port, Port) and port.transport is Server:
        port.transport = EagerServer
