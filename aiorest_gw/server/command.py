"""The console script ``aiorest-gw``."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence

from twisted.application.reactors import NoSuchReactor, getReactorTypes
from twisted.python import usage

from .. import __version__
from ..arguments import nearest
from ..errors import ConfigurationError
from .building import build_service, build_supervisor
from .foreground import ForegroundService, ForegroundSupervisor, run_service
from .leaving import LeavingService
from .options import GatewayOptions
from .reactors import install_reactor

__all__ = ["main"]


def _show_version(options: usage.Options) -> None:
    """show the version and exit"""
    print(f"aiorest-gw {__version__}")
    raise SystemExit(0)


class _Serve(GatewayOptions):
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


class _Command(usage.Options):
    synopsis = "Usage: aiorest-gw"
    subCommands = [
        ["serve", None, _Serve, "serve an application in the foreground"],
    ]

    opt_version = _show_version


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command.

    :param arguments: those of the process if not given.
    :raises SystemExit: with one line and status 1 where something is wrong.
    """
    command = _Command()
    try:
        command.parseOptions(sys.argv[1:] if arguments is None else arguments)
        if command.subCommand is None:
            raise usage.UsageError(
                "name a command, as in: aiorest-gw serve --app package.module:name"
            )
        _serve(command.subOptions)
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
    flags = list(_Serve()) if found else []
    if found and found[1] in flags:
        return f"; write aiorest-gw serve --{found[1]} …"
    meant = nearest(found[1], flags) if found else None
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
