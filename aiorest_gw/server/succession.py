"""A factory goes on where another stops: connections, sessions and topics stay, the application goes.

What is listed here belongs to a gateway for as long as it runs; everything else that a factory has is
its application's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from ..limits import Limits
from ..sessions.manager import HandlerManager
from ..sessions.resumable import ResumableSession
from ..sessions.rules import TopicRules
from ..web.web import Web
from ..wire.proxies import TrustedProxies
from .admission import Admission
from .threads import BlockingCalls
from .working import Working

if TYPE_CHECKING:
    from .factory import RequestHandlerFactory

__all__ = ["Succession"]

# Where its time, threads and output are, and whoever is connected.
_OF_THE_GATEWAY = (
    "surroundings", "events", "_batched_timer", "turns", "outgoing", "deflater", "limits", "shape",
    "admission", "connections", "blocking_calls", "engine", "_given_engine", "web",
)  # fmt: skip
# What the first application decides for all that follow.
_FOR_GOOD = ("limits", "shape", "admission", "engine", "_given_engine")


class Succession:
    """A factory that can go on with what another one has."""

    limits: Limits
    engine: Any
    manager: HandlerManager
    connections: set[Any]
    blocking_calls: Any
    web: Web
    admission: Admission
    trusted_proxies: TrustedProxies
    reactor: Any
    _topic_rules: TopicRules

    def settle(self, first: RequestHandlerFactory) -> None:
        """Take over the limits and the engine of a factory, with what it keeps.

        :param first: nobody is connected to it, nor here.
        """
        for name in _FOR_GOOD:
            setattr(self, name, getattr(first, name))
        if not isinstance(first.blocking_calls, BlockingCalls):
            self.blocking_calls = first.blocking_calls
        self.manager.take_over(first.manager, self._topic_rules)

    def take_over(self, running: RequestHandlerFactory) -> None:
        """Go on with the connections, sessions and topics of a factory.

        Its limits and its engine hold on. A connection that can resume its session is closed for that;
        others stay, and belong to this factory from now on.
        """
        self.reactor = running.reactor
        running.web.adopt(self.web)
        for name in _OF_THE_GATEWAY:
            setattr(self, name, getattr(running, name))
        self.manager.take_over(running.manager, self._topic_rules)
        self.admission.trust(self.trusted_proxies)
        self._set_protocol_options()
        for session in self.manager.sessions:
            work = session.work if isinstance(session, ResumableSession) else None
            if isinstance(work, Working):
                work.served_by(self)  # type: ignore[arg-type]  # it is mixed into that class
        for connection in tuple(self.connections):
            connection.served_by(self)

    def decided_before(self, running: RequestHandlerFactory) -> list[str]:
        """What is not as the gateway has it that runs, and would need a start anew."""
        ours, theirs = attrs.asdict(self.limits), attrs.asdict(running.limits)
        names = [name for name in ours if ours[name] != theirs[name]]
        if type(self.engine) is not type(running.engine):
            names.append("engine")
        most = self.manager.max_concurrent_connections
        if most != running.manager.max_concurrent_connections:
            names.append("max_concurrent_connections")
        return names

    def _set_protocol_options(self) -> None:
        raise NotImplementedError
