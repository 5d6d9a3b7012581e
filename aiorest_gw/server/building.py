"""From options to a service that can be started: the one place where a gateway is put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from ..errors import ConfigurationError
from ..web.files import Pages, pages_of
from .factory import RequestHandlerFactory
from .jobs import Job
from .loading import load_factory
from .options import GatewayOptions
from .service import GatewayService
from .supervising import Supervisor

__all__ = ["build_service", "build_supervisor"]

# Flags that go to the factory, by the factory's words for them.
_KEYWORDS = {
    "path": "path",
    "compress": "compress",
    "origin": "origins",
    "trust-proxy": "trusted_proxies",
}


S = TypeVar("S", bound=GatewayService)
P = TypeVar("P", bound=Supervisor)


def build_service(options: GatewayOptions, reactor: Any, service: Callable[..., S]) -> S:
    """Put a gateway together.

    :param options: parsed.
    :param service: called as :class:`GatewayService` is.
    :raises ConfigurationError: in one line, what is wrong.
    """
    application = _application(options)
    factory = RequestHandlerFactory() if application is None else load_factory(application)
    factory.reactor = reactor
    factory.web.pages = _site(options, factory.web.pages)
    for name in options.unknown:
        factory.events.warn("{name} is set, but there is no such option", name=name)
    settings: dict[str, Any] = {k: options[flag] or None for flag, k in _KEYWORDS.items()}
    settings.update(options.limits())
    factory.configure(**settings)
    return service(reactor, factory, options["listen"], options["twisted-tcp"])


def build_supervisor(
    options: GatewayOptions,
    reactor: Any,
    supervisor: Callable[[Any, Job], P],
    *,
    reactor_name: str | None,
    log_level: str,
    piped: bool,
) -> P:
    """Put together what starts workers, each of which builds the service for itself.

    :param supervisor: called as :class:`Supervisor` is.
    :param reactor_name: as ``twistd --reactor`` takes it; None is the default one.
    :param log_level: from which level on the workers write events.
    :param piped: the workers' output is logged here.
    :raises ConfigurationError: in one line, what is wrong.
    """
    _application(options)
    if options["site"]:
        pages_of(options["site"])
    options.limits()
    job = Job(
        options=dict(options),
        reactor=reactor_name,
        log_level=log_level,
        piped=piped,
        workers=options.workers(),
    )
    made = supervisor(reactor, job)
    for name in options.unknown:
        made.log.warn("{name} is set, but there is no such option", name=name)
    return made


def _application(options: GatewayOptions) -> str | None:
    """What ``--app`` names; None where a site alone is served."""
    if not options["app"] and not options["site"]:
        raise ConfigurationError(
            "name the application, --app package.module:name, or a site, --site folder"
        )
    name: str | None = options["app"] or None
    return name


def _site(options: GatewayOptions, given: Pages | None) -> Pages | None:
    """The site that is served.

    :param given: the application's own, of which the flags change what they name.
    :raises ConfigurationError: there is none, or it is no folder.
    """
    folder = options["site"]
    if folder:
        given = pages_of(Pages(folder) if given is None else attrs.evolve(given, folder=folder))
    changes: dict[str, Any] = {"single_page": True} if options["single-page"] else {}
    policy = options["content-security-policy"]
    if policy:
        changes["policy"] = None if policy == "none" else policy
    if not changes:
        return given
    if given is None:
        flag = "--single-page" if options["single-page"] else "--content-security-policy"
        raise ConfigurationError(f"{flag} is of a site: --site folder")
    return pages_of(attrs.evolve(given, **changes))
