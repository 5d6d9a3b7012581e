"""``aiorest-gw dev``: a site whose pages reload as it changes, with its gateway and application."""

from __future__ import annotations

import argparse
import os
import re
import sys
import webbrowser
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast, get_args

from twisted.logger import textFileLogObserver

from ..develop.application import OwnApplication
from ..develop.changes import Changes
from ..develop.development import Development
from ..develop.service import DevelopmentService
from ..develop.shown import ShownSite
from ..errors import ConfigurationError
from ..livereload.live import LiveReload
from ..livereload.rules import Rules
from ..livereload.watching import Kind
from ..server.factory import RequestHandlerFactory
from ..server.foreground import begin_logging, run
from ..server.hosting import HostFactory
from ..server.reactors import install_reactor
from .console import Terminal
from .parsing import Words

__all__ = ["main"]

_EXAMPLES = """  aiorest-gw dev site
  aiorest-gw dev site --app app:router --open
  aiorest-gw dev public --watch templates --on-change "make site"
  aiorest-gw dev site --depends 'templates/blog.html=blog/**'"""
_PORT = 8080


def main(arguments: Sequence[str]) -> None:
    """Serve until it is interrupted.

    :raises SystemExit: with one line where something is wrong.
    """
    options = _parser().parse(arguments)
    try:
        _develop(options)
    except ConfigurationError as error:
        chooses = options.listen is None and str(error).endswith("choose another port")
        hint = " with --port" if chooses else ""
        raise SystemExit(f"aiorest-gw dev: {error}{hint}") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _parser() -> Words:
    parser = Words(
        "dev",
        "Serve a folder as a site, and reload its pages in the browser when it changes; with its gateway"
        " and application on the same port.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add(
        "folder",
        nargs="?",
        type=_folder,
        help="of the site (default: that of the application, or this one)",
    )
    add(
        "--app",
        metavar="MODULE:NAME",
        help="the gateway's application; loaded anew when it changes",
    )
    add("--path", help="of the gateway's WebSocket (default /)")
    add("--port", type=_port, default=_PORT, help=f"on 127.0.0.1 (default {_PORT}; 0: a free one)")
    add("--listen", metavar="ENDPOINT", help="of Twisted, in place of --port")
    add("--open", action="store_true", help="open it in the browser")
    add("--on-change", metavar="COMMAND", help="run before reloading, such as 'make site'")
    add(
        "--watch",
        action="append",
        type=_folder,
        default=[],
        metavar="FOLDER",
        help="besides the site's; may be given several times",
    )
    add(
        "--depends",
        action="append",
        default=[],
        metavar="FILES=PAGES",
        help="pages reload when files change, patterns both; may be given several times",
    )
    add("--rules", metavar="MODULE:NAME", help="a Rules of your own, in place of --depends")
    add("--single-page", action="store_true", help="index.html where nothing is found")
    add("--watching", choices=get_args(Kind), default="auto", help="how (default auto)")
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="by which it may be asked for, besides localhost and addresses",
    )
    return parser


def _folder(text: str) -> str:
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no folder")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) < 65_536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _develop(options: argparse.Namespace) -> None:
    rules = _rules(options)
    install_reactor()
    from twisted.internet import reactor

    run(_service(options, reactor, rules))


def _service(options: argparse.Namespace, reactor: Any, rules: Rules) -> DevelopmentService:
    terminal = Terminal(lambda: _standing(live, options.app is not None), os.getcwd())
    begin_logging("warn", textFileLogObserver(cast("IO[str]", terminal)))
    settings: dict[str, Any] = {"path": options.path, "drain_window": 0.0}
    factory = HostFactory() if options.app else RequestHandlerFactory()
    factory.reactor = reactor
    factory.configure(**settings)
    factory.web.hosts = frozenset(options.allow_host)
    live = LiveReload(factory, rules, terminal.refresh)
    application = None
    if isinstance(factory, HostFactory):
        application = OwnApplication(options.app, factory, settings, lambda: site.choose())
    development = Development(
        live, terminal, application, options.on_change, os.getcwd(), lambda: changes.delay
    )
    watched = [*map(Path, options.watch), *(application.folders if application else ())]
    changes = Changes(reactor, watched, development.changed, options.watching)
    site = ShownSite(
        factory.web, options.folder, options.single_page, development.put_in, changes.watch
    )
    site.choose()
    listen = options.listen or f"tcp:{options.port}:interface=127.0.0.1"
    ready = partial(_ready, site, options.app, application, options.open, terminal)
    return DevelopmentService(reactor, factory, [listen], development, changes, terminal, ready)


def _rules(options: argparse.Namespace) -> Rules:
    """
    :raises ConfigurationError: they are none.
    """
    if options.rules is None:
        # A page that is shown for every address is a part of every page.
        return Rules.parse([*options.depends, *(["index.html=**"] if options.single_page else [])])
    if options.depends:
        raise ConfigurationError("give either --rules or --depends")
    module, _, name = options.rules.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        found = getattr(import_module(module), name)
    except Exception as error:  # whatever is wrong with a module that somebody writes
        raise ConfigurationError(
            f"--rules {options.rules}: {type(error).__name__}: {error}"
        ) from None
    if not isinstance(found, Rules):
        raise ConfigurationError(f"--rules {options.rules} is no aiorest_gw.livereload.Rules")
    return found


def _ready(
    site: ShownSite,
    target: str,
    application: OwnApplication | None,
    opens: bool,
    terminal: Terminal,
    address: str,
) -> None:
    page, folder = _page(address), os.path.relpath(site.folder)
    shown = site.folder if folder.startswith(os.pardir) else folder
    terminal.say(f"{page} shows {shown}, and reloads as it changes (CTRL-C ends it)")
    if application is not None:
        loaded = "" if application.is_loaded else ", as soon as that can be loaded"
        terminal.say(f"{address} is the gateway of {target}{loaded}")
    terminal.refresh()
    if opens:
        webbrowser.open(page)


def _page(address: str) -> str:
    """The site's, from that of the gateway's WebSocket."""
    found = re.match(r"ws(s?://[^/]+)/", address)
    return f"http{found[1]}/" if found else address


def _standing(live: LiveReload, with_sockets: bool) -> str:
    tabs, sockets = len(live.live_clients), len(live.web.factory.connections)
    told = f"{tabs} tab{'' if tabs == 1 else 's'}"
    return told + (f", {sockets} socket{'' if sockets == 1 else 's'}" if with_sockets else "")
