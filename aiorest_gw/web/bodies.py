"""A request's body as it comes: so many bytes, or chunks, and no more than a limit."""

from __future__ import annotations

from collections.abc import Callable

from twisted.web.http import _ChunkedTransferDecoder, _MalformedChunkedDataError

__all__ = ["Body", "BodyRefused"]


class BodyRefused(Exception):
    """It is too large, or none.

    :param status: HTTP number.
    :param reason: for the client.
    """

    headers: dict[str, str] = {}

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


class Body:
    """Takes the bytes that follow a head.

    :param length: of the body; None where it comes in chunks.
    :param most: bytes that are taken.
    :param take: is called with what comes.
    """

    def __init__(self, length: int | None, most: int, take: Callable[[bytes], object]) -> None:
        self._left = length
        self._most = most
        self._take = take
        self._rest: bytes | None = None
        # Of chunks as small as can be, five bytes go around each: a limit on these too.
        self._raw = 8 * most + 65_536
        self._decoder: _ChunkedTransferDecoder | None = None
        if length is None:
            self._decoder = _ChunkedTransferDecoder(self._take_some, self._end)

    def feed(self, data: bytes) -> bytes | None:
        """
        :returns: what follows the body; None until it is whole.
        :raises BodyRefused: it is too large, or broken.
        """
        if self._left is None:
            return self._feed_chunks(data)
        # More than this was refused before.
        self._take(data[: self._left])
        if len(data) < self._left:
            self._left -= len(data)
            return None
        return data[self._left :]

    def _feed_chunks(self, data: bytes) -> bytes | None:
        self._raw -= len(data)
        if self._raw < 0:
            raise BodyRefused(413, "The body is larger than what is taken")
        assert self._decoder is not None
        try:
            self._decoder.dataReceived(data)
        except _MalformedChunkedDataError:
            raise BodyRefused(400, "The body's chunks are broken") from None
        return self._rest

    def _take_some(self, data: bytes) -> None:
        self._most -= len(data)
        if self._most < 0:
            raise BodyRefused(413, "The body is larger than what is taken")
        self._take(data)

    def _end(self, rest: bytes) -> None:
        self._rest = rest
