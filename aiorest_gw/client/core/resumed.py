"""Commands and events in a session of the v1 dialect: what is in flight when the connection is lost is
resumed with it, for handlers (:class:`~.handler.Handler`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import CommandError, ConnectionLost, InvalidCommand
from .calls import Call, Command
from .closing import Closing
from .connection import Connection
from .credentials import Token
from .opening import Opened
from .requests import data_of, request_of
from .serving import Serving
from .session import Session
from .v1 import JSON, Incoming
from .world import Wire, World

__all__ = ["ResumedExchange"]

_KEYS = frozenset(("method", "url", "data", "args", "deadline", "event_name", "headers", "token"))
# What is the conversation's business, and is passed over.
_OURS = frozenset(("id", "ack"))


class ResumedExchange:
    """One gateway, over as many WebSockets as it takes.

    :param world: that it runs in.
    :param connection: that is resumed.
    :param heard: takes each push, as a dictionary, and its name.
    :param token: credentials, or what gives them.
    :param most_waiting: commands that may wait for a connection.
    :ivar remembered: commands that are sent first in each new session.
    """

    def __init__(
        self,
        world: World[Any],
        connection: Connection,
        heard: Callable[[str, dict[str, Any]], None],
        token: Token,
        most_waiting: int,
    ) -> None:
        self._world = world
        self._connection = connection
        self._heard = heard
        self._session = Session(world, JSON, token, self, most_waiting)
        self._serving = Serving(world, self._session.answer)
        self.subprotocols = self._session.subprotocols
        self.remembered: list[dict[str, Any]] = []

    # -- commands

    def prepare(self, command: Any) -> Command:
        """A request as it is asked.

        :raises InvalidCommand: it is none.
        """
        if not isinstance(command, dict):
            raise InvalidCommand(f"a command is a dictionary, not {command!r:.100}")
        unknown = command.keys() - _KEYS - _OURS
        if unknown:
            raise InvalidCommand(f"a request has no {min(map(str, unknown))!r}")
        keys = {key: value for key, value in command.items() if key not in _OURS}
        request = request_of(keys.pop("method", None), keys.pop("url", None), **keys)
        return Command(dict(command), request)

    def ask(self, command: Command, awaited: bool = True) -> Call:
        """Send a request as soon as that may be.

        :param awaited: somebody waits for its answer; what fails is logged else.
        """
        call = self._session.ask(command.written)
        if not awaited:
            self._world.begin(self._logged(command.given, call), lambda: None)
        return call

    def read(self, command: dict[str, Any], answer: Incoming) -> dict[str, Any]:
        """The answer to a command, as a dictionary.

        :raises CommandFailed: it is a failure.
        """
        read = {"id": command.get("id", answer.id), "status": answer.status}
        read["data"] = data_of(answer)
        return read if answer.event_name is None else read | {"event_name": answer.event_name}

    def forget(self, call: Call) -> None:
        """Nobody waits for it any more."""
        self._session.forget(call)

    async def _logged(self, command: dict[str, Any], call: Call) -> None:
        try:
            self.read(command, await call.future)
        except ConnectionLost:
            return
        except CommandError as error:
            self._world.warn(
                "{method} {url} failed: {error}",
                method=command["method"],
                url=command["url"],
                error=str(error),
            )

    # -- of the connection

    def opened(self, wire: Wire) -> None:
        """There is a WebSocket."""
        self._session.opened(wire)

    def received(self, payload: bytes) -> None:
        """A message came."""
        self._session.received(payload)

    def lost(self, code: int, reason: str) -> Closing:
        """The WebSocket is gone.

        :returns: what to do now.
        """
        return self._session.lost(code, reason)

    def end(self, error: Exception | None = None) -> None:
        """There will be none any more; whoever waits is told why."""
        self._serving.reset()
        self._session.end(error)

    # -- of the session (:class:`~.session.Owner`)

    def session_opened(self, opened: Opened) -> None:
        if not opened.resumed:
            self._serving.reset()
            for command in self.remembered:
                self.ask(self.prepare(command), awaited=False)
        self._connection.ready()

    def session_refused(self, error: Exception) -> None:
        self._connection.give_up(error, (1000, ""))

    def broken(self, reason: str) -> None:
        self._connection.drop(reason)

    def pushed(self, push: Incoming) -> None:
        event = {"event_name": push.event_name, "data": push.data}
        if push.topic is not None:
            event |= {"topic": push.topic, "offset": push.offset}
        self._heard(push.event_name if isinstance(push.event_name, str) else "", event)

    def asked(self, request: Incoming) -> None:
        self._serving.ask(request)

    def cancelled(self, id: int) -> None:
        self._serving.cancel(id)

    def may_acknowledge(self) -> bool:
        return True
