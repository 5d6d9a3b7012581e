"""What goes wrong for a client: each error says what is known about what was asked."""

from __future__ import annotations

from typing import Any

__all__ = [
    "CommandError",
    "CommandFailed",
    "CommandTimeout",
    "ConnectionClosed",
    "ConnectionFailed",
    "ConnectionLost",
    "InvalidCommand",
    "ReconnectionFailed",
    "SessionLost",
]


class CommandError(Exception):
    """The root of them."""


class InvalidCommand(CommandError, ValueError):
    """What was to be asked cannot be written; it was not sent."""


class CommandFailed(CommandError):
    """The peer answered that it failed.

    :param code: the gateway's status, an HTTP number; or the number of a CDP error.
    :param message: the answer's ``detail``, or the CDP error's ``message``.
    :param data: the answer's ``errors``, or the CDP error's ``data``; None where there are none.
    """

    def __init__(self, code: int, message: Any, data: Any = None) -> None:
        super().__init__(code, message, data)
        self.code = code
        self.message = message
        self.data = data

    def __str__(self) -> str:
        more = "" if self.data is None else f" ({self.data})"
        return f"{self.code}: {self.message}{more}"


class CommandTimeout(CommandError, TimeoutError):
    """No answer came in time; whether it was done is not known where it was sent."""


class ConnectionLost(CommandError, ConnectionError):
    """The connection is lost, or closed; whether what was asked was done is not known.

    :param code: of the WebSocket's close (RFC 6455 section 7.4), 1006 where there was none.
    """

    def __init__(self, message: str, code: int = 1006) -> None:
        super().__init__(message)
        self.code = code


class ConnectionClosed(ConnectionLost):
    """The application has closed the connection itself. A callback that ends with it is not logged."""


class ConnectionFailed(ConnectionLost):
    """There is no connection, and none could be made; what was asked was not sent."""


class ReconnectionFailed(ConnectionFailed):
    """The connection was lost, and could not be made again in the attempts that were allowed."""


class SessionLost(ConnectionLost):
    """The gateway keeps nothing of the session any more: whether the request was run is not known."""
