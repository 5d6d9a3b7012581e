"""What one client may use: every limit with its default, its unit and its meaning, in one table.

The command line's flags, the environment's variables and the documents are made from it.
"""

from __future__ import annotations

from math import inf
from typing import Any

import attrs

from .errors import ConfigurationError

__all__ = ["Limits"]


def _limit(default: float, unit: str, help: str, *, least: float = 0, most: float = inf) -> Any:
    """A number with a unit, no smaller than ``least`` and no larger than ``most``."""

    def check(instance: Limits, attribute: attrs.Attribute[Any], value: Any) -> None:
        whole = isinstance(default, int)
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            kind = "a whole number" if whole else "a number"
            raise ConfigurationError(f"{attribute.name} should be {kind} of {unit}, not {value!r}")
        if not least <= value < inf:
            raise ConfigurationError(
                f"{attribute.name} should be at least {least:g} {unit}, not {value!r}"
            )
        if value > most:
            raise ConfigurationError(
                f"{attribute.name} should be at most {most:g} {unit}, not {value!r}"
            )

    return attrs.field(default=default, validator=check, metadata={"unit": unit, "help": help})


@attrs.frozen(kw_only=True)
class Limits:
    """The bounds of a gateway; 0 switches off those that may be off.

    :raises ConfigurationError: a value is of a wrong type or too small.
    """

    max_message_size: int = _limit(
        1_048_576,
        "bytes",
        "largest message taken from a client; a larger one closes with 1009",
        least=1,
    )
    max_connections: int = _limit(
        10_000, "connections", "most at the same time; further ones are refused with 503", least=1
    )
    max_connections_per_address: int = _limit(
        100,
        "connections",
        "most at the same time from one address, but for loopback and trusted proxies; further ones "
        "are refused with 429; 0: no limit",
    )
    max_open_requests: int = _limit(
        64, "requests", "most unanswered ones on a connection; then it is not read", least=1
    )
    max_waiting_calls: int = _limit(
        1_000, "calls", "most calls of @blocking views that wait for a thread; then 503", least=1
    )
    max_threads: int = _limit(10, "threads", "most threads for @blocking views", least=1)
    max_depth: int = _limit(
        64,
        "levels",
        "how deep arrays and objects may lie in each other in a message; at most 500",
        least=1,
        most=500,
    )
    max_containers: int = _limit(10_000, "arrays and objects", "most in a message", least=1)
    max_values: int = _limit(
        16_384,
        "values and names",
        "most in a message, with those of its envelope; its commas and colons are counted",
        least=1,
    )
    max_fragments: int = _limit(
        1_024, "fragments", "most of a message; one with more closes with 1009", least=1
    )
    max_outgoing_size: int = _limit(
        1_048_576,
        "bytes",
        "most that waits for a client which reads nothing of it for a second; then the connection is "
        "closed with 4002",
        least=1,
    )
    control_frames_per_second: float = _limit(
        50.0,
        "frames",
        "most pings and pongs, and twice that at once; more close with 4004; 0: no limit",
    )
    messages_per_second: float = _limit(
        0.0,
        "messages",
        "most from a connection, and twice that at once; more close with 4004; 0: no limit",
    )
    bytes_per_second: float = _limit(
        0.0,
        "bytes",
        "most from a connection, and twice that at once; more close with 4004; 0: no limit",
    )
    connections_per_second: float = _limit(
        0.0,
        "connections",
        "most new ones from one address, and twice that at once, but for loopback and trusted proxies; "
        "further ones are refused with 429; 0: no limit",
    )
    request_timeout: float = _limit(
        30.0,
        "seconds",
        "time until a request that was not answered is cancelled, with 504",
        least=0.001,
    )
    handshake_timeout: float = _limit(
        5.0,
        "seconds",
        "time for the opening handshake, with that of TLS; then the connection is dropped",
        least=0.001,
    )
    http_idle_timeout: float = _limit(
        15.0,
        "seconds",
        "time that a connection of plain HTTP is kept between two requests; 0: for ever",
    )
    ping_interval: float = _limit(
        25.0, "seconds", "silence after which a client is pinged; 0: never"
    )
    ping_timeout: float = _limit(
        10.0, "seconds", "time for the pong; then the connection is closed with 4003; 0: no limit"
    )
    max_outbox_messages: int = _limit(
        1_000,
        "messages",
        "most that are on their way to a session: sent and not acknowledged, or waiting until its "
        "client is back, or reads",
        least=1,
    )
    max_outbox_size: int = _limit(
        1_048_576, "bytes", "most of these messages together; a larger one is sent alone", least=1
    )
    max_mailbox_messages: int = _limit(
        1_000,
        "messages",
        "most that wait for a user who has no session; of more, the oldest are pruned",
        least=1,
    )
    max_mailboxes: int = _limit(
        10_000,
        "mailboxes",
        "most users that messages wait for; of more, the one for whom none has come for longest loses "
        "them",
        least=1,
    )
    max_subscriptions: int = _limit(
        100, "topics", "most that a session may be subscribed to", least=1
    )
    max_history_size: int = _limit(
        268_435_456,
        "bytes",
        "most that is kept of the publications of all topics together; of more, the oldest of the topic "
        "that was longest without one go first",
        least=1,
    )
    presence_grace: float = _limit(
        15.0, "seconds", "time for which a client that is cut off is still present in its topics"
    )
    session_ttl: float = _limit(
        60.0, "seconds", "time for which a session is kept whose client is away (v1)", least=0.1
    )
    max_away: int = _limit(
        10_000,
        "sessions",
        "most whose clients are away (v1); of more, the one that is away for longest is given up",
        least=1,
    )
    max_away_size: int = _limit(
        268_435_456, "bytes", "most that is kept for all of these together when they leave", least=1
    )
    max_away_per_address: int = _limit(
        100,
        "sessions",
        "the same of clients from one address, but for loopback and trusted proxies; 0: no limit",
    )
    session_timeout: float = _limit(
        10.0,
        "seconds",
        "time from the opening handshake until the session is opened (v1); then 4501",
        least=0.1,
    )
    token_grace: float = _limit(
        25.0, "seconds", "time from the end of a token until the connection is closed with 4502"
    )
    drain_window: float = _limit(
        10.0,
        "seconds",
        "time over which connections are closed when the gateway gets SIGTERM, each at a random moment",
    )
    drain_timeout: float = _limit(
        10.0, "seconds", "time for open requests to finish when the gateway stops"
    )

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in attrs.fields(cls))
