"""A gateway that runs in the foreground until it is told to stop: for scripts and for the shell."""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)

from ..errors import ConfigurationError
from .collector import spare
from .leaving import LeavingService
from .service import GatewayService
from .supervising import Supervisor

__all__ = [
    "ForegroundService", "ForegroundSupervisor", "begin_logging", "discard_output", "run", "run_service",
]  # fmt: skip


class _Foreground(LeavingService):
    """Tells on the standard output where it listens, and what happens when it is stopped."""

    def ready(self) -> None:
        self.leave_on_signals()

    def announce(self, line: str) -> None:
        try:
            print(f"aiorest_gw: {line}", flush=True)
        except OSError:  # nobody reads it any more: a closed terminal, or the end of a pipe
            discard_output()

    def stopService(self) -> Any:
        self.announce("stopping: finishing what is open (again: at once)")
        return super().stopService()


class ForegroundService(_Foreground, GatewayService):
    """A gateway that tells on the standard output what it does."""


class ForegroundSupervisor(_Foreground, Supervisor):
    """The same with workers."""


def discard_output() -> None:
    """Send what is written from now on to nobody."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def run_service(service: LeavingService, log_level: str = "warn") -> None:
    """Start a service and run the reactor until SIGTERM or SIGINT.

    :param log_level: from which level on events are written to the standard error.
    :raises ConfigurationError: it cannot be started, or there is no such level.
    """
    begin_logging(log_level, textFileLogObserver(sys.stderr))
    run(service)


def begin_logging(log_level: str, observer: ILogObserver) -> None:
    """Write events.

    :param log_level: from which level on.
    :raises ConfigurationError: there is no such level.
    """
    try:
        level = LogLevel.levelWithName(log_level.lower())
    except Exception:
        known = ", ".join(one.name for one in LogLevel.iterconstants())
        raise ConfigurationError(
            f"there is no log level {log_level!r}; known are {known}"
        ) from None
    filtered = FilteringLogObserver(observer, [LogLevelFilterPredicate(defaultLogLevel=level)])
    globalLogBeginner.beginLoggingTo([filtered], redirectStandardIO=False)


def run(service: LeavingService) -> None:
    """Start a service and run the reactor until it is stopped, by a signal too.

    :raises ConfigurationError: it cannot be started.
    """
    reactor = service.reactor
    service.privilegedStartService()  # type: ignore[no-untyped-call]
    service.startService()  # type: ignore[no-untyped-call]
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    # The reactor sets handlers of its own when it begins to run.
    reactor.callWhenRunning(service.leave_on_signals)
    reactor.callWhenRunning(spare, reactor, service.connections)
    reactor.run()
