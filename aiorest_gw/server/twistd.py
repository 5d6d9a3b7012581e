"""``twistd aiorest_gw``: what the plugin in ``twisted/plugins`` points to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ConfigurationError
from .building import build_service, build_supervisor
from .collector import spare
from .leaving import LeavingService
from .options import GatewayOptions
from .reactors import install_reactor
from .service import GatewayService
from .supervising import Supervisor

__all__ = ["Options", "makeService"]


class _Refused(SystemExit, Exception):
    """Ends the process with one line and status 1.

    An Exception too, so that ``twistd`` removes its PID file and tells the process that waits for
    the daemon to start.
    """

    def __init__(self, error: ConfigurationError) -> None:
        super().__init__(f"aiorest_gw: {error}")


@contextmanager
def _refused_in_one_line() -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        raise _Refused(error) from None


class Options(GatewayOptions):
    """Read by ``twistd``, which has installed a reactor by now where the user named one."""

    def __init__(self) -> None:
        install_reactor()
        super().__init__(os.environ)

    def postOptions(self) -> None:
        with _refused_in_one_line():
            super().postOptions()


class _Started(LeavingService):
    def ready(self) -> None:
        self.leave_on_signals()

    def privilegedStartService(self) -> None:
        with _refused_in_one_line():
            super().privilegedStartService()  # type: ignore[no-untyped-call]

    def startService(self) -> None:
        with _refused_in_one_line():
            super().startService()  # type: ignore[no-untyped-call]
        self.reactor.callWhenRunning(self.leave_on_signals)
        self.reactor.callWhenRunning(spare, self.reactor, self.connections)


class _Service(_Started, GatewayService):
    """A gateway in this process."""


class _Supervisor(_Started, Supervisor):
    """A gateway in workers."""


def makeService(options: GatewayOptions) -> LeavingService:
    """The service that ``twistd`` runs."""
    from twisted.internet import reactor

    assert options.parent is not None
    with _refused_in_one_line():
        if options.workers() == 1:
            return build_service(options, reactor, _Service)
        return build_supervisor(
            options,
            reactor,
            _Supervisor,
            reactor_name=options.parent.get("reactor"),
            log_level="debug",
            piped=True,
        )
