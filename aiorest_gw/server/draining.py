"""The end of a gateway: nobody comes in any more, and everybody finishes what is open."""

from __future__ import annotations

from random import uniform
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from .awaiting import begun
from .loops import loop_of

if TYPE_CHECKING:
    from .factory import RequestHandlerFactory

__all__ = ["CLOSING", "Draining"]

# How long after the time for draining the closing handshakes may take.
CLOSING = 2.0


class Draining:
    """Waits until no connection is left, but not for ever.

    What is still open ``limits.drain_timeout`` behind the window is answered with an error.

    :param factory: whose connections end.
    :param window: seconds over which connections are told so, each at a random moment: their clients
        would else all come to another process at once.
    """

    def __init__(self, factory: RequestHandlerFactory, window: float) -> None:
        self._factory = factory
        self._drained: Deferred[None] = Deferred()
        end = window + factory.limits.drain_timeout
        timers = [
            factory.reactor.callLater(end, factory.finish),
            factory.reactor.callLater(end + CLOSING, self._abort),
        ]
        self._drained.addBoth(lambda _: [timer.cancel() for timer in timers if timer.active()])
        self._drained.addBoth(lambda _: factory.blocking_calls.close())
        self._drained.addBoth(lambda _: self._stop_manager())
        self._window = window

    def begin(self) -> None:
        """Tell the connections."""
        factory = self._factory
        for connection in tuple(factory.connections):
            if self._window:
                moment = uniform(0, self._window)  # noqa: S311 - no secret
                factory.surroundings.later(moment, connection.drain)
            else:
                connection.drain()
        # These have no session that all of their clients would want to resume at once.
        for guest in tuple(factory.web.connections):
            guest.drain()
        self.look()

    def wait(self) -> Deferred[None]:
        """
        :returns: fires when no connection is left.
        """
        waiting: Deferred[None] = Deferred()
        self._drained.addBoth(lambda _: waiting.callback(None))
        return waiting

    def look(self) -> None:
        """A connection is gone; the last one ends it."""
        factory = self._factory
        if not (factory.connections or factory.web.connections or self._drained.called):
            self._drained.callback(None)

    def _abort(self) -> None:
        for connection in tuple(self._factory.connections):
            connection.transport.abortConnection()
        for guest in tuple(self._factory.web.connections):
            guest.abort()

    def _stop_manager(self) -> Any:
        """Sessions end; an engine may take its time over that, but not for ever."""
        factory = self._factory
        stopping = begun(factory.manager.stop(), loop_of(factory.reactor))
        if isinstance(stopping, Deferred):
            stopping.addTimeout(CLOSING, factory.reactor)
            stopping.addErrback(lambda failure: factory.events.failure("stopping failed", failure))
        return stopping
