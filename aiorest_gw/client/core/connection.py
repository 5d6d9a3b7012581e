"""One connection as the application sees it, over as many WebSockets as it takes."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Protocol

import attrs

from ...sessions.surroundings import Timer
from ..errors import CommandTimeout, ConnectionFailed, ConnectionLost, ReconnectionFailed
from .address import Address, parse_address
from .backoff import Backoff
from .calls import closed
from .closing import Closing
from .states import TRANSITIONS, State
from .world import Keeper, Wire, World

__all__ = ["Connection", "Conversation", "Find", "Patience"]

# Gives an address, at once or to be awaited.
Find = Callable[[], Awaitable[str] | str]

# Seconds between two attempts at least that were hurried.
_HURRY = 0.1


class Conversation(Protocol):
    """What is said over a connection."""

    subprotocols: tuple[str, ...]

    def opened(self, wire: Wire) -> None:
        """There is a WebSocket."""

    def received(self, payload: bytes) -> None:
        """A message came."""

    def lost(self, code: int, reason: str) -> Closing:
        """The WebSocket is gone."""

    def end(self, error: Exception | None = None) -> None:
        """There will be none any more."""


@attrs.frozen
class Patience:
    """How long a client waits, and how often it tries.

    :param attempts: to connect again, one after another; None: for ever.
    :param first_attempts: likewise, until there was a first connection.
    :param first_wait: seconds before the first one at most; doubled with each.
    :param longest_wait: seconds before any at most.
    :param opening: seconds within which a WebSocket has to be open, and then the session on it.
    :param heartbeat: seconds of silence after which the peer is asked for a sign of life.
    :param silence: seconds more after which the connection counts as lost.
    """

    attempts: int | None = None
    first_attempts: int | None = 1
    first_wait: float = 0.5
    longest_wait: float = 30.0
    opening: float = 10.0
    heartbeat: float = 25.0
    silence: float = 10.0


class Connection:
    """
    :param world: that it runs in.
    :param find: gives the URL, anew for each WebSocket.
    :param patience: how long it waits.
    :param changed: is told of each new state, and why.
    :ivar state: that it is in.
    :ivar error: why it is closed; None, where the application has closed it.
    """

    def __init__(
        self,
        world: World[Any],
        find: Find,
        patience: Patience,
        changed: Callable[[State, str], None],
    ) -> None:
        if not isinstance(patience, Patience):
            raise TypeError(f"patience is a Patience, as in Patience(attempts=5), not {patience!r}")
        self._world = world
        self._find = find
        self._patience = patience
        self._changed = changed
        self._backoff = Backoff(world.random, patience.first_wait, patience.longest_wait)
        self._conversation: Conversation | None = None
        self._keeper: Keeper | None = None
        # What may still be about to close what it made.
        self._last_keeper: Keeper | None = None
        self._wire: Wire | None = None
        self._timer: Timer | None = None
        self._closing = Closing(come_back=True)
        self._was_open = False
        self._hurried = float("-inf")
        self._quiet = False
        self._waiting: list[Any] = []
        self._pings: dict[bytes, tuple[Any, float]] = {}
        self._pinged = 0
        self._why = ""
        self._where = ""
        self.state = State.CLOSED
        self.error: Exception | None = None
        self.subprotocols: tuple[str, ...] = ()
        self.opening = patience.opening

    def speak(self, conversation: Conversation) -> None:
        """What is said over it; once, before it is opened."""
        self._conversation = conversation
        self.subprotocols = conversation.subprotocols

    @property
    def _spoken(self) -> Conversation:
        assert self._conversation is not None
        return self._conversation

    # -- the application's wishes

    def open(self) -> None:
        """Connect, if it is not done yet; where an attempt is waited for, make it now."""
        if self.state is State.CLOSED:
            self.error = None
            self._was_open = False
            self._closing = Closing(come_back=True)
            self._backoff.reset()
            keeper = self._keeper = self._world.keep(self)
            self._go(State.CONNECTING, "")
            # A watcher may have closed it, and opened it again.
            if self._keeper is keeper:
                keeper.start()
        elif self.state is State.LOST and self._world.now() - self._hurried >= _HURRY:
            self._hurried = self._world.now()
            assert self._keeper is not None
            self._keeper.hurry()

    def hurry(self) -> None:
        """The network may be back: what is waited for is tried now, and the waits begin anew."""
        self._backoff.reset()
        if self._keeper is not None and self._wire is None:
            self._keeper.hurry()

    async def until_open(self) -> None:
        """Wait until it is open.

        :raises ConnectionLost: it will not be.
        """
        self.open()
        if self.state is State.CLOSED:
            # It failed, or was closed, within that call.
            raise self.error or closed()
        # Whoever is told of a loss may come here before it is settled what follows.
        if self.state is not State.OPEN or self._wire is None:
            future = self._world.future()
            self._waiting.append(future)
            try:
                await future
            finally:
                if future in self._waiting:
                    self._waiting.remove(future)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it for good, and wait until it is closed."""
        if self._wire is not None:
            self._wire.close(code, reason)
        self._end(None, "closed by the application")
        if self._last_keeper is not None:
            await self._last_keeper.stop()

    async def ping(self, timeout: float) -> float:
        """The seconds that a ping and its pong take.

        :param timeout: seconds.
        :raises CommandTimeout: there came no pong in time.
        :raises ConnectionLost: the connection was lost meanwhile, or cannot be made.
        """
        future = self._world.future()
        timer = self._world.later(
            timeout, self._world.fail, future, CommandTimeout(f"no pong came in {timeout:g} s")
        )
        opening = self._world.begin(self._until_pinged(future), lambda: None)
        try:
            took: float = await future
            return took
        finally:
            timer.cancel()
            opening.cancel()
            for payload in [key for key, (waits, _) in self._pings.items() if waits is future]:
                del self._pings[payload]

    async def _until_pinged(self, future: Any) -> None:
        try:
            await self.until_open()
        except Exception as error:
            self._world.fail(future, error)
        else:
            wire = self._wire
            assert wire is not None
            self._pinged += 1
            payload = struct.pack("!Q", self._pinged)
            self._pings[payload] = (future, self._world.now())
            wire.ping(payload)

    # -- what the conversation says

    def ready(self) -> None:
        """What is asked is sent at once from now on."""
        self._was_open = True
        self._time(self._patience.heartbeat, self._listen)
        self._go(State.OPEN, "")
        for future in self._take_waiting():
            self._world.settle(future, None)

    def give_up(self, error: Exception, close: tuple[int, str] | None = None) -> None:
        """It cannot go on, and does not come back.

        :param close: code and reason, where the peer does not close.
        """
        if self._wire is not None and close is not None:
            self._wire.close(*close)
        self._end(error, str(error))
        if self._last_keeper is not None:
            self._world.begin(self._last_keeper.stop(), lambda: None)

    def drop(self, reason: str) -> None:
        """The WebSocket is of no use; another one is made."""
        wire = self._wire
        if wire is not None:
            wire.abort()
            self.lost(wire, 1006, reason)

    # -- what the world tells (:class:`~.world.Line`)

    async def address(self) -> Address:
        if self.state is State.LOST:
            self._go(State.RESUMING, "")
        self._where = ""
        found = self._find()
        address = parse_address(await found if isawaitable(found) else found)
        # The rest of it may hold credentials, which no error should tell.
        self._where = f" to {address.host}:{address.port}"
        return address

    def opened(self, wire: Wire) -> None:
        if self._keeper is None:
            wire.abort()
            return
        self._wire = wire
        self._quiet = False
        self._time(self._patience.opening, self.drop, "the session was not opened in time")
        self._spoken.opened(wire)

    def received(self, wire: Wire, payload: bytes) -> None:
        if wire is self._wire:
            self._spoken.received(payload)
            self._heard()

    def alive(self, wire: Wire, pong: bytes | None = None) -> None:
        if wire is self._wire:
            self._heard()
            waits = self._pings.pop(pong, None) if pong is not None else None
            if waits is not None:
                future, began = waits
                self._world.settle(future, self._world.now() - began)

    def lost(self, wire: Wire, code: int, reason: str) -> None:
        if wire is not self._wire:
            return
        keeper, self._wire = self._keeper, None
        self._stop_timer()
        self._closing = self._spoken.lost(code, reason)
        self._why = f"{code}{reason and ': '}{reason}"
        error = ConnectionLost(f"the connection was lost ({self._why})", code)
        pings, self._pings = self._pings, {}
        for future, _ in pings.values():
            self._world.fail(future, error)
        if self._keeper is not keeper:
            # One that was told has closed it.
            return
        if not self._closing.come_back:
            self.give_up(error)
        else:
            self._again(error)

    def failed(self, error: Exception) -> None:
        if self._keeper is not None:
            self._why = str(error) or type(error).__name__
            self._closing = Closing(come_back=True)
            self._again(error)

    def delay(self) -> float:
        """Seconds to wait before the next WebSocket."""
        within = self._closing.within
        wait = self._backoff.next(self._closing.least)
        return wait if within is None else within * self._world.random()

    # -- what follows

    def _again(self, error: Exception) -> None:
        """Wait, and try again; unless that was done often enough."""
        patience = self._patience
        most = patience.attempts if self._was_open else patience.first_attempts
        tried = self._backoff.attempts + (0 if self._was_open else 1)
        if most is not None and tried >= most:
            kind = ReconnectionFailed if self._was_open else ConnectionFailed
            again, tries = (" again", f" in {tried} attempts") if self._was_open else ("", "")
            failed = kind(f"it could not be connected{again}{self._where}{tries}: {self._why}")
            failed.__cause__ = error
            if self._was_open:
                # Perhaps nobody waits who could be told: who only hears of events.
                self._world.warn("{error}", error=str(failed))
            self.give_up(failed)
        elif self.state is not State.CONNECTING and self.state is not State.LOST:
            self._go(State.LOST, self._why)

    def _heard(self) -> None:
        """The peer lives. Before that nothing went well: one that hangs up is not tried for ever."""
        self._quiet = False
        if self.state is State.OPEN:
            self._backoff.reset()

    def _listen(self) -> None:
        """After each while: whoever said nothing is asked, and then given up."""
        wire = self._wire
        if wire is None:
            return
        if self._quiet:
            wire.ping(b"alive?")
            self._time(self._patience.silence, self._give_silence_up)
        else:
            self._quiet = True
            self._time(self._patience.heartbeat, self._listen)

    def _give_silence_up(self) -> None:
        if self._quiet:
            self.drop("the peer is silent")
        else:
            self._listen()

    def _end(self, error: Exception | None, reason: str) -> None:
        if self.state is State.CLOSED:
            return
        self._last_keeper, self._keeper, self._wire = self._keeper, None, None
        self._stop_timer()
        # A watcher of the state may open it again: who waits for that is not told of this end.
        waiting = self._take_waiting()
        pings, self._pings = self._pings, {}
        self.error = error
        self._go(State.CLOSED, reason)
        for future in [*waiting, *(future for future, _ in pings.values())]:
            self._world.fail(future, error or closed())
        self._spoken.end(error)

    def _take_waiting(self) -> list[Any]:
        waiting, self._waiting = self._waiting, []
        return waiting

    def _go(self, state: State, reason: str) -> None:
        assert state in TRANSITIONS[self.state], (self.state, state)
        self.state = state
        self._changed(state, reason)

    def _time(self, seconds: float, function: Callable[..., Any], *args: Any) -> None:
        """There is one timer: for the opening first, and for signs of life then."""
        self._stop_timer()
        self._timer = self._world.later(seconds, function, *args)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
