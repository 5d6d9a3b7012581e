"""From options to a service that can be started: the one place where a gateway is put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import ConfigurationError
from .loading import load_factory
from .options import GatewayOptions
from .service import GatewayService

__all__ = ["build_service"]

# Flags that go to the factory, by the factory's words for them.
_KEYWORDS = {
    "path": "path",
    "compress": "compress",
    "origin": "origins",
    "trust-proxy": "trusted_proxies",
}


S = TypeVar("S", bound=GatewayService)


def build_service(options: GatewayOptions, reactor: Any, service: Callable[..., S]) -> S:
    """Put a gateway together.

    :param options: parsed.
    :param service: called as :class:`GatewayService` is.
    :raises ConfigurationError: in one line, what is wrong.
    """
    if not options["app"]:
        raise ConfigurationError("name the application: --app package.module:name")
    factory = load_factory(options["app"])
    factory.reactor = reactor
    for name in options.unknown:
        factory.events.warn("{name} is set, but there is no such option", name=name)
    settings: dict[str, Any] = {k: options[flag] or None for flag, k in _KEYWORDS.items()}
    settings.update(options.limits())
    factory.configure(**settings)
    return service(reactor, factory, options["listen"], options["twisted-tcp"])
