"""What a gateway answers to an opening message, read so strictly that nonsense harms nothing."""

from __future__ import annotations

from typing import Annotated, Any

import attrs
import msgspec

__all__ = ["Limits", "Opened", "Welcome", "opened_of", "read_welcome"]

_Count = Annotated[int, msgspec.Meta(ge=1)]


class Limits(msgspec.Struct):
    """The gateway's bounds, as far as they matter here; its defaults, where it does not tell them.

    :param max_open_requests: that may be open at the same time.
    :param max_outbox_messages: that it keeps until they are acknowledged.
    :param max_outbox_size: bytes of these together.
    """

    max_open_requests: _Count = 64
    max_outbox_messages: _Count = 1_000
    max_outbox_size: _Count = 1_048_576


class Welcome(msgspec.Struct):
    """A session was opened, or resumed (``docs/wire-protocol.rst``, v1: opening).

    :param resume: the secret by which it is resumed.
    :param received: the highest id of a request of ours that it has, where it was resumed.
    :param reason: why an earlier one could not be resumed.
    """

    session_id: str
    resume: str
    resumed: bool
    user_id: Any = None
    username: Any = None
    received: Annotated[int, msgspec.Meta(ge=0)] | None = None
    reason: str | None = None
    limits: Limits = msgspec.field(default_factory=Limits)


@attrs.frozen
class Opened:
    """What the gateway says of a session that was opened or resumed.

    :param resumed: the session goes on; else it is a new one.
    :param again: there was one before.
    :param reason: why that could not be resumed.
    """

    session_id: str
    user_id: Any
    username: Any
    resumed: bool
    again: bool
    reason: str | None


def opened_of(welcome: Welcome, again: bool) -> Opened:
    """What the owner of a session is told."""
    return Opened(
        welcome.session_id,
        welcome.user_id,
        welcome.username,
        welcome.resumed,
        again,
        welcome.reason,
    )


def read_welcome(data: Any, last_id: int | None) -> Welcome:
    """
    :param data: of the answer.
    :param last_id: of the requests in the session that was to be resumed; None: there was none.
    :raises ValueError: it is no such answer, or cannot be true.
    """
    try:
        welcome = msgspec.convert(data, Welcome)
    except msgspec.ValidationError as error:
        raise ValueError(f"the session was opened with an answer that is none: {error}") from None
    if welcome.resumed:
        received = welcome.received
        if last_id is None or received is None or received > last_id:
            raise ValueError("a session was resumed that never was: its requests are others")
    return welcome
