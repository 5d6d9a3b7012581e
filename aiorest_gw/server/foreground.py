"""A gateway that runs in the foreground until it is told to stop: for scripts and for the shell."""

from __future__ import annotations

import sys
from typing import Any

from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)

from ..errors import ConfigurationError
from .service import GatewayService

__all__ = ["ForegroundService", "run_service"]


class ForegroundService(GatewayService):
    """Tells on the standard output where it listens, and what happens when it is stopped."""

    def announce(self, line: str) -> None:
        print(f"aiorest_gw: {line}", flush=True)

    def stopService(self) -> Any:
        self.announce("stopping: finishing what is open (again: at once)")
        return super().stopService()


def run_service(service: ForegroundService, log_level: str = "warn") -> None:
    """Start a service and run the reactor until SIGTERM or SIGINT.

    :param log_level: from which level on events are written to the standard error.
    :raises ConfigurationError: it cannot be started, or there is no such level.
    """
    try:
        level = LogLevel.levelWithName(log_level.lower())
    except Exception:
        known = ", ".join(one.name for one in LogLevel.iterconstants())
        raise ConfigurationError(
            f"there is no log level {log_level!r}; known are {known}"
        ) from None
    observer = FilteringLogObserver(
        textFileLogObserver(sys.stderr), [LogLevelFilterPredicate(defaultLogLevel=level)]
    )
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    reactor = service.reactor
    service.privilegedStartService()
    service.startService()
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.callWhenRunning(service.leave_on_signals)
    reactor.run()
