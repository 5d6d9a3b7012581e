"""What the clients' pure code asks of the world that it runs in: Twisted's, or asyncio's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from ...sessions.surroundings import Timer
from .address import Address

__all__ = ["APPLICATIONS", "Keeper", "Line", "Running", "Wire", "World", "nobody_answered"]

A_co = TypeVar("A_co", covariant=True)

APPLICATIONS = "what an application gave to be awaited"


def nobody_answered(seconds: float) -> ConnectionError:
    """What is told of a WebSocket that was not open in time."""
    return ConnectionError(f"nobody answered within {seconds:g} s")


class Running(Protocol):
    """Something that runs by itself."""

    def cancel(self) -> Any:
        """End it where it waits; it may have ended before."""


class Wire(Protocol):
    """A WebSocket that is open."""

    def send(self, payload: bytes, binary: bool) -> None:
        """Send a message; nothing where the WebSocket is closing."""

    def ping(self, payload: bytes) -> None:
        """Send a ping."""

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake (RFC 6455 section 7.1.2), and end it within a few seconds."""

    def abort(self) -> None:
        """End it now, whatever is on its way."""


class Line(Protocol):
    """What the world tells of the WebSockets that it makes, one after another.

    :ivar opening: seconds within which each has to be open.
    """

    subprotocols: tuple[str, ...]
    opening: float

    async def address(self) -> Address:
        """Where the next WebSocket leads."""

    def opened(self, wire: Wire) -> None:
        """A WebSocket is open."""

    def received(self, wire: Wire, payload: bytes) -> None:
        """It brought a message."""

    def alive(self, wire: Wire, pong: bytes | None = None) -> None:
        """It brought a frame that is no message.

        :param pong: what a pong holds.
        """

    def lost(self, wire: Wire, code: int, reason: str) -> None:
        """It is closed (RFC 6455 section 7.1.5); 1006 where there was no closing handshake."""

    def failed(self, error: Exception) -> None:
        """None could be opened."""

    def delay(self) -> float:
        """Seconds to wait before the next one; asked once for each that was lost or failed."""


class Keeper(Protocol):
    """Makes WebSockets, one after another, until it is stopped."""

    def start(self) -> None:
        """Make the first one now."""

    def hurry(self) -> None:
        """Where it waits before the next one: make it now."""

    def stop(self) -> Awaitable[Any]:
        """Make none any more, and close the one that is open.

        :returns: is awaited until that is closed.
        """


class World(Protocol[A_co]):
    """Whoever runs a client. An application is given ``A``: a Deferred, or a coroutine."""

    def now(self) -> float:
        """The time in seconds, of a clock that is never set."""

    def random(self) -> float:
        """A number from 0 up to 1."""

    def later(self, seconds: float, function: Callable[..., Any], *args: Any) -> Timer:
        """Call something later."""

    def soon(self, function: Callable[..., Any], *args: Any) -> None:
        """Call something as soon as whatever runs now has ended."""

    def future(self) -> Any:
        """Something that one coroutine awaits."""

    def settle(self, future: Any, result: Any) -> None:
        """Let go whoever awaits it, unless that is no more."""

    def fail(self, future: Any, error: BaseException) -> None:
        """Let go whoever awaits it, with an error; likewise."""

    def run(self, running: Coroutine[Any, Any, Any]) -> A_co:
        """What an application is given of a coroutine of ours."""

    def begin(
        self, awaitable: Awaitable[Any], ended: Callable[[], None], what: str = APPLICATIONS
    ) -> Running:
        """Run what is to be awaited; what it raises is logged.

        :param ended: is called when it has.
        :param what: it is, in the words of the log.
        """

    def awaitable(self, value: Any) -> bool:
        """Whether it is to be awaited."""

    def warn(self, format: str, **fields: Any) -> None:
        """What the operator should see to."""

    def failure(self, format: str, **fields: Any) -> None:
        """The exception that is being handled is the application's."""

    def keep(self, line: Line) -> Keeper:
        """Make WebSockets for a line."""
