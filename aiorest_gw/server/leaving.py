"""How a service ends its process: in order at the first signal, at once at the second."""

from __future__ import annotations

import signal
from typing import Any

from twisted.application.service import Service

__all__ = ["LeavingService"]


class LeavingService(Service):
    """A service that its process lives for.

    :ivar reactor: what it runs on.
    """

    reactor: Any
    _stopping = False

    def ready(self) -> None:
        """It is loaded, and about to serve: from now on it is ended in order."""

    def connections(self) -> int:
        """How many connections this process has."""
        return 0

    def leave_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end the process in order, with status 0; a second one at once.

        Twisted's own handlers end it by the same signal again, which a supervisor takes for a crash.
        A terminal that is closed may tell so more than once, and nothing by that; nohup(1) has it
        ignored.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.reactor.callFromThread(self.signalled))
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, lambda *_: self.reactor.callFromThread(self.leave))

    def signalled(self) -> None:
        """A signal has come."""
        if self._stopping:
            self.finish()
        else:
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
