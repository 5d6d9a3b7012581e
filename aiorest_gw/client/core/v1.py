"""Messages of the v1 dialect as a client writes and reads them (``docs/wire-protocol.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import msgspec
from msgspec import UNSET

from ...wire.dialects import V1_JSON, V1_MSGPACK

__all__ = ["JSON", "MSGPACK", "Ack", "Answer", "Cancel", "Codec", "Incoming", "Request"]


class Request(msgspec.Struct, omit_defaults=True):
    """A request of ours; what is None is left out."""

    method: str
    url: str
    id: int = -1
    ack: int | None = None
    args: Any = None
    data: Any = None
    event_name: Any = None
    token: str | None = None
    deadline: float | None = None
    headers: dict[str, Any] | None = None


class Ack(msgspec.Struct):
    """The highest number that came."""

    ack: int


class Cancel(msgspec.Struct):
    """The id of a request that nobody wants answered any more."""

    cancel: int


class Answer(msgspec.Struct, omit_defaults=True):
    """Our answer to a request of the gateway's."""

    id: int
    status: int
    data: Any = UNSET
    detail: Any = UNSET
    errors: Any = UNSET


class Incoming(msgspec.Struct):
    """Any message of the gateway's; its keys tell which."""

    seq: int | None = None
    id: int | None = None
    status: int | None = None
    data: Any = None
    detail: Any = UNSET
    errors: Any = None
    event_name: Any = None
    more: bool = False
    topic: str | None = None
    offset: int | None = None
    method: str | None = None
    url: str | None = None
    args: Any = None
    cancel: int | None = None
    deadline: float | None = None
    headers: Any = None


@attrs.frozen
class Codec:
    """
    :param subprotocol: its name in the opening handshake.
    :param binary: whether messages are binary frames.
    :param encode: a message to its bytes.
    :param decode: bytes to a message; raises :class:`msgspec.DecodeError` where they are none.
    """

    subprotocol: str
    binary: bool
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Incoming]


JSON = Codec(
    V1_JSON.subprotocol, False, msgspec.json.Encoder().encode, msgspec.json.Decoder(Incoming).decode
)
MSGPACK = Codec(
    V1_MSGPACK.subprotocol,
    True,
    msgspec.msgpack.Encoder().encode,
    msgspec.msgpack.Decoder(Incoming).decode,
)
