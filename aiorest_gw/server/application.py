"""Starts a gateway from a script, as applications written for aiorest-ws start theirs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twisted.internet.endpoints import quoteStringArgument

from ..arguments import checked_class, several
from ..errors import ConfigurationError
from ..routing.router import SimpleRouter
from .factory import RequestHandlerFactory
from .foreground import ForegroundService, run_service
from .protocol import RequestHandlerProtocol
from .reactors import install_reactor

__all__ = ["Application"]


class Application:
    """A gateway that a script runs, without ``twistd``.

    :param factory: the class of the factory.
    :param protocol: the class of the connections; the factory's own if not given.
    :param certificate: file of the TLS certificate in PEM; with ``key``, the gateway speaks ``wss``.
    :param key: file of its private key in PEM.
    :param middlewares: classes or instances, the first outermost.
    :param options: further keywords of the factory: limits, ``origins``, shared state.
    :raises ConfigurationError: ``factory`` is no such class, one of ``certificate`` and ``key`` is
        without the other, or ``middlewares`` are no list.
    """

    def __init__(
        self,
        factory: type[RequestHandlerFactory] | None = None,
        protocol: type[RequestHandlerProtocol] | None = None,
        certificate: str | Path | None = None,
        key: str | Path | None = None,
        middlewares: Iterable[Any] = (),
        **options: Any,
    ) -> None:
        if (certificate is None) != (key is None):
            raise ConfigurationError("TLS takes both a certificate and its key")
        given = {"router", "host", "port", "path", "compress"} & set(options)
        if given:
            raise ConfigurationError(
                f"give {', '.join(sorted(given))} to run(), not to Application()"
            )
        factory = RequestHandlerFactory if factory is None else factory
        self._factory_class = checked_class("factory", factory, RequestHandlerFactory)
        self._protocol_class = protocol
        self._certificate = certificate
        self._key = key
        self._middlewares = several("middlewares", middlewares)
        self._options = options

    def make_service(
        self,
        host: str = "127.0.0.1",
        port: int = 8080,
        path: str = "",
        router: SimpleRouter | None = None,
        compress: bool = False,
        reactor: Any = None,
    ) -> ForegroundService:
        """The gateway as a service of Twisted's, for a process that runs several things.

        :param host: the address to listen on.
        :param port: 0 takes a free one.
        :param path: the only path that is answered.
        :param router: the routes; the factory's own if not given.
        :param compress: take permessage-deflate where a client offers it.
        :param reactor: the installed one if not given.
        :raises ConfigurationError: a value is wrong.
        """
        if reactor is None:
            install_reactor()
            from twisted.internet import reactor
        for name, value in (("host", host), ("path", path)):
            if not isinstance(value, str) or "://" in value:
                raise ConfigurationError(f"{name} should be no URL but a {name}, not {value!r}")
        endpoint = self._endpoint(host, port)
        scheme = "wss" if self._certificate else "ws"
        name = f"[{host}]" if ":" in host else host
        factory = self._factory_class(
            f"{scheme}://{name}:{port or 80}/{path.strip('/')}",
            router=router,
            middlewares=self._middlewares,
            compress=compress,
            reactor=reactor,
            protocol=self._protocol_class,
            **self._options,
        )
        return ForegroundService(reactor, factory, [endpoint])

    def run(
        self,
        host: str = "127.0.0.1",
        port: int = 8080,
        path: str = "",
        router: SimpleRouter | None = None,
        compress: bool = False,
        log_level: str = "warn",
    ) -> None:
        """Serve until SIGTERM or CTRL-C; open requests are finished first.

        Parameters as :meth:`make_service`; what is wrong ends the script with one line and status 1.

        :param log_level: from which level on events are written to the standard error.
        """
        try:
            run_service(self.make_service(host, port, path, router, compress), log_level)
        except ConfigurationError as error:
            raise SystemExit(f"aiorest_gw: {error}") from None

    def _endpoint(self, host: str, port: int) -> str:
        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
            raise ConfigurationError(f"port should be a number from 0 to 65535, not {port!r}")
        interface = f"interface={quoteStringArgument(host)}"
        if self._certificate is None:
            return f"tcp:{port}:{interface}"
        files = (f"certKey={self._certificate}", f"privateKey={self._key}")
        for file in (self._certificate, self._key):
            if not Path(str(file)).is_file():
                raise ConfigurationError(f"there is no file {file}")
        certificate, key = (
            f"{name}={quoteStringArgument(value)}"
            for name, _, value in (file.partition("=") for file in files)
        )
        return f"ssl:{port}:{interface}:{certificate}:{key}"
