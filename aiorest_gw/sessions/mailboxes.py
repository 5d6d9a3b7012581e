"""What was sent to a name that nobody has opened a session under: it waits for whoever does."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import attrs

from .outbox import Ending, Outcome

__all__ = ["Mail", "Mailboxes"]

_PRUNED = Ending(Outcome.DROPPED, "its mailbox was full")


@attrs.define(eq=False)
class Mail:
    """A push that waits.

    :param message: that is to be sent.
    :param size: of it, in bytes.
    :param terms: on which.
    :param expires: the time from which on it need not be sent any more.
    :param told: takes its ending.
    """

    message: Any
    size: int
    terms: Any
    expires: float | None = None
    told: Callable[[Ending], None] | None = None


class Mailboxes:
    """A mailbox for each name.

    :param most: pushes in each; of more, the oldest are pruned.
    :param most_octets: their bytes.
    :param most_names: mailboxes; of more, the one that was longest without a push is thrown away.
    """

    def __init__(self, most: int, most_octets: int, most_names: int) -> None:
        self._most = most
        self._most_octets = most_octets
        self._most_names = most_names
        self._boxes: OrderedDict[Any, deque[Mail]] = OrderedDict()
        self._octets: dict[Any, int] = {}

    def __len__(self) -> int:
        """How many names have mail."""
        return len(self._boxes)

    def count(self, name: Any) -> int:
        """How many pushes wait for a name."""
        return len(self._boxes.get(name, ()))

    def put(self, name: Any, mail: Mail, first: bool = False) -> int:
        """Let a push wait for a name.

        :param first: before all others.
        :returns: how many had to be pruned for it.
        """
        pruned = 0
        box = self._boxes.get(name)
        if box is None:
            box = self._boxes[name] = deque()
            self._octets[name] = 0
        if first:
            box.appendleft(mail)
        else:
            box.append(mail)
        self._octets[name] += mail.size
        self._boxes.move_to_end(name)
        while len(box) > 1 and (len(box) > self._most or self._octets[name] > self._most_octets):
            oldest = box.popleft()
            self._octets[name] -= oldest.size
            pruned += _prune(oldest)
        while len(self._boxes) > self._most_names:
            other, thrown = self._boxes.popitem(last=False)
            del self._octets[other]
            pruned += sum(map(_prune, thrown))
        return pruned

    def expire(self, name: Any, mail: Mail) -> None:
        """The time of a push is over: it waits no more, if it still did."""
        box = self._boxes.get(name)
        if box is not None and mail in box:
            box.remove(mail)
            self._octets[name] -= mail.size
            if not box:
                del self._boxes[name], self._octets[name]
            if mail.told is not None:
                mail.told(Ending(Outcome.EXPIRED, "its time was over"))

    def take(self, name: Any, now: float) -> Mail | None:
        """The oldest that waits for a name; it waits no more."""
        box = self._boxes.get(name)
        while box:
            mail = box.popleft()
            self._octets[name] -= mail.size
            if not box:
                del self._boxes[name], self._octets[name]
            if mail.expires is None or mail.expires > now:
                return mail
            if mail.told is not None:
                mail.told(Ending(Outcome.EXPIRED, "its time was over"))
        return None


def _prune(mail: Mail) -> int:
    if mail.told is not None:
        mail.told(_PRUNED)
    return 1
