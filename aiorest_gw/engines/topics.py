"""What was published, as far as it is kept, and the numbers of what is published next."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Container

import attrs

from ..messages import Push
from ..sessions.engine import History, Position, Retention
from ..wire.prepared import Prepared

__all__ = ["KeptTopics"]


@attrs.define(eq=False)
class _Topic:
    """
    :ivar kept: publications with the times at which they came and their bytes, oldest first.
    :ivar octets: of all that are kept.
    """

    epoch: str
    offset: int = 0
    retention: Retention = attrs.field(factory=Retention)
    kept: deque[tuple[float, Push, int]] = attrs.field(factory=deque)
    octets: int = 0

    def prune(self, now: float) -> None:
        while self.kept and (
            len(self.kept) > self.retention.count
            or self.octets > self.retention.octets
            or self.kept[0][0] + self.retention.seconds <= now
        ):
            self.octets -= self.kept.popleft()[2]


class KeptTopics:
    """Topics in memory.

    :param now: the time, in seconds.
    :param most: topics that are kept; of more, the one that was longest without a publication is
        forgotten, and begins anew with another epoch.
    :param subscribed: topics that are not forgotten.
    """

    def __init__(self, now: Callable[[], float], most: int, subscribed: Container[str]) -> None:
        self._now = now
        self._most = most
        self._name = secrets.token_urlsafe(9)
        self._forgotten = 0
        self._topics: OrderedDict[str, _Topic] = OrderedDict()
        self._subscribed = subscribed

    def append(self, push: Push, retention: Retention) -> tuple[Push, Position]:
        """A publication, in the topic that it names.

        :returns: it with its offset, and its place.
        """
        assert push.topic is not None
        topic, now = self._made(push.topic), self._now()
        topic.offset += 1
        topic.retention = retention
        numbered = attrs.evolve(push, offset=topic.offset)
        size = len(Prepared(numbered).frame)
        topic.kept.append((now, numbered, size))
        topic.octets += size
        topic.prune(now)
        self._topics.move_to_end(push.topic)
        return numbered, Position(topic.epoch, topic.offset)

    def history(self, topic: str, since: Position | None, limit: int) -> History:
        """What is kept; to be asked for makes no topic."""
        found = self._topics.get(topic) or _Topic(self._epoch)
        found.prune(self._now())
        position = Position(found.epoch, found.offset)
        after = since.offset if since is not None and since.epoch == found.epoch else 0
        pushes = [push for _, push, _ in found.kept if (push.offset or 0) > after]
        complete = (
            since is not None
            and since.epoch == found.epoch
            and 0 <= since.offset <= found.offset
            and len(pushes) == found.offset - since.offset
            and len(pushes) <= limit
        )
        return History(pushes[len(pushes) - min(limit, len(pushes)) :], position, complete)

    @property
    def _epoch(self) -> str:
        """Of topics that begin now: whose numbers no forgotten one had."""
        return f"{self._name}.{self._forgotten}"

    def _made(self, name: str) -> _Topic:
        topic = self._topics.get(name)
        if topic is None:
            if len(self._topics) >= self._most:
                self._forget_one()
            topic = self._topics[name] = _Topic(self._epoch)
        return topic

    def _forget_one(self) -> None:
        for name in self._topics:
            if name not in self._subscribed:
                del self._topics[name]
                self._forgotten += 1
                return
