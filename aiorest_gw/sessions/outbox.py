"""What is on its way to one client: in order, bounded, and kept until the client has it.

A message has its number (``seq``) from the moment in which it is first given to a connection, so that
numbers have no gaps, and what has none yet can still be dropped. Where something was dropped, a notice
that says how many takes their place.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from math import inf

from .entries import TOO_LATE, Ending, Entry, Outcome, Policy

__all__ = ["Outbox"]


_DELIVERED, _WRITTEN = Ending(Outcome.DELIVERED), Ending(Outcome.WRITTEN)
_FULL = Ending(Outcome.DROPPED, "too much waits for the client")
_REPLACED = Ending(Outcome.DROPPED, "a later one took its place")


# Of these, some are dropped where there is no room; and two of them make room for what comes.
_DROPPED = (Policy.DROP_OLDEST, Policy.DROP_NEWEST, Policy.COALESCE)
_MAKES_ROOM = (Policy.DROP_OLDEST, Policy.COALESCE)

_NO_ENTRIES: deque[Entry | bytes] = deque(maxlen=0)
_NONE_WAIT: OrderedDict[Entry, None] = OrderedDict()


class Outbox:
    """Messages to one client.

    :param most: messages that are held at most, those included that are sent and not acknowledged.
    :param most_octets: their bytes; one that is larger is taken where nothing else is held.
    :param retains: they are held until they are acknowledged; otherwise until they are taken.
    :param notice: makes the message that tells of so many that were dropped.
    :ivar seq: the number that was given last.
    :ivar octets: bytes that are held.
    :ivar dropped: how many were ever dropped.
    :ivar told: endings that somebody wants to know, to be taken from here.
    """

    __slots__ = (
        "_acknowledged", "_cursor", "_keys", "_missed", "_most", "_most_octets", "_notice", "_retains",
        "_sent", "_waiting", "dropped", "octets", "seq", "told",
    )  # fmt: skip

    def __init__(
        self,
        most: int,
        most_octets: int,
        retains: bool,
        notice: Callable[[int], Entry],
    ) -> None:
        self._most = most
        self._most_octets = most_octets
        self._retains = retains
        self._notice = notice
        self._sent = _NO_ENTRIES
        self._waiting = _NONE_WAIT
        self._keys: dict[str, Entry] | None = None
        # Dropped behind all that waits.
        self._missed = 0
        self._acknowledged = self._cursor = self.seq = self.octets = self.dropped = 0
        self.told: list[tuple[Callable[[Ending], None], Ending]] = []

    def __len__(self) -> int:
        """How many messages are held."""
        return len(self._sent) + len(self._waiting)

    @property
    def idle(self) -> bool:
        """Whether nothing is to be given to the connection that is there now."""
        return self._cursor == self.seq and not self._waiting and not self._missed

    @property
    def half_full(self) -> bool:
        """Whether it holds half of what it may, or more."""
        held = len(self._sent) + len(self._waiting)
        return 2 * held >= self._most or 2 * self.octets >= self._most_octets

    @property
    def far_too_full(self) -> bool:
        """Whether it holds four times what it may, of what is never dropped."""
        return len(self) >= 4 * self._most or self.octets >= 4 * self._most_octets

    @property
    def acknowledged(self) -> int:
        """The highest number that the client has acknowledged."""
        return self._acknowledged

    # -- in

    def number(self, body: bytes) -> int:
        """Give a message its number at once, as if it was put and taken, where nothing is before it.

        :param body: of one that nobody wants to hear of.
        :returns: 0 where it has to be put.
        """
        sent = self._sent
        size = len(body)
        if (
            self._cursor != self.seq
            or self._waiting
            or self._missed
            or (sent and (len(sent) >= self._most or self.octets + size > self._most_octets))
        ):
            return 0
        self.seq = self._cursor = seq = self.seq + 1
        if self._retains:
            if sent is _NO_ENTRIES:
                sent = self._sent = deque()
            sent.append(body)
            self.octets += size
        else:
            self._acknowledged = seq
        return seq

    def put(self, entry: Entry, now: float = -inf) -> bool:
        """Let an entry wait until it is taken.

        :param now: the time; what need not be sent any more makes room first.
        :returns: False where it does not fit, and may not be dropped: the client has to be closed.
        """
        # Answers are as many as requests were taken; there is always room for them.
        fits = entry.policy is None or self._fits_in_place(entry)
        if not fits:
            self._let_go_of_late(now)
            fits = self._fits_in_place(entry)
        if not fits and not self._make_room(entry):
            self._end(entry, _FULL)
            if entry.policy not in _DROPPED:
                return False
            self._missed += 1
            self.dropped += 1
            return True
        before = self._before(entry)
        if before is not None:
            self._forget(before)
            self._end(before, _REPLACED)
        if self._waiting is _NONE_WAIT:
            self._waiting = OrderedDict()
        if entry.policy is Policy.COALESCE and entry.key is not None:
            self._keys = self._keys or {}
            self._keys[entry.key] = entry
        entry.missed, self._missed = self._missed, 0
        self._waiting[entry] = None
        self.octets += entry.size
        return True

    def _fits(self, size: int, fewer: int = 0, freed: int = 0) -> bool:
        """Whether there is room, were there so many messages and bytes less."""
        held = len(self) - fewer
        return not held or (held < self._most and self.octets - freed + size <= self._most_octets)

    def _let_go_of_late(self, now: float) -> None:
        for entry in tuple(self._waiting):
            if entry.expires is not None and entry.expires <= now:
                self._forget(entry)
                self._end(entry, TOO_LATE)

    def _before(self, entry: Entry) -> Entry | None:
        """The one that an entry takes the place of; where there is no room for that, it keeps it."""
        if entry.policy is not Policy.COALESCE or not self._keys or entry.key is None:
            return None
        return self._keys.get(entry.key)

    def _fits_in_place(self, entry: Entry) -> bool:
        before = self._before(entry)
        return self._fits(entry.size) if before is None else self._fits(entry.size, 1, before.size)

    def _make_room(self, entry: Entry) -> bool:
        """Drop the oldest that may be dropped and were not sent yet, if that is enough."""
        if entry.policy not in _MAKES_ROOM or entry.size > self._most_octets:
            return False
        before = self._before(entry)
        oldest: list[Entry] = []
        fewer, freed = (0, 0) if before is None else (1, before.size)
        for old in self._waiting:
            if old.policy in _DROPPED and old is not before:
                oldest.append(old)
                fewer += 1
                freed += old.size
                if self._fits(entry.size, fewer, freed):
                    break
        else:
            return False
        for old in oldest:
            old.missed += 1
            self.dropped += 1
            self._forget(old)
            self._end(old, _FULL)
        return True

    def _forget(self, entry: Entry) -> None:
        """Take one out of those that wait; what was missed before it was missed before the next."""
        if entry.missed:
            after = self._next_to(entry)
            if after is None:
                self._missed += entry.missed
            else:
                after.missed += entry.missed
        del self._waiting[entry]
        self._let_go_of_key(entry)
        self.octets -= entry.size

    def _next_to(self, entry: Entry) -> Entry | None:
        following = iter(self._waiting)
        return next(following, None) if entry in following else None

    def _let_go_of_key(self, entry: Entry) -> None:
        if self._keys and entry.key is not None and self._keys.get(entry.key) is entry:
            del self._keys[entry.key]

    # -- out

    def take(self, now: float) -> Entry | None:
        """The next message for the connection that is there now, with its number.

        :returns: None where there is none.
        """
        if self._cursor < self.seq:
            self._cursor += 1
            return self._sent_before(self._cursor)
        while self._waiting:
            entry = next(iter(self._waiting))
            if entry.expires is not None and entry.expires <= now:
                self._forget(entry)
                self._end(entry, TOO_LATE)
                continue
            if entry.missed:
                return self._noticed(entry)
            del self._waiting[entry]
            self._let_go_of_key(entry)
            self.octets -= entry.size
            self._send(entry)
            return entry
        return self._noticed(None) if self._missed else None

    def _sent_before(self, seq: int) -> Entry:
        sent = self._sent[seq - self._acknowledged - 1]
        if isinstance(sent, Entry):
            return sent
        entry = Entry(sent, len(sent))
        entry.seq = seq
        return entry

    def _noticed(self, before: Entry | None) -> Entry | None:
        """The notice of what was missed, if there is room for that: it is held as all else is."""
        if len(self._sent) >= self._most:
            return None
        if before is None:
            missed, self._missed = self._missed, 0
        else:
            missed, before.missed = before.missed, 0
        notice = self._notice(missed)
        self._send(notice)
        return notice

    def _send(self, entry: Entry) -> int:
        self.seq = self._cursor = seq = self.seq + 1
        entry.seq = seq
        if self._retains:
            if self._sent is _NO_ENTRIES:
                self._sent = deque()
            self._sent.append(entry)
            self.octets += entry.size
        else:
            self._acknowledged = seq
            self._end(entry, _WRITTEN)
        return seq

    def acknowledge(self, seq: int) -> None:
        """The client has everything up to a number.

        :raises ValueError: it was never sent.
        """
        if seq > self.seq:
            raise ValueError(f"{seq} was not sent yet, the last was {self.seq}")
        while self._acknowledged < seq:
            sent = self._sent.popleft()
            self._acknowledged += 1
            if isinstance(sent, bytes):
                self.octets -= len(sent)
            else:
                self.octets -= sent.size
                self._end(sent, _DELIVERED)
        if self._cursor < self._acknowledged:
            self._cursor = self._acknowledged

    def rewind(self, seq: int) -> None:
        """There is another connection: everything behind a number is to be taken again.

        :param seq: the highest number that the client has.
        :raises ValueError: it was never sent, or what follows it is not held any more.
        """
        if seq < self._acknowledged:
            raise ValueError(f"what follows {seq} was acknowledged, and is not held any more")
        self.acknowledge(seq)
        self._cursor = seq

    def expire(self, entry: Entry) -> None:
        """The time of an entry is over: it is not sent any more, if it was not yet."""
        if entry in self._waiting:
            self._forget(entry)
            self._end(entry, TOO_LATE)

    def close(self, reason: str) -> list[Entry]:
        """Nothing is sent any more.

        :returns: what was not acknowledged, in order, but for what :meth:`number` took.
        """
        held = [*(one for one in self._sent if isinstance(one, Entry)), *self._waiting]
        self._sent, self._waiting, self._keys, self._missed = _NO_ENTRIES, _NONE_WAIT, None, 0
        self.octets = 0
        self._acknowledged = self._cursor = self.seq
        for entry in held:
            self._end(entry, Ending(Outcome.EXPIRED, reason))
        return held

    def _end(self, entry: Entry, ending: Ending) -> None:
        if entry.told is not None:
            self.told.append((entry.told, ending))
            entry.told = None
