"""``twistd aiorest_gw``: what the plugin in ``twisted/plugins`` points to."""

from __future__ import annotations

import os

from ..errors import ConfigurationError
from .building import build_service
from .options import GatewayOptions
from .reactors import install_reactor
from .service import GatewayService

__all__ = ["Options", "makeService"]


class _Refused(SystemExit, Exception):
    """Ends the process with one line and status 1.

    An Exception too, so that ``twistd`` removes its PID file and tells the process that waits for
    the daemon to start.
    """

    def __init__(self, error: ConfigurationError) -> None:
        super().__init__(f"aiorest_gw: {error}")


class Options(GatewayOptions):
    """Read by ``twistd``, which has installed a reactor by now where the user named one."""

    def __init__(self) -> None:
        install_reactor()
        super().__init__(os.environ)

    def postOptions(self) -> None:
        try:
            super().postOptions()
        except ConfigurationError as error:
            raise _Refused(error) from None


class _Service(GatewayService):
    def privilegedStartService(self) -> None:
        try:
            super().privilegedStartService()
        except ConfigurationError as error:
            raise _Refused(error) from None

    def startService(self) -> None:
        super().startService()
        self.reactor.callWhenRunning(self.leave_on_signals)


def makeService(options: GatewayOptions) -> GatewayService:
    """The service that ``twistd`` runs."""
    from twisted.internet import reactor

    try:
        return build_service(options, reactor, _Service)
    except ConfigurationError as error:
        raise _Refused(error) from None
