"""A base for tests with ``trial``: a clock, a gateway, clients in memory."""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from ..routing.router import SimpleRouter
from ..server.factory import RequestHandlerFactory
from .connections import InlineCalls, MemoryClient, connect

__all__ = ["GatewayTestCase"]


class GatewayTestCase(SynchronousTestCase):
    """Tests of a gateway without a network and without waiting.

    :ivar clock: the gateway's time; ``self.advance(seconds)`` moves it.
    """

    def setUp(self) -> None:
        super().setUp()
        self.clock = MemoryReactorClock()
        self.clients: list[MemoryClient] = []
        self.addCleanup(self._cut_all)

    def serve(
        self,
        router: SimpleRouter | None = None,
        factory: type[RequestHandlerFactory] = RequestHandlerFactory,
        **options: Any,
    ) -> RequestHandlerFactory:
        """A gateway around a router.

        :param factory: the factory's class.
        :param options: its keywords.
        """
        return factory(router=router, reactor=self.clock, blocking_calls=InlineCalls(), **options)

    def connect(self, factory: RequestHandlerFactory, **handshake: Any) -> MemoryClient:
        """Connect a client, as :func:`aiorest_gw.testing.connect`."""
        client = connect(factory, self.clock, **handshake)
        self.clients.append(client)
        return client

    def advance(self, seconds: float) -> None:
        """Let time pass, and the clients receive what it brings."""
        self.clock.advance(seconds)
        for client in self.clients:
            client.move()

    def _cut_all(self) -> None:
        for client in self.clients:
            client.cut()
