"""How messages of the gateway are written in each dialect (``docs/wire-protocol.rst``).

In the v1 dialect every message carries its number (``seq``), which differs from client to client while
all else is the same. So a message is written once, without its number, and that is put before it.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from ..errors import APIError
from ..messages import Message, Push, Response
from .answers import checked_status, render_error, render_response
from .codecs import decode_message
from .frames import BINARY, TEXT, frame_head
from .packing import decode_packed, packed
from .renderers import JSONRenderer
from .shapes import Shape

__all__ = ["PLAIN", "V1", "V1_JSON", "V1_MSGPACK", "Dialect", "V1Dialect"]

_json = JSONRenderer().render


class _Answer(msgspec.Struct, omit_defaults=True):
    id: Any
    status: int
    data: Any
    event_name: Any = None
    more: bool = False


class _Failure(msgspec.Struct, omit_defaults=True):
    id: Any
    status: int
    detail: Any
    errors: Any = None
    event_name: Any = None


class _Push(msgspec.Struct, omit_defaults=True):
    event_name: Any
    data: Any
    topic: Any = None
    offset: Any = None

    @classmethod
    def of(cls, push: Push) -> _Push:
        return cls(push.event_name, push.data, push.topic, push.offset)


class _Request(msgspec.Struct, omit_defaults=True):
    id: int
    method: str
    url: str
    args: Any = None
    data: Any = None
    event_name: Any = None
    deadline: Any = None


class Dialect(Protocol):
    """How answers and pushes are written.

    :ivar binary: whether in binary frames.
    """

    binary: bool

    def response(self, response: Response, event_name: Any, id: Any) -> bytes:
        """The answer of a request that succeeded."""

    def error(self, error: APIError, event_name: Any, id: Any) -> bytes:
        """The answer of a request that failed."""

    def push(self, push: Push) -> bytes:
        """What the application sends unasked."""

    def encode(self, value: Any) -> bytes:
        """A message as it is; in v1 an object, and without its number.

        :raises SerializerError: it holds what cannot be written.
        """


class _Plain:
    """That of aiorest-ws."""

    binary = False
    response = staticmethod(render_response)
    error = staticmethod(render_error)
    encode = staticmethod(_json)

    def push(self, push: Push) -> bytes:
        return _json(_Push.of(push))


class V1Dialect:
    """That of our own clients, in JSON or in MessagePack.

    :ivar subprotocol: its name in the opening handshake.
    """

    subprotocol: str
    binary: bool

    def decode(self, payload: bytes, shape: Shape, dear: bool | None = None) -> Message:
        """The message that a frame brings.

        :param dear: what was found out about it, where it was looked at before.

        :raises BadMessage: it is none.
        """
        raise NotImplementedError

    def encode(self, value: Any) -> bytes:
        raise NotImplementedError

    def numbered(self, body: bytes, seq: int) -> bytes:
        """A message with its number before all else."""
        raise NotImplementedError

    def placed(self, body: bytes, offset: int) -> bytes:
        """A push in a topic with its number there behind all else."""
        raise NotImplementedError

    def frame(self, body: bytes, seq: int) -> bytes:
        """The whole frame of a message with its number."""
        payload = self.numbered(body, seq)
        return frame_head(BINARY if self.binary else TEXT, len(payload)) + payload

    def response(self, response: Response, event_name: Any, id: Any, more: bool = False) -> bytes:
        """
        :param more: another part of the answer follows.
        """
        status = checked_status(response.status)
        return self.encode(_Answer(id, status, response.data, event_name, more))

    def error(self, error: APIError, event_name: Any, id: Any) -> bytes:
        status = checked_status(error.status)
        return self.encode(_Failure(id, status, error.detail, error.errors, event_name))

    def push(self, push: Push) -> bytes:
        return self.encode(_Push.of(push))

    def request(
        self,
        id: int,
        method: str,
        url: str,
        args: Any = None,
        data: Any = None,
        event_name: Any = None,
        deadline: float | None = None,
    ) -> bytes:
        """A request of ours to the client.

        :param deadline: milliseconds.
        """
        return self.encode(_Request(id, method, url, args, data, event_name, deadline))


class _JSON(V1Dialect):
    subprotocol = "aiorest.1.json"
    binary = False
    decode = staticmethod(decode_message)
    encode = staticmethod(_json)  # type: ignore[assignment]  # but for the parameter's name

    def numbered(self, body: bytes, seq: int) -> bytes:
        return b'{"seq":%d,%b' % (seq, body[1:]) if body != b"{}" else b'{"seq":%d}' % seq

    def placed(self, body: bytes, offset: int) -> bytes:
        return b'%b,"offset":%d}' % (body[:-1], offset)


class _MessagePack(V1Dialect):
    subprotocol = "aiorest.1.msgpack"
    binary = True
    decode = staticmethod(decode_packed)
    encode = staticmethod(packed)

    def numbered(self, body: bytes, seq: int) -> bytes:
        # A map of less than 16 has its size in its first byte.
        first, rest = body[0], body[1:]
        if first < 0x8F:
            head = bytes((first + 1,))
        elif first == 0x8F:
            head = b"\xde\x00\x10"
        else:
            head, rest = (
                b"\xde" + (int.from_bytes(body[1:3], "big") + 1).to_bytes(2, "big"),
                body[3:],
            )
        return b"".join((head, b"\xa3seq", packed(seq), rest))

    def placed(self, body: bytes, offset: int) -> bytes:
        # A push is a map of a few.
        return b"".join((bytes((body[0] + 1,)), body[1:], b"\xa6offset", packed(offset)))


PLAIN: Dialect = _Plain()
V1_JSON, V1_MSGPACK = _JSON(), _MessagePack()
V1 = {dialect.subprotocol: dialect for dialect in (V1_JSON, V1_MSGPACK)}
