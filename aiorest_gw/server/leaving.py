"""How a service ends its process: in order at the first signal, at once at the second."""

from __future__ import annotations

import signal
from typing import Any

from twisted.application.service import Service

__all__ = ["LeavingService"]

# Seconds that somebody at a terminal waits for a program that does not hear.
_PATIENCE = 1.0


class LeavingService(Service):
    """A service that its process lives for.

    :ivar reactor: what it runs on.
    :ivar hurries: whether it ends for somebody who waits for it, and closes all connections at once.
    """

    reactor: Any
    hurries = False
    _stopping = False
    # When the first signal came that the reactor was too busy to hear of.
    _unheard_since: float | None = None

    def ready(self) -> None:
        """It is loaded, and about to serve: from now on it is ended in order."""

    def connections(self) -> int:
        """How many connections this process has."""
        return 0

    def leave_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end the process in order, with status 0; a second one at once.

        Twisted's own handlers end it by the same signal again, which a supervisor takes for a crash.
        A terminal that is closed may tell so more than once, and nothing by that; nohup(1) has it
        ignored. Where an application keeps the reactor from hearing of it, a second SIGINT interrupts
        the application.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda n, _: self._interrupted(n))
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, lambda *_: self.reactor.callFromThread(self._hung_up))

    def _interrupted(self, number: int) -> None:
        """A signal has come, in the middle of anything."""
        now, since = self.reactor.seconds(), self._unheard_since
        if since is None:
            self._unheard_since = now
        elif number == signal.SIGINT and now - since > _PATIENCE:
            raise KeyboardInterrupt
        self.reactor.callFromThread(self._hear, number)

    def _hear(self, number: int) -> None:
        self._unheard_since = None
        self.signalled(number)

    def signalled(self, number: int) -> None:
        """A signal has come: from whoever keeps services, or from a terminal."""
        if self._stopping:
            self.finish()
        else:
            self.hurries = number != signal.SIGTERM
            self.leave()

    def _hung_up(self) -> None:
        """There is no terminal any more; that may be told more than once."""
        self.hurries = self.hurries or not self._stopping
        self.leave()

    def leave(self) -> None:
        """End the process in order; it may be asked for again."""
        if not self._stopping:
            self._stopping = True
            self.reactor.stop()

    def finish(self) -> None:
        """End what an orderly end still waits for."""
        raise NotImplementedError

    def stopService(self) -> Any:
        super().stopService()  # type: ignore[no-untyped-call]
        self._stopping = True
