"""A publication in a topic: written once, in all forms, for all who get it now or later."""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import SerializerError
from ..messages import Push
from .dialects import PLAIN, V1_JSON, V1_MSGPACK, Dialect
from .frames import TEXT, frame_head
from .prepared import Prepared
from .unwritable import naming, unwritable

__all__ = ["Publication"]

_decode = msgspec.msgpack.Decoder().decode


class Publication(Prepared):
    """A push in a topic, as it is written; nothing else is kept of it.

    What was decoded may be many times as large as its bytes, and to write it once more for each who
    recovers it would take its time. An engine that keeps it elsewhere keeps its fields.

    :param topic: where it was published.
    :param offset: its number there; None until it has one.
    :param json: as it is in JSON, in v1 but for its ``seq``.
    :param packed: the same in MessagePack.
    """

    __slots__ = ("json", "offset", "packed", "topic")

    def __init__(self, topic: str, offset: int | None, json: bytes, packed: bytes) -> None:
        self.topic = topic
        self.offset = offset
        self.json = json
        self.packed = packed

    @classmethod
    def of(cls, push: Push) -> Publication:
        """Write a push that names its topic.

        :raises UnwritableMessage: it cannot be written in every form.
        """
        assert push.topic is not None
        try:
            json, packed = PLAIN.push(push), V1_MSGPACK.push(push)
        except SerializerError as error:
            raise unwritable(naming(push), push.data, error) from error.__cause__
        return cls(push.topic, push.offset, json, packed)

    def numbered(self, offset: int) -> Publication:
        """The same with its number, of one that had none."""
        json, packed = V1_JSON.placed(self.json, offset), V1_MSGPACK.placed(self.packed, offset)
        return Publication(self.topic, offset, json, packed)

    def body(self, dialect: Dialect) -> bytes:
        return self.packed if dialect.binary else self.json

    @property
    def frame(self) -> bytes:  # type: ignore[override]  # made when it is asked for, not kept twice
        """The whole frame of the plain dialect."""
        return frame_head(TEXT, len(self.json)) + self.json

    @property
    def push(self) -> Push:  # type: ignore[override]  # likewise
        """It, read again."""
        message: dict[str, Any] = _decode(self.packed)
        return Push(**message)
