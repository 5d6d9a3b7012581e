"""Connections on the gateway's port that are none of its WebSocket: counted with them, and drained."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Guest"]


class Guest(Protocol):
    """A protocol of Twisted's that may have a connection.

    :ivar counted_as: the address that the connection is counted under; None of a UNIX socket.
    """

    counted_as: str | None

    def drain(self) -> None:
        """Finish what is being answered, take nothing more, and close."""

    def abort(self) -> None:
        """Close now."""
