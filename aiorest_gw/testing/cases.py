"""A base for tests with ``trial``: a clock, a gateway, clients in memory."""

from __future__ import annotations

import inspect
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from ..routing.router import SimpleRouter
from ..server.factory import RequestHandlerFactory
from .connections import InlineCalls, MemoryClient, connect
from .sessions import SessionClient

__all__ = ["GatewayTestCase"]


class GatewayTestCase(SynchronousTestCase):
    """Tests of a gateway without a network and without waiting.

    :ivar clock: the gateway's time; ``self.advance(seconds)`` moves it.
    """

    def setUp(self) -> None:
        super().setUp()
        if inspect.iscoroutinefunction(getattr(self, self._testMethodName)):
            self.fail("a test of this class cannot be async: nobody would await it")
        self.clock = MemoryReactorClock()
        self.clients: list[MemoryClient] = []
        self.addCleanup(self._cut_all)

    def serve(
        self,
        served: SimpleRouter | RequestHandlerFactory | None = None,
        factory: type[RequestHandlerFactory] = RequestHandlerFactory,
        **options: Any,
    ) -> RequestHandlerFactory:
        """A gateway on this test's clock; ``@blocking`` views run at once.

        :param served: a router, or a factory that is ready.
        :param factory: the class to make a factory of, around the router.
        :param options: its keywords.
        :raises TypeError: there are keywords for a factory that is ready.
        """
        if isinstance(served, RequestHandlerFactory):
            if options:
                raise TypeError(
                    f"the factory is ready: give {', '.join(options)} to it, or to its configure()"
                )
            made = served
        else:
            options |= {} if served is None else {"router": served}
            made = factory(**options)
        made.reactor = self.clock
        made.blocking_calls = InlineCalls()
        return made

    def connect(self, factory: RequestHandlerFactory, **handshake: Any) -> MemoryClient:
        """Connect a client, as :func:`aiorest_gw.testing.connect`."""
        client = connect(factory, self.clock, **handshake)
        self.clients.append(client)
        return client

    def open_session(
        self, factory: RequestHandlerFactory, packed: bool = False, **data: Any
    ) -> SessionClient:
        """Connect a client of the v1 dialect, and open its session.

        :param packed: speak MessagePack.
        :param data: of the opening message, such as ``token``.
        """
        client = SessionClient(lambda **handshake: self.connect(factory, **handshake), packed)
        client.open(**data)
        return client

    def advance(self, seconds: float) -> None:
        """Let time pass, and the clients receive what it brings."""
        self.clock.advance(seconds)
        for client in self.clients:
            client.move()

    def _cut_all(self) -> None:
        for client in self.clients:
            client.cut()
