"""How long a connection of plain HTTP is waited for: to ask, to send all of it, to read the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from weakref import proxy

from .unread import unread

if TYPE_CHECKING:
    from .web import Web

__all__ = ["Patience"]

# Seconds in which a peer has to read something of what waits for it.
_UNREAD = 30.0


class Waited(Protocol):
    """A connection.

    :ivar requests: that are not answered.
    """

    requests: list[Any]
    transport: Any

    def refuse(self, status: int, reason: str) -> None: ...

    def loseConnection(self) -> None: ...

    def abort(self) -> None: ...


class Patience:
    """The timers of a connection.

    Most requests come in one read and are answered in one write, and set none: the one for idle
    connections goes on, and when it is over looks when the last answer was.

    :param web: has the limits and the time.
    :param connection: that is waited for.
    """

    def __init__(self, web: Web, connection: Waited) -> None:
        self._web = web
        # Else the two would hold each other until the collector comes.
        self._connection: Waited = proxy(connection)
        self._sending: Any = None
        self._reading: Any = None
        self._idle: Any = None
        self._idle_since = 0.0

    @property
    def calm(self) -> bool:
        """Nothing has come that is not whole yet."""
        return self._sending is None

    def expect(self, seconds: float, or_else: Callable[[], None] | None = None) -> None:
        """What has begun to come is whole in so many seconds, however slowly it comes, or is refused."""
        if self._sending is None:
            self._sending = self._web.later(seconds, self._too_slow, or_else)

    def _too_slow(self, or_else: Callable[[], None] | None) -> None:
        self._sending = None
        if or_else is None:
            self._connection.refuse(408, "The request took too long to come")
        else:
            or_else()

    def end(self) -> None:
        """It is whole."""
        timer, self._sending = self._sending, None
        if timer is not None:
            timer.cancel()

    # -- idle connections

    def idle(self) -> None:
        """Nothing is asked now."""
        seconds = self._web.limits.http_idle_timeout
        if seconds:
            self._idle_since = self._web.now()
            if self._idle is None:
                self._idle = self._web.later(seconds, self._look_whether_idle)

    def _look_whether_idle(self) -> None:
        self._idle = None
        if self._connection.requests or not self.calm:
            # Looked at again when that is over.
            return
        left = self._idle_since + self._web.limits.http_idle_timeout - self._web.now()
        if left > 0:
            self._idle = self._web.later(left, self._look_whether_idle)
        else:
            self._connection.loseConnection()

    # -- peers that do not read

    def expect_reading(self) -> None:
        """The peer reads something of what was written in half a minute, and so on, or is dropped."""
        if self._reading is None:
            waits = unread(self._connection.transport)
            self._reading = self._web.later(_UNREAD, self._has_it_read, waits)

    def _has_it_read(self, waited: int) -> None:
        self._reading = None
        waits = unread(self._connection.transport)
        if waits < waited:
            self._reading = self._web.later(_UNREAD, self._has_it_read, waits)
        else:
            self._connection.abort()

    def stop_expecting_reading(self) -> None:
        """It has read."""
        timer, self._reading = self._reading, None
        if timer is not None:
            timer.cancel()

    def leave(self) -> None:
        """Wait for nothing but that what was written is read."""
        self._stop_asking()
        self.expect_reading()

    def stop(self) -> None:
        """Wait for nothing more."""
        self._stop_asking()
        self.stop_expecting_reading()

    def _stop_asking(self) -> None:
        self.end()
        timer, self._idle = self._idle, None
        if timer is not None:
            timer.cancel()
