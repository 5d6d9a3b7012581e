"""Topics in the memory of one process: what is published elsewhere is not heard here."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

import attrs

from ..messages import Push
from ..sessions.engine import Deliver, History, Member, Position, Retention
from ..wire.prepared import Prepared

__all__ = ["MemoryEngine"]


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


class MemoryEngine:
    """Keeps topics in memory.

    :param now: the time, in seconds.
    :param most: topics that are kept; of more, the one that was longest without a publication and has no
        subscribers is forgotten, and begins anew with another epoch.
    """

    def __init__(self, now: Callable[[], float], most: int = 10_000) -> None:
        self._now = now
        self._most = most
        self._name = secrets.token_urlsafe(9)
        self._forgotten = 0
        self._topics: OrderedDict[str, _Topic] = OrderedDict()
        self._members: dict[str, dict[str, Member]] = {}
        self._subscribed: set[str] = set()
        self._deliver: Deliver | None = None

    def start(self, deliver: Deliver) -> None:
        self._deliver = deliver

    async def subscribe(self, topic: str) -> None:
        self._subscribed.add(topic)

    async def unsubscribe(self, topic: str) -> None:
        self._subscribed.discard(topic)

    async def publish(self, push: Push, retention: Retention) -> Position:
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
        position = Position(topic.epoch, topic.offset)
        if push.topic in self._subscribed and self._deliver is not None:
            self._deliver(numbered)
        return position

    async def history(self, topic: str, since: Position | None, limit: int) -> History:
        # To be asked for makes no topic.
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

    async def enter(self, topic: str, member: Member) -> None:
        self._members.setdefault(topic, {})[member.session_id] = member

    async def leave(self, topic: str, session_id: str) -> None:
        members = self._members.get(topic)
        if members is not None:
            members.pop(session_id, None)
            if not members:
                del self._members[topic]

    async def members(self, topic: str) -> Sequence[Member]:
        return list(self._members.get(topic, {}).values())

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
