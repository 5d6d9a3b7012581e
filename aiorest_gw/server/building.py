"""From options to a service that can be started: the one place where a gateway is put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def build_service(
    options: GatewayOptions, reactor: Any, service: Callable[..., GatewayService] = GatewayService
) -> GatewayService:
    """Put a gateway together.

    :param options: parsed.
    :param service: called with the reactor, the factory and the endpoints' descriptions.
    :raises ConfigurationError: in one line, what is wrong.
    """
    if not options["app"]:
        raise ConfigurationError("name the application: --app package.module:name")
    factory = load_factory(options["app"])
    factory.reactor = reactor
    settings = {keyword: options[flag] or None for flag, keyword in _KEYWORDS.items()}
    factory.configure(**settings, **options.limits())
    return service(reactor, factory, options["listen"])
