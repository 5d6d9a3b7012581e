"""``aiorest-gw serve``: an application in the foreground."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence

from twisted.application.reactors import NoSuchReactor, getReactorTypes
from twisted.python import usage

from ..arguments import nearest
from ..errors import ConfigurationError
from ..server.building import build_service, build_supervisor
from ..server.foreground import ForegroundService, ForegroundSupervisor, run_service
from ..server.leaving import LeavingService
from ..server.options import GatewayOptions
from ..server.reactors import install_reactor
from ..version import VERSION

__all__ = ["main"]

# Flags of many servers, and what is written here.
_ELSEWHERE = dict.fromkeys(("port", "host", "bind"), "--listen tcp:8080:interface=127.0.0.1")


def _show_version(options: usage.Options) -> None:
    """show the version and exit"""
    print(f"aiorest-gw {VERSION}")
    raise SystemExit(0)


class _Serve(GatewayOptions):
    synopsis = f"Usage: aiorest-gw serve {GatewayOptions.synopsis}"
    opt_version = _show_version
    optParameters = [
        ["reactor", None, None, "as twistd's --reactor (default: asyncio on uvloop)"],
        [
            "log-level",
            None,
            None,
            "debug, info, warn, error or critical; to the standard error (default warn)",
        ],
    ]

    def __init__(self) -> None:
        super().__init__(os.environ)

    def postOptions(self) -> None:
        super().postOptions()
        self["log-level"] = self["log-level"] or "warn"


def main(arguments: Sequence[str]) -> None:
    """Serve until it is stopped.

    :raises SystemExit: with one line and status 1 where something is wrong.
    """
    options = _Serve()
    try:
        options.parseOptions(arguments)
        _serve(options)
    except usage.UsageError as error:
        raise SystemExit(f"aiorest-gw: {error}{_hint(str(error))}") from None
    except ConfigurationError as error:
        raise SystemExit(f"aiorest-gw: {error}") from None
    except KeyboardInterrupt:
        # Before the gateway serves; the status is that of a command which SIGINT has ended.
        raise SystemExit(128 + signal.SIGINT) from None


def _hint(message: str) -> str:
    """Which flag was probably meant by one that there is not."""
    found = re.search(r"option --([\w-]+) not recognized", message)
    if found and found[1] in _ELSEWHERE:
        return f"; write {_ELSEWHERE[found[1]]}"
    meant = nearest(found[1], _Serve()) if found else None
    return f"; is --{meant} meant?" if meant else ""


def _serve(options: _Serve) -> None:
    try:
        install_reactor(options["reactor"])
    except NoSuchReactor as error:
        known = ", ".join(sorted({kind.shortName for kind in getReactorTypes()}))
        raise ConfigurationError(f"there is no reactor {error}; known are {known}") from None
    except ImportError as error:
        raise ConfigurationError(
            f"the reactor {options['reactor']} does not run here: {error}"
        ) from None
    from twisted.internet import reactor

    service: LeavingService
    if options.workers() == 1:
        service = build_service(options, reactor, ForegroundService)
    else:
        service = build_supervisor(
            options,
            reactor,
            ForegroundSupervisor,
            reactor_name=options["reactor"],
            log_level=options["log-level"],
            piped=False,
        )
    run_service(service, options["log-level"])
