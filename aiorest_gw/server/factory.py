"""What the connections of one gateway share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import isawaitable
from os import PathLike
from typing import Any

import attrs
from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.defer import Deferred

from ..arguments import checked_class, refuse_misspelt, several
from ..auth.identity import Authenticator, Identity
from ..engines.memory import MemoryEngine
from ..errors import ConfigurationError
from ..limits import Limits
from ..routing.dispatch import Dispatcher
from ..routing.router import SimpleRouter
from ..sessions.engine import Engine
from ..sessions.manager import HandlerManager
from ..sessions.rules import TopicRule, TopicRules
from ..web.files import Pages, pages_of
from ..web.web import Web
from ..wire.deflate import Deflater
from ..wire.dialects import V1
from ..wire.origins import allowed_origins
from ..wire.proxies import TrustedProxies
from ..wire.shapes import Shape
from .admission import Admission
from .compression import accept_deflate, accept_none
from .draining import CLOSING, Draining
from .logs import CappedLog
from .outgoing import Outgoing
from .protocol import RequestHandlerProtocol
from .resources import own_resources
from .script import documents
from .succession import Succession
from .surroundings import ReactorSurroundings
from .threads import BlockingCalls, RunsBlocking
from .timers import Timers
from .turns import Turns

__all__ = ["CLOSING", "RequestHandlerFactory"]

_AUTOBAHN = ("url", "protocols", "server", "headers", "externalPort")
_OPTIONS = (
    "protocol", "router", "middlewares", "limits", "origins", "path", "compress", "trusted_proxies",
    "reactor", "blocking_calls", "manager", "authenticator", "token_cookie", "hello", "engine",
    "topics", "client_script", "site",
)  # fmt: skip
# The command line's words for some of them, and of what is not the factory's.
_FLAGS = {"trust_proxy": "trusted_proxies", "origin": "origins", "allowed_origins": "origins"}
_OF_THE_COMMAND = ("listen", "workers", "twisted_tcp", "log_level")
# Stands for the installed reactor: to ask for it is to install one.
_INSTALLED: Any = object()


def _refuse_options(shared: Iterable[str]) -> None:
    """Refuse keywords that look like options and are none, which nothing would come of.

    :raises ConfigurationError: with what was probably meant.
    """
    for name in shared:
        if name in _FLAGS:
            raise ConfigurationError(f"there is no option {name}; is {_FLAGS[name]} meant?")
        if name in _OF_THE_COMMAND:
            raise ConfigurationError(f"{name} is an option of the command, not of the factory")
    refuse_misspelt(shared, (*Limits.names(), *_AUTOBAHN, *_OPTIONS))


def _autobahns(args: Sequence[Any], shared: dict[str, Any]) -> dict[str, Any]:
    """The keywords that are Autobahn's, taken out of all others.

    :raises TypeError: the first argument is no url.
    """
    if args and not isinstance(args[0], (str, type(None))):
        raise TypeError(f"the first argument is Autobahn's url; was router={args[0]!r} meant?")
    own = {name: shared.pop(name) for name in _AUTOBAHN if name in shared}
    if len(args) < 3:
        own.setdefault("server", "")
    if len(args) < 2:
        # Whoever names others speaks them, in the plain dialect.
        own["protocols"] = [*V1, *(own.get("protocols") or ())]
    return own


def _checked_authenticator(given: Any) -> Authenticator | None:
    if given is None or (hasattr(given, "authenticate") and not isinstance(given, type)):
        return given
    raise ConfigurationError(
        f"authenticator should be an object with authenticate(token), not {given!r}"
    )


def _checked_engine(given: Any) -> Engine | None:
    if given is None or (hasattr(given, "forward") and not isinstance(given, type)):
        return given
    raise ConfigurationError(f"engine should be an Engine, not {given!r}")


def _checked_limits(given: Limits | None) -> Limits:
    if given is None or isinstance(given, Limits):
        return given or Limits()
    raise ConfigurationError(f"limits should be a Limits, not {given!r}")


class RequestHandlerFactory(Succession, WebSocketServerFactory):  # type: ignore[misc]
    """Makes a :class:`RequestHandlerProtocol` for each connection, and holds what they share.

    A subclass adds what its application shares (a database, a cache) as properties; views reach it as
    ``request.factory``.

    :param args: Autobahn's: ``url, protocols, server, headers, externalPort``, by keyword too. Of the
        ``url``, the path is the only one that is answered, and the whole is what ``reverse`` begins
        with.
    :param router: the routes; an empty :class:`SimpleRouter` if not given.
    :param protocol: the class of the connections; the class's own ``protocol`` if not given.
    :param middlewares: classes or instances, the first outermost.
    :param limits: a :class:`~aiorest_gw.limits.Limits`; its fields may be given as keywords too.
    :param origins: further web origins that may connect, each exactly as browsers send it.
    :param path: the only path that is answered, in place of that of ``url``.
    :param compress: take permessage-deflate where a client offers it (RFC 7692).
    :param trusted_proxies: addresses, networks, or ``unix`` for all on UNIX sockets: their
        connections are not counted by address, and what they say of their clients is believed (the PROXY
        protocol, ``X-Forwarded-For``, ``X-Forwarded-Proto``).
    :param reactor: for the timers and threads; the installed one if not given.
    :param blocking_calls: runs the views marked ``@blocking``; in threads if not given.
    :param manager: holds the sessions; an own one if not given.
    :param authenticator: finds out who a client is when its session is opened.
    :param token_cookie: the name of the cookie that may hold a client's token.
    :param hello: greet clients of the plain dialect with a push of that name: their session's id, user
        id and user name.
    :param engine: keeps topics, their history and presence; in memory, if not given.
    :param topics: rules of which clients may read and write which topics, the first that fits holds;
        where none does, they may neither.
    :param client_script: serve the client for browsers at ``/aiorest-gw.js``.
    :param site: a folder, or :class:`~aiorest_gw.web.files.Pages`, that is served on the same port.
    :param shared: every other keyword is kept in ``shared``, for subclasses and views.
    :raises TypeError: ``router`` is no router.
    :raises ConfigurationError: a value is wrong, or a keyword looks misspelt.

    Of a subclass, ``router`` and ``middlewares`` cannot be attributes of the class: they are properties.
    """

    protocol = RequestHandlerProtocol
    noisy = False
    _reactor: Any

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in ("router", "middlewares"):
            if not isinstance(getattr(cls, name), property):
                raise TypeError(f"{cls.__qualname__}.{name} would be ignored: give it to __init__")

    def __init__(
        self,
        *args: Any,
        router: SimpleRouter | None = None,
        protocol: type[RequestHandlerProtocol] | None = None,
        middlewares: Iterable[Any] = (),
        limits: Limits | None = None,
        origins: Iterable[str] = (),
        path: str | None = None,
        compress: bool = False,
        trusted_proxies: Iterable[str] = (),
        reactor: Any = None,
        blocking_calls: RunsBlocking | None = None,
        manager: HandlerManager | None = None,
        authenticator: Authenticator | None = None,
        token_cookie: str | None = None,
        hello: bool = False,
        engine: Engine | None = None,
        topics: Iterable[TopicRule] = (),
        client_script: bool = True,
        site: str | PathLike[str] | Pages | None = None,
        **shared: Any,
    ) -> None:
        own = _autobahns(args, shared)
        bounds = {name: shared.pop(name) for name in Limits.names() if name in shared}
        _refuse_options(shared)
        super().__init__(*args, reactor=_INSTALLED if reactor is None else reactor, **own)
        self.surroundings = ReactorSurroundings(self)
        self.manager = HandlerManager() if manager is None else manager
        self.authenticator = _checked_authenticator(authenticator)
        self.token_cookie = token_cookie
        self.hello = hello
        self.web = Web(self, documents() if client_script else {}, pages_of(site))
        self._given_engine = _checked_engine(engine)
        self.engine: Engine | None = None
        self._topic_rules = TopicRules(several("topics", topics))
        self.events = CappedLog(lambda: self.reactor.seconds())
        # Autobahn's own timers are on the global reactor, whatever the factory was given.
        self._batched_timer = Timers(lambda: self.reactor, self.events)
        self.turns = Turns(
            lambda work: self.reactor.callLater(0, work), lambda: self.reactor.seconds()
        )
        self.outgoing = Outgoing(lambda: self.reactor, self.events)
        self.shared = shared
        self.deflater = Deflater()
        self.limits = _checked_limits(limits)
        if protocol is not None:
            self.protocol = checked_class("protocol", protocol, RequestHandlerProtocol)
        self.connections: set[RequestHandlerProtocol] = set()
        self._draining: Draining | None = None
        self.blocking_calls: RunsBlocking = blocking_calls or BlockingCalls(self)
        self._middlewares = several("middlewares", middlewares)
        self.router = SimpleRouter() if router is None else router
        self.configure(
            path=path,
            origins=origins,
            trusted_proxies=trusted_proxies,
            compress=compress,
            **bounds,
        )

    def configure(
        self,
        *,
        path: str | None = None,
        origins: Iterable[str] | None = None,
        trusted_proxies: Iterable[str] | None = None,
        compress: bool | None = None,
        **limits: float,
    ) -> None:
        """Change settings before the factory is listened with; what is None stays as it is.

        :param limits: fields of :class:`~aiorest_gw.limits.Limits`.
        :raises ConfigurationError: a value is wrong.
        """
        refuse_misspelt(set(limits) - set(Limits.names()), Limits.names())
        self.limits = attrs.evolve(self.limits, **limits)  # type: ignore[arg-type]
        self.shape = Shape(
            self.limits.max_depth, self.limits.max_containers, self.limits.max_values
        )
        if path is not None and (not isinstance(path, str) or "://" in path):
            raise ConfigurationError(f"path should be a path such as /api, not {path!r}")
        if path is not None:
            self.path = "/" + path.strip("/")
        if origins is not None:
            self.origins = allowed_origins(several("origins", origins))
        if trusted_proxies is not None:
            self.trusted_proxies = TrustedProxies.of(several("trusted_proxies", trusted_proxies))
        if limits or self.engine is None:
            # What it keeps begins anew.
            self.engine = self._given_engine or MemoryEngine(self.surroundings.now)
            self.manager.attach(self.surroundings, self.limits, self.engine, self._topic_rules)
        self.admission = Admission(
            self.limits, self.trusted_proxies, lambda: self.reactor.seconds()
        )
        if compress is not None and not isinstance(compress, bool):
            raise ConfigurationError(f"compress should be True or False, not {compress!r}")
        if compress is not None:
            self._compress = compress
        self._set_protocol_options()

    @property
    def reactor(self) -> Any:
        """For timers and threads."""
        if self._reactor is _INSTALLED:
            from twisted.internet import reactor

            self._reactor = reactor
        return self._reactor

    @reactor.setter
    def reactor(self, reactor: Any) -> None:
        self._reactor = reactor

    @property
    def manager(self) -> HandlerManager:
        """Holds the sessions."""
        return self._manager

    @manager.setter
    def manager(self, manager: HandlerManager) -> None:
        if not isinstance(manager, HandlerManager):
            raise ConfigurationError(f"manager should be a HandlerManager, not {manager!r}")
        self._manager = manager

    @property
    def router(self) -> SimpleRouter:
        """The routes that answer requests; may be exchanged while connections are open."""
        return self._router

    @router.setter
    def router(self, router: SimpleRouter) -> None:
        if not isinstance(router, SimpleRouter):
            raise TypeError(f"{router!r} is no SimpleRouter")
        self._router = router
        self.dispatcher = Dispatcher(router, self._middlewares, self._run_blocking, own_resources())
        self._middlewares = self.dispatcher.middlewares

    def _run_blocking(self, function: Callable[[], Any]) -> Any:
        return self.blocking_calls.run(function)

    @property
    def middlewares(self) -> Sequence[Any]:
        """The middlewares as instances, the first outermost."""
        return self._middlewares

    async def identify(self, token: str | None) -> Identity:
        """Who a client is.

        :raises APIError: it is refused.
        """
        if self.authenticator is None:
            return Identity()
        found = self.authenticator.authenticate(token)
        identity = await found if isawaitable(found) else found
        if identity is None:
            return Identity()
        if not isinstance(identity, Identity):
            raise TypeError(f"an authenticator gives an Identity, not {type(identity).__name__}")
        # Sessions are found by it.
        hash(identity.user.id)
        return identity

    def buildProtocol(self, addr: Any) -> RequestHandlerProtocol | None:
        if self._draining is not None or self.admission.overrun():
            return None
        protocol: RequestHandlerProtocol = super().buildProtocol(addr)
        return protocol

    def drain(self, window: float = 0) -> Deferred[None]:
        """Take no new connections, and let every connection finish what is open, and close.

        What is still open ``limits.drain_timeout`` behind that is answered with an error.

        :param window: seconds over which connections are told so, each at a random moment: their clients
            would else all come to another process at once.
        :returns: fires when no connection is left.
        """
        if self._draining is None:
            self._draining = Draining(self, window)
            self._draining.begin()
        return self._draining.wait()

    def finish(self) -> None:
        """Answer what is still open with an error, so that a drain ends now."""
        for connection in tuple(self.connections):
            if self._draining is not None:
                connection.drain()
            connection.finish()
        if self._draining is not None:
            for guest in tuple(self.web.connections):
                guest.abort()

    def connection_ended(self) -> None:
        """A connection is gone; the last one ends a drain."""
        if self._draining is not None:
            self._draining.look()

    def _set_protocol_options(self) -> None:
        """Autobahn's own defaults are for echo servers: no limits, no pings, a page with its version."""
        limits = self.limits
        self.setProtocolOptions(
            versions=[13],
            webStatus=False,
            maxFramePayloadSize=limits.max_message_size,
            maxMessagePayloadSize=limits.max_message_size,
            failByDrop=False,
            openHandshakeTimeout=limits.handshake_timeout,
            autoPingInterval=limits.ping_interval,
            autoPingTimeout=limits.ping_timeout,
            # Origins are looked at by the protocol, which knows the handshake's Host.
            allowedOrigins=["*"],
            allowNullOrigin=True,
            perMessageCompressionAccept=accept_deflate if self._compress else accept_none,
        )
