"""Where connections wait of which nothing is known yet: of all that send, a few are read at a time.

A loop reads whoever has sent something, and looks at nothing else in between: what thousands send in
the same moment, an octet each, would hold it for tens of milliseconds.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

__all__ = ["Lobby"]

# Connections that are read before the others have their turn.
_AT_ONCE = 16


class Guest(Protocol):
    """Who waits to be read."""

    def fileno(self) -> int:
        """The descriptor of its socket, until it has left."""

    def come_in(self) -> None:
        """Read now: there is something to be read, or the peer has gone."""


class Lobby:
    """Asks epoll(7) itself about those who wait; the loop watches over that descriptor alone.

    :param loop: gives asyncio's loop when the first one waits.
    """

    def __init__(self, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self._loop = loop
        self._poller: select.epoll | None = None
        self._waiting: dict[int, Guest] = {}
        self._descriptors: dict[Guest, int] = {}
        self._closing = False

    def wait(self, guest: Guest) -> bool:
        """Let one wait until there is something to read, and others had their turn.

        :returns: False where the system has no descriptor or memory left to wait with.
        """
        descriptor = guest.fileno()
        try:
            if self._poller is None:
                self._poller = select.epoll()
                self._loop().add_reader(self._poller.fileno(), self._look)
            self._poller.register(descriptor, select.EPOLLIN | select.EPOLLRDHUP)
        except OSError:
            return False
        self._waiting[descriptor] = guest
        self._descriptors[guest] = descriptor
        return True

    def leave(self, guest: Guest) -> None:
        """One waits no more, if it did; its descriptor is still open."""
        descriptor = self._descriptors.pop(guest, None)
        if descriptor is not None and self._poller is not None:
            del self._waiting[descriptor]
            with suppress(OSError):
                self._poller.unregister(descriptor)
            self._close_if_empty()

    def _look(self) -> None:
        if self._poller is not None:
            for descriptor, _ in self._poller.poll(0, _AT_ONCE):
                guest = self._waiting[descriptor]
                self.leave(guest)
                guest.come_in()

    def close(self) -> None:
        """Nobody comes any more; those who wait may do so."""
        self._closing = True
        self._close_if_empty()

    def open(self) -> None:
        """Somebody may come again."""
        self._closing = False

    def _close_if_empty(self) -> None:
        if self._closing and self._poller is not None and not self._waiting:
            self._loop().remove_reader(self._poller.fileno())
            self._poller.close()
            self._poller = None
