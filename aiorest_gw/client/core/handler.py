"""Commands that return their answers, events that call back, and a connection that mends itself.

Source: the Connection Handler of Pydoll, for the DevTools Protocol of browsers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from copy import deepcopy
from math import inf
from typing import Any, TypeVar

from ...arguments import checked_number, checked_seconds
from ...sessions.surroundings import CountedWarning
from ..errors import CommandTimeout, InvalidCommand
from .calls import Call, Command
from .connected import Connected
from .connection import Find, Patience
from .credentials import Token
from .exchange import CDP, PLAIN, Dialect, Exchange
from .lanes import Lanes
from .listeners import Listeners
from .resumed import ResumedExchange
from .states import State
from .world import World

__all__ = ["HANDLER_PATIENCE", "MOST_BYTES", "Handler"]

A = TypeVar("A")

_DIALECTS: dict[str, Dialect | None] = {CDP.name: CDP, PLAIN.name: PLAIN, "v1": None}
_MOST_LOGS = 10_000
_MOST_WAITING = 10_000
# Of a message: a browser tells large pages, and pictures of them, in one.
MOST_BYTES = 268_435_456
# A browser that is started again is there within seconds.
HANDLER_PATIENCE = Patience(attempts=10, first_wait=0.2, longest_wait=10.0)


class Handler(Connected[A]):
    """What handlers of all worlds share; ``A`` is what a command returns there.

    :param find: gives the address, anew for each connection.
    :param dialect: ``"cdp"``, ``"plain"`` or ``"v1"``.
    :param max_queued_events: that wait for the callbacks of one event; of more the oldest are dropped,
        which is logged.
    """

    def __init__(
        self,
        world: World[A],
        find: Find,
        dialect: str,
        token: Token,
        on_connect: Iterable[dict[str, Any]],
        max_queued_events: int,
        patience: Patience,
    ) -> None:
        if dialect not in _DIALECTS:
            known = ", ".join(repr(name) for name in _DIALECTS)
            raise ValueError(f"a handler speaks {known}, not {dialect!r}")
        super().__init__(world, find, patience)
        self._most_queued = checked_number("max_queued_events", max_queued_events)
        self._listeners = Listeners()
        self._lanes = Lanes(world, lambda: None)
        spoken = _DIALECTS[dialect]
        self._exchange: Exchange | ResumedExchange
        if spoken is None:
            self._exchange = ResumedExchange(
                world, self._connection, self._heard, token, _MOST_WAITING
            )
        else:
            ready = self._connection.ready
            self._exchange = Exchange(world, spoken, ready, self._heard, _MOST_WAITING)
        self._connection.speak(self._exchange)
        for command in on_connect:
            self._exchange.prepare(command)
            self._exchange.remembered.append(deepcopy(command))
        self._network_logs: deque[dict[str, Any]] = deque(maxlen=_MOST_LOGS)
        self._dialog: dict[str, Any] = {}
        self._dropped = CountedWarning(
            lambda: world, "{count} events were dropped whose callbacks are too slow"
        )

    # -- commands

    def execute_command(self, command: dict[str, Any], timeout: float | None = 10) -> A:
        """Send a command, and wait for its answer; connect first, if there is no connection.

        :param command: ``{"method": "Page.navigate", "params": {…}}``, for a page over a connection to
            the browser also its ``sessionId``; in the plain dialect a request. It is not changed; its
            ``id``, if it has one, is the answer's, whatever number is sent.
        :param timeout: seconds; None: for ever.
        :returns: the answer, a dictionary.
        :raises InvalidCommand: it is none, or cannot be written.
        :raises CommandFailed: the answer says so.
        :raises CommandTimeout: there was none in time.
        :raises ConnectionLost: it was sent, and then the connection was lost.
        :raises ConnectionFailed: there is no connection, and none can be made; :exc:`ReconnectionFailed`
            where there was one.
        """
        return self._world.run(self._execute(command, timeout))

    def execute_commands(self, commands: Iterable[dict[str, Any]], timeout: float | None = 10) -> A:
        """Send commands without waiting in between.

        :param timeout: seconds for all of them together.
        :returns: their answers, a list in the order of the commands.
        :raises CommandError: what the first one that failed raised; none of them is sent where one is
            no command.
        """
        return self._world.run(self._execute_all(commands, timeout))

    def execute_command_nowait(self, command: dict[str, Any]) -> A:
        """Send a command; that it failed is logged.

        :raises InvalidCommand: it is none, or cannot be written.
        """
        return self._world.run(self._send_only(command))

    async def _execute(self, command: dict[str, Any], timeout: float | None) -> dict[str, Any]:
        [answer] = await self._execute_all((command,), timeout)
        return answer

    async def _execute_all(
        self, commands: Iterable[dict[str, Any]], timeout: float | None
    ) -> list[dict[str, Any]]:
        if timeout is not None and timeout != inf:
            timeout = checked_seconds("timeout", timeout)
        if isinstance(commands, dict):
            raise InvalidCommand("commands is a list of dictionaries, not a dictionary")
        taken = [self._exchange.prepare(command) for command in commands]
        calls: list[Call] = []
        timer = None
        try:
            for command in taken:
                calls.append(self._exchange.ask(command))
            self._connection.open()
            if timeout is not None and timeout != inf:
                timer = self._world.later(timeout, self._too_late, taken, calls, timeout)
            read = self._exchange.read
            return [
                read(command.given, await call.future)
                for command, call in zip(taken, calls, strict=True)
            ]
        finally:
            if timer is not None:
                timer.cancel()
            for call in calls:
                if not call.ended:
                    self._exchange.forget(call)

    def _too_late(self, commands: list[Command], calls: list[Call], timeout: float) -> None:
        for command, call in zip(commands, calls, strict=True):
            if not call.ended:
                asked = f"{command.given['method']} was not answered in {timeout:g} s"
                unsent = "" if call.id is not None else ": there is no connection to send it over"
                self._exchange.forget(call)
                self._world.fail(call.future, CommandTimeout(asked + unsent))

    async def _send_only(self, command: dict[str, Any]) -> None:
        self._exchange.ask(self._exchange.prepare(command), awaited=False)
        self._connection.open()

    def add_on_connect(self, command: dict[str, Any]) -> A:
        """Send a command now, and first of all on each connection that is made from now on.

        :param command: such as ``{"method": "Network.enable"}``.
        :returns: its answer, as :meth:`execute_command`.
        """
        return self._world.run(self._remember(command))

    async def _remember(self, command: dict[str, Any]) -> dict[str, Any]:
        self._exchange.prepare(command)
        remembered = deepcopy(command)
        answer = await self._execute(command, 10)
        self._exchange.remembered.append(remembered)
        return answer

    def remove_on_connect(self, command: dict[str, Any]) -> bool:
        """Send it no more on connections to come.

        :returns: whether it was sent on each.
        """
        if command in self._exchange.remembered:
            self._exchange.remembered.remove(command)
            return True
        return False

    # -- events

    def register_callback(
        self,
        event_name: str,
        callback: Callable[[dict[str, Any]], Any],
        temporary: bool = False,
        *,
        session_id: str | None = None,
    ) -> A:
        """Call something with each event of a name.

        The callbacks for an event are called one after another in the order in which they were
        registered, and one event after another. One that returns something to be awaited has ended when
        that has; it may execute commands, and wait for other events. What it raises is logged.

        :param event_name: such as ``"Page.loadEventFired"``, ``"Network.*"`` for all of a domain, or
            ``"*"`` for all.
        :param callback: takes the event, ``{"method": …, "params": …}``; in the plain dialect a push.
        :param temporary: for the next event alone.
        :param session_id: only events of this session of the browser's.
        :returns: a number, by which it is removed.
        :raises TypeError: it is no function of one argument.
        """
        return self._world.run(self._register(event_name, callback, temporary, session_id))

    async def _register(self, *listener: Any) -> int:
        return self._listeners.register(*listener).id

    def remove_callback(self, callback_id: int) -> A:
        """Do not call it any more; also not for events that came already.

        :returns: whether it was registered.
        """
        return self._world.run(self._remove(callback_id))

    async def _remove(self, callback_id: int) -> bool:
        return self._listeners.remove(callback_id)

    def clear_callbacks(self) -> A:
        """Remove all callbacks."""
        return self._world.run(self._clear())

    async def _clear(self) -> None:
        self._listeners.clear()

    @property
    def network_logs(self) -> list[dict[str, Any]]:
        """The last 10,000 events ``Network.requestWillBeSent``, oldest first."""
        return [*self._network_logs]

    @property
    def dialog(self) -> dict[str, Any]:
        """The event ``Page.javascriptDialogOpening`` of the dialog that is open, or ``{}``."""
        return self._dialog

    def _heard(self, name: str, event: dict[str, Any]) -> None:
        if name == "Network.requestWillBeSent":
            self._network_logs.append(event)
        elif name == "Page.javascriptDialogOpening":
            self._dialog = event
        elif name == "Page.javascriptDialogClosed":
            self._dialog = {}
        session_id = event.get("sessionId")
        if not isinstance(session_id, str):
            session_id = None
        for listener in self._listeners.hear(name, session_id):
            if self._lanes.put((name, session_id), listener, event) > self._most_queued:
                self._lanes.drop_oldest((name, session_id))
                self._dropped.add(1)

    # -- the connection

    def _state_changed(self, state: State, reason: str) -> None:
        if state is not State.OPEN:
            self._dialog = {}
        super()._state_changed(state, reason)

    def close(self) -> A:
        """Close the connection, and remove all callbacks; a later command connects again."""
        return self._world.run(self._close())

    async def _close(self) -> None:
        self._listeners.clear()
        await super()._close()
