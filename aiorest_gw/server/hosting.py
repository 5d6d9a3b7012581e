"""A gateway whose application may be another one in the next moment; the ports know only the host.

The application's factory is the one that connections and views know. What belongs to the gateway goes
from one to the next (``succession.py``), so that nothing of it is lost.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import deferLater

from ..errors import ConfigurationError, ServiceUnavailable
from ..messages import Request
from .factory import RequestHandlerFactory
from .protocol import RequestHandlerProtocol

__all__ = ["HostFactory"]

# What others ask of a factory besides its connections, and the host answers as its application would.
_OF_THE_APPLICATION = (
    "limits", "engine", "path", "url", "origins", "trusted_proxies", "authenticator", "token_cookie",
    "hello", "shared", "admission", "dispatcher", "_router", "_middlewares",
)  # fmt: skip
# Seconds that an application may take to stop.
_STOPPING = 5.0


async def _not_loaded(request: Request, call_next: Any) -> Any:
    raise ServiceUnavailable("The application cannot be loaded.")


class HostFactory(RequestHandlerFactory):
    """Stands at the ports for an application's factory, which may be exchanged while it serves.

    Until there is one, requests are answered with 503.

    :param options: of a factory, for that time.
    :ivar application: the factory that connections belong to; the host itself until there is one.
    """

    def __init__(self, **options: Any) -> None:
        self.application: RequestHandlerFactory = self
        self._started: RequestHandlerFactory | None = None
        self._leaves = False
        super().__init__(middlewares=[_not_loaded], **options)

    async def exchange(self, following: RequestHandlerFactory) -> None:
        """Let another factory's application answer from now on.

        It brings all that is an application's. Connections, sessions, topics with their history,
        mailboxes and receipts stay, and so do the limits and the engine of the first application.
        Clients with sessions are asked to come back at once, and resume them; their open requests are
        finished by the application of before. Subscriptions go on, also where another rule would not
        let them begin.

        Where the gateway listens, the old one's ``stopFactory`` is called, and what it returns awaited,
        before ``startFactory`` of the new one; where that fails, the old one is started again.

        :raises Exception: what ``startFactory`` raised; then all is as before.
        :raises ConfigurationError: the gateway stops.
        """
        current = self.application
        if following is current:
            return
        following.reactor = self.reactor
        try:
            if self._started is not None:
                await self._start_instead(following, self._started)
            self._refuse_if_it_leaves()
        except BaseException:
            following.manager.give_up()
            raise
        if current is self and not (self.connections or self.manager.sessions):
            self.settle(following)
        for name in following.decided_before(current):
            current.events.warn(
                "{name} is as it was when the gateway began: start it anew to have it changed",
                name=name,
            )
        following.take_over(current)
        self.application = following
        self._reflect()

    async def _start_instead(
        self, following: RequestHandlerFactory, started: RequestHandlerFactory
    ) -> None:
        self._started = None
        if started is not self:
            await self._stop(started)
        self._refuse_if_it_leaves()
        try:
            following.startFactory()
        except BaseException:
            # What it opened before it failed is its own to close.
            self._start_again(started)
            raise
        self._started = following

    async def _stop(self, factory: RequestHandlerFactory) -> None:
        try:
            await maybeDeferred(factory.stopFactory).addTimeout(_STOPPING, self.reactor)
        except (Exception, SystemExit):
            self.events.failure("stopFactory failed")
        # A port that it closed without telling is closed in the next turn.
        await deferLater(self.reactor, 0)

    def _start_again(self, factory: RequestHandlerFactory) -> None:
        self._started = factory
        if factory is not self:
            try:
                factory.startFactory()
            except (Exception, SystemExit):
                self.events.failure("the application of before cannot be started again")

    def _refuse_if_it_leaves(self) -> None:
        if self._leaves:
            raise ConfigurationError("the gateway stops: it takes no other application")

    def _reflect(self) -> None:
        for name in _OF_THE_APPLICATION:
            setattr(self, name, getattr(self.application, name))

    # -- of the ports

    def startFactory(self) -> None:
        super().startFactory()
        self._leaves = False
        self._started = self.application
        if self.application is not self:
            self.application.startFactory()
            self._reflect()

    def stopFactory(self) -> Any:
        super().stopFactory()
        self._leaves = True
        started, self._started = self._started, None
        return None if started is None or started is self else started.stopFactory()

    def buildProtocol(self, addr: Any) -> RequestHandlerProtocol | None:
        if self.application is self:
            return super().buildProtocol(addr)
        return self.application.buildProtocol(addr)

    def connection_ended(self) -> None:
        if self.application is self:
            super().connection_ended()
        else:
            self.application.connection_ended()

    # -- of its service

    def drain(self, window: float = 0) -> Deferred[None]:
        self._leaves = True
        application = self.application
        return super().drain(window) if application is self else application.drain(window)

    def finish(self) -> None:
        if self.application is self:
            super().finish()
        else:
            self.application.finish()
