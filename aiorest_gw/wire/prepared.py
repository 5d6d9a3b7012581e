"""A push that is written once, however many clients get it."""

from __future__ import annotations

from ..errors import SerializerError
from ..messages import Push
from .dialects import PLAIN, Dialect
from .frames import TEXT, frame_head
from .unwritable import naming, unwritable

__all__ = ["Prepared"]


class Prepared:
    """What a push is on the wire; but for the plain dialect it is written when it is asked for.

    :param push: that is sent.
    :ivar frame: the whole frame of the plain dialect.
    :raises UnwritableMessage: it cannot be written.
    """

    __slots__ = ("_bodies", "frame", "push")

    def __init__(self, push: Push) -> None:
        self.push = push
        self._bodies: dict[Dialect, bytes] = {}
        body = self.body(PLAIN)
        self.frame = frame_head(TEXT, len(body)) + body

    def body(self, dialect: Dialect) -> bytes:
        """The message in a dialect.

        :raises UnwritableMessage: it cannot be written so.
        """
        body = self._bodies.get(dialect)
        if body is None:
            try:
                body = self._bodies[dialect] = self._write(dialect)
            except SerializerError as error:
                raise unwritable(self._name, self.push.data, error) from error.__cause__
        return body

    def _write(self, dialect: Dialect) -> bytes:
        return dialect.push(self.push)

    @property
    def _name(self) -> str:
        """What it is, in the words of errors."""
        return naming(self.push)
