"""Commands and events without a session: the DevTools Protocol of browsers, and the plain dialect.

What is in flight when the connection is lost has failed: nobody knows whether it was done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from ..errors import CommandFailed, ConnectionLost, InvalidCommand
from .calls import Call, Calls, Command, closed
from .closing import Closing, closing
from .world import Wire, World

__all__ = ["CDP", "PLAIN", "CDPDialect", "Dialect", "Exchange", "PlainDialect"]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Dialect(Protocol):
    """How commands are told from events.

    :ivar name: of the dialect.
    """

    name: str

    def check(self, command: dict[str, Any]) -> None:
        """
        :raises InvalidCommand: it is none.
        """

    def failure(self, answer: dict[str, Any]) -> CommandFailed | None:
        """What an answer says that failed."""

    def event_name(self, message: dict[str, Any]) -> str | None:
        """Of a message that is no answer; None where it has none."""

    def closing(self, code: int, reason: str) -> Closing:
        """Whether to come back."""


class CDPDialect:
    """``{"id", "method", "params"}`` against ``{"id", "result" | "error"}``; events have no ``id``.

    Source: chromedevtools.github.io/devtools-protocol, which follows JSON-RPC 2.0.
    """

    name = "cdp"

    def check(self, command: dict[str, Any]) -> None:
        method, params = command.get("method"), command.get("params")
        if not isinstance(method, str) or "." not in method:
            raise InvalidCommand(
                f"a command has a method such as 'Page.navigate', not {method!r:.100}"
            )
        if params is not None and not isinstance(params, dict):
            raise InvalidCommand(f"params is a dictionary, not {params!r:.100}")

    def failure(self, answer: dict[str, Any]) -> CommandFailed | None:
        error = answer.get("error")
        if error is None:
            return None
        if not isinstance(error, dict):
            return CommandFailed(0, error)
        return CommandFailed(error.get("code", 0), error.get("message"), error.get("data"))

    def event_name(self, message: dict[str, Any]) -> str | None:
        name = message.get("method")
        return name if isinstance(name, str) else None

    def closing(self, code: int, reason: str) -> Closing:
        # A browser that goes away may be started again.
        return Closing(come_back=True)


class PlainDialect:
    """Requests and answers with an ``id``, and pushes (``docs/wire-protocol.rst``, plain dialect)."""

    name = "plain"

    def check(self, command: dict[str, Any]) -> None:
        for key in ("method", "url"):
            if not isinstance(command.get(key), str):
                raise InvalidCommand(
                    f"a request has a {key}, a text, not {command.get(key)!r:.100}"
                )

    def failure(self, answer: dict[str, Any]) -> CommandFailed | None:
        if "detail" not in answer:
            return None
        return CommandFailed(answer.get("status", 500), answer["detail"], answer.get("errors"))

    def event_name(self, message: dict[str, Any]) -> str | None:
        name = message.get("event_name")
        return name if isinstance(name, str) else ""

    def closing(self, code: int, reason: str) -> Closing:
        return closing(code, reason)


CDP: Dialect = CDPDialect()
PLAIN: Dialect = PlainDialect()


def _written(command: dict[str, Any]) -> bytes:
    """A command as JSON, without its id: it is given one when it is sent."""
    try:
        return _encode({key: value for key, value in command.items() if key != "id"})
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidCommand(f"the command cannot be written as JSON: {error}") from None


class Exchange:
    """One peer, over as many WebSockets as it takes.

    :param world: that it runs in.
    :param dialect: that is spoken.
    :param ready: is called when what is asked is sent at once from now on.
    :param heard: takes each event and its name.
    :param most_waiting: commands that may wait for a connection, and that may wait for their answers.
    :ivar remembered: commands that are sent first on each connection.
    """

    subprotocols: tuple[str, ...] = ()

    def __init__(
        self,
        world: World[Any],
        dialect: Dialect,
        ready: Callable[[], None],
        heard: Callable[[str, dict[str, Any]], None],
        most_waiting: int,
    ) -> None:
        self._world = world
        self._dialect = dialect
        self._ready = ready
        self._heard = heard
        self._calls = Calls(most_waiting)
        self._most_open = most_waiting
        self._wire: Wire | None = None
        self._last_id = 0
        self.remembered: list[dict[str, Any]] = []

    def ask(self, command: Command, awaited: bool = True) -> Call:
        """Send a command, or keep it until there is a connection.

        :param awaited: somebody waits for its answer, a dictionary; what fails is logged else.
        :raises InvalidCommand: too many wait already.
        """
        future = self._world.future() if awaited else None
        call = Call(command.given, future, payload=command.written)
        if self._wire is None:
            self._calls.wait(call)
        elif len(self._calls.open) >= self._most_open:
            raise InvalidCommand(f"{self._most_open} wait for their answers already")
        else:
            self._send(self._wire, call)
        return call

    def prepare(self, command: Any) -> Command:
        """A command as it is asked; whoever gave it may change it from now on.

        :raises InvalidCommand: it is none, or cannot be written.
        """
        if not isinstance(command, dict):
            raise InvalidCommand(f"a command is a dictionary, not {command!r:.100}")
        self._dialect.check(command)
        return Command(dict(command), _written(command))

    def read(self, command: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """The answer to a command, with the ``id`` that its caller gave it."""
        if "id" in command:
            answer["id"] = command["id"]
        return answer

    def forget(self, call: Call) -> None:
        """Nobody waits for it any more."""
        self._calls.forget(call)

    def _send(self, wire: Wire, call: Call) -> None:
        self._last_id += 1
        call.id = self._last_id
        self._calls.open[call.id] = call
        wire.send(b'{"id":%d,%b' % (call.id, call.payload[1:]), False)

    # -- what comes

    def opened(self, wire: Wire) -> None:
        """There is a connection."""
        self._wire = wire
        for command in self.remembered:
            self._send(wire, Call(command, None, payload=_written(command)))
        while self._calls.waiting and self._wire is wire:
            self._send(wire, self._calls.waiting.popleft())
        self._ready()

    def received(self, payload: bytes) -> None:
        """A message came; one that cannot be read is logged, and passed over."""
        try:
            message = _decode(payload)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self._world.warn("a message was passed over that is no JSON object")
            return
        id = message.get("id")
        # An answer has the id that the command was given; what has none is an event.
        if type(id) is int:
            call = self._calls.take(id)
            if call is not None:
                self._answered(call, message)
            return
        name = self._dialect.event_name(message)
        if name is not None:
            self._heard(name, message)

    def _answered(self, call: Call, answer: dict[str, Any]) -> None:
        error = self._dialect.failure(answer)
        if error is not None:
            self._fail(call, error)
        elif call.future is not None:
            self._world.settle(call.future, answer)

    def _fail(self, call: Call, error: Exception) -> None:
        if call.future is not None:
            self._world.fail(call.future, error)
        elif not isinstance(error, ConnectionLost):
            self._world.warn(
                "{method} failed: {error}", method=call.message["method"], error=str(error)
            )

    def lost(self, code: int, reason: str) -> Closing:
        """The connection is gone.

        :returns: what to do now.
        """
        self._wire = None
        error = ConnectionLost(f"the connection was lost ({code}{reason and ': '}{reason})", code)
        lost = self._calls.take_open()
        for call in lost:
            self._fail(call, error)
        self._tell_lost(lost)
        return self._dialect.closing(code, reason)

    def _tell_lost(self, calls: list[Call]) -> None:
        """What nobody waits for is told together; what is remembered is sent again."""
        methods = [
            call.message["method"]
            for call in calls
            if call.future is None and call.message not in self.remembered
        ]
        if methods:
            self._world.warn(
                "the connection was lost before the answers to {count} commands, such as {method}",
                count=len(methods),
                method=methods[0],
            )

    def end(self, error: Exception | None = None) -> None:
        """There will be no connection; whoever waits is told why."""
        self._wire = None
        left = self._calls.take_all()
        for call in left:
            self._fail(call, error or closed())
        if error is not None:
            self._tell_lost(left)
