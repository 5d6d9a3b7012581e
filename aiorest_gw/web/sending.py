"""Answers on their way to a client, piece by piece, as fast as it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

__all__ = ["Sending"]

_PIECE = 65_536
# Pieces that are written before others have their turn.
_AT_ONCE = 4


@implementer(IPushProducer)
class Sending:
    """Writes a part of a file to a request, and finishes that.

    :param file: at the first byte of the part; closed at the end.
    :param length: of the part.
    :param same: whether the file still says what it did when its length and tag were told.
    """

    def __init__(
        self, request: Any, file: BinaryIO, length: int, same: Callable[[BinaryIO], bool]
    ) -> None:
        self._request = request
        self._file = file
        self._left = length
        self._same = same
        self._paused = False
        self._next: Any = None

    def begin(self) -> None:
        """Send as fast as it is read."""
        self._request.notifyFinish().addBoth(lambda _: self.stopProducing())
        self._request.registerProducer(self, True)
        self.resumeProducing()

    def resumeProducing(self) -> None:
        self._paused = False
        if self._next is None:
            self._write_on()

    def _write_on(self) -> None:
        self._next = None
        for _ in range(_AT_ONCE):
            if self._paused or self._file.closed:
                return
            self._write_piece()
        if not self._paused and not self._file.closed:
            self._next = self._request.web.factory.reactor.callLater(0, self._write_on)

    def _write_piece(self) -> None:
        piece = self._file.read(min(_PIECE, self._left))
        self._left -= len(piece)
        if not piece or not (self._left or self._same(self._file)):
            # It was longer when its length was told, and what follows would be taken for its end; or it
            # was written meanwhile, and this is half of each.
            self.stopProducing()
            self._request.channel.abort()
            return
        self._request.write(piece)
        if not self._left and not self._file.closed:
            self._request.unregisterProducer()
            self._request.finish()

    def pauseProducing(self) -> None:
        self._paused = True

    def stopProducing(self) -> None:
        self._file.close()
        following, self._next = self._next, None
        if following is not None:
            following.cancel()
