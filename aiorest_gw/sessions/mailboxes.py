"""What was sent to a name that nobody has opened a session under: it waits for whoever does."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from math import inf
from typing import Any

import attrs

from .entries import TOO_LATE, Ending, Outcome
from .letters import Mail

__all__ = ["MailboxBounds", "Mailboxes"]

_PRUNED = Ending(Outcome.DROPPED, "its mailbox was full")


@attrs.frozen
class MailboxBounds:
    """How much may wait.

    :param most: pushes in each mailbox; of more, the oldest are pruned.
    :param most_octets: their bytes; one that is larger waits where nothing else does.
    :param most_names: mailboxes; of more, the one that was longest without a push is thrown away.
    """

    most: int = 1_000
    most_octets: int = 1_048_576
    most_names: int = 10_000


@attrs.define(eq=False)
class _Box:
    """:ivar earliest: no later than the first time at which one of its letters expires."""

    mail: deque[Mail] = attrs.field(factory=deque)
    octets: int = 0
    earliest: float = inf

    def put(self, mail: Mail, first: bool) -> None:
        if first:
            self.mail.appendleft(mail)
        else:
            self.mail.append(mail)
        self.octets += mail.letter.size
        if mail.letter.expires is not None:
            self.earliest = min(self.earliest, mail.letter.expires)

    def take(self) -> Mail:
        mail = self.mail.popleft()
        self.octets -= mail.letter.size
        return mail

    def too_full(self, bounds: MailboxBounds) -> bool:
        held = len(self.mail)
        return held > 1 and (held > bounds.most or self.octets > bounds.most_octets)

    def take_late(self, now: float) -> list[Mail]:
        if self.earliest > now:
            return []
        late = [mail for mail in self.mail if _is_late(mail, now)]
        kept = [mail for mail in self.mail if not _is_late(mail, now)]
        self.mail, self.octets, self.earliest = deque(), 0, inf
        for mail in kept:
            self.put(mail, first=False)
        return late


class Mailboxes:
    """A mailbox for each name."""

    def __init__(self) -> None:
        self._boxes: OrderedDict[Any, _Box] = OrderedDict()

    def __contains__(self, name: Any) -> bool:
        """Whether something waits for a name."""
        return name in self._boxes

    def put(
        self, name: Any, mail: Mail, bounds: MailboxBounds, now: float, first: bool = False
    ) -> int:
        """Let a letter wait for a name; in a full mailbox, those whose time is over make room first.

        :param now: the time.
        :param first: before all others.
        :returns: how many had to be pruned for it.
        """
        box = self._boxes.setdefault(name, _Box())
        box.put(mail, first)
        self._boxes.move_to_end(name)
        late = box.take_late(now) if box.too_full(bounds) else []
        pruned = []
        while box.too_full(bounds):
            pruned.append(box.take())
        while len(self._boxes) > bounds.most_names:
            pruned += self._boxes.popitem(last=False)[1].mail
        # Whoever hears of an ending may send something more.
        _end(late, TOO_LATE)
        _end(pruned, _PRUNED)
        return len(pruned)

    def take(self, name: Any, most: int, now: float) -> list[Mail]:
        """The oldest that wait for a name; they wait no more.

        :param most: of them.
        """
        taken: list[Mail] = []
        late: list[Mail] = []
        box = self._boxes.get(name)
        while box is not None and box.mail and len(taken) < most:
            mail = box.take()
            (late if _is_late(mail, now) else taken).append(mail)
        if box is not None and not box.mail:
            del self._boxes[name]
        _end(late, TOO_LATE)
        return taken


def _end(mails: Iterable[Mail], ending: Ending) -> None:
    for mail in mails:
        mail.end(ending)


def _is_late(mail: Mail, now: float) -> bool:
    expires = mail.letter.expires
    return expires is not None and expires <= now
