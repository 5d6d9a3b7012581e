"""Who is away: so many that those who come and go for nothing fill no memory."""

from __future__ import annotations

from collections import OrderedDict

from .resumable import ResumableSession

__all__ = ["Absence"]

# With the addresses that they are counted under, and the bytes that were kept for them.
_Away = OrderedDict[ResumableSession, tuple[str | None, int]]


class Absence:
    """Sessions whose clients are away, in the order in which they left.

    :param most: of them.
    :param most_octets: that are kept for them together when they leave.
    :param most_of_one: of them that come from one address; 0: any number.
    """

    def __init__(self, most: int, most_octets: int, most_of_one: int) -> None:
        self._most = most
        self._most_octets = most_octets
        self._octets = 0
        self._most_of_one = most_of_one
        self._away: _Away = OrderedDict()
        self._by_origin: dict[str, _Away] = {}

    def __len__(self) -> int:
        return len(self._away)

    def add(self, session: ResumableSession) -> ResumableSession | None:
        """One more is away.

        :returns: one to be given up for it: of its own address, the one that is away for longest, or of
            all.
        """
        origin, size = kept = session.origin, session.octets
        self._away[session] = kept
        self._octets += size
        if origin is not None:
            same = self._by_origin.setdefault(origin, OrderedDict())
            same[session] = kept
            if 0 < self._most_of_one < len(same):
                return next(iter(same))
        return self.one_too_many()

    def one_too_many(self) -> ResumableSession | None:
        """The one that is away for longest, if there are more than may be, or more is kept for them."""
        too_many = len(self._away) > self._most or self._octets > self._most_octets
        return next(iter(self._away)) if too_many else None

    def remove(self, session: ResumableSession) -> None:
        """One is back, or gone; nothing happens if it was not away."""
        origin, size = self._away.pop(session, (None, 0))
        self._octets -= size
        if origin is not None:
            same = self._by_origin[origin]
            del same[session]
            if not same:
                del self._by_origin[origin]
