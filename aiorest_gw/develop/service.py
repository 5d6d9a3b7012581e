"""All of it as one service: the port, the watching, the builds and the application, in that order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.internet.task import LoopingCall

from ..server.factory import RequestHandlerFactory
from ..server.service import GatewayService
from .changes import Changes
from .development import Development

__all__ = ["DevelopmentService"]

# Seconds from one look at how it stands to the next.
_LOOK = 1.0


class Standing(Protocol):
    """The part of a terminal that tells how it stands."""

    def refresh(self) -> None:
        """Tell it, if it has changed."""

    def end(self) -> None:
        """Tell it no more."""


class DevelopmentService(GatewayService):
    """A gateway that somebody works on.

    :param listen: descriptions of endpoints.
    :param development: what follows from changes.
    :param changes: tells of them.
    :param terminal: tells how it stands, until all has ended.
    :param ready_at: is called with the address of each socket that is listened on.
    """

    hurries = True

    def __init__(
        self,
        reactor: Any,
        factory: RequestHandlerFactory,
        listen: Sequence[str],
        development: Development,
        changes: Changes,
        terminal: Standing,
        ready_at: Callable[[str], object],
    ) -> None:
        super().__init__(reactor, factory, listen)
        self._development = development
        self._changes = changes
        self._terminal = terminal
        # Sockets of the gateway come and go untold.
        self._looking = LoopingCall(terminal.refresh)
        self._looking.clock = reactor
        self._ready_at = ready_at

    def ready(self) -> None:
        """Signals end it from now on."""
        self.leave_on_signals()

    def privilegedStartService(self) -> None:
        # What is saved while the application is loaded is seen, too.
        self._changes.start()
        # The application says which site is shown, and nobody asks the empty gateway before it.
        self._development.load()
        super().privilegedStartService()

    def startService(self) -> None:
        super().startService()
        self._development.build()
        self._looking.start(_LOOK)

    def stopService(self) -> Any:
        self._looking.stop()
        self._terminal.end()
        self._changes.stop()
        self._development.stop()
        return super().stopService()

    def announce(self, line: str) -> None:
        told, _, address = line.partition("listens on ")
        if not told:
            self._ready_at(address)
