"""What was published, as far as it is kept, and the numbers of what is published next."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Container, Iterator
from itertools import islice

import attrs

from ..sessions.engine import History, Position, Retention
from ..wire.publications import Publication

__all__ = ["KeptTopics"]

# Bytes that it takes to keep a publication, beside what is written of it.
_BESIDE = 320
# Topics that are looked through for what is too old, and publications let go of, in one go.
_TOPICS, _LET_GO = 2_000, 5_000
# Topics that are looked at for one that may be forgotten.
_LOOKED_AT = 100


@attrs.define(eq=False)
class _Topic:
    """
    :ivar kept: publications with the times at which they came, oldest first.
    :ivar octets: of all that are kept, in JSON.
    :ivar held: bytes that these take in memory.
    """

    epoch: str
    offset: int = 0
    retention: Retention = attrs.field(factory=Retention)
    kept: deque[tuple[float, Publication]] = attrs.field(factory=deque)
    octets: int = 0
    held: int = 0

    def keep(self, now: float, publication: Publication) -> None:
        self.kept.append((now, publication))
        self.octets += len(publication.json)
        self.held += _held(publication)

    def let_go(self) -> None:
        """Keep the oldest no longer."""
        _, publication = self.kept.popleft()
        self.octets -= len(publication.json)
        self.held -= _held(publication)

    def prune(self, now: float) -> int:
        before = len(self.kept)
        while self.kept and (
            len(self.kept) > self.retention.count
            or self.octets > self.retention.octets
            or self.kept[0][0] + self.retention.seconds <= now
        ):
            self.let_go()
        return before - len(self.kept)


def _held(publication: Publication) -> int:
    return len(publication.json) + len(publication.packed) + _BESIDE


class KeptTopics:
    """Topics in memory.

    :param now: the time, in seconds.
    :param most: topics that are kept; of more, the one that was longest without a publication is
        forgotten, and begins anew with another epoch.
    :param subscribed: topics that are not forgotten.
    :ivar held: bytes that all publications take in memory.
    """

    def __init__(self, now: Callable[[], float], most: int, subscribed: Container[str]) -> None:
        self._now = now
        self._most = most
        self._name = secrets.token_urlsafe(9)
        self._forgotten = 0
        self._topics: OrderedDict[str, _Topic] = OrderedDict()
        self._subscribed = subscribed
        self.held = 0
        # Those of which anything is kept; the one that was longest without a publication first.
        self._filled: OrderedDict[_Topic, None] = OrderedDict()
        # Those that are to be looked through until all were.
        self._round: Iterator[_Topic] = iter(())

    def append(
        self, publication: Publication, retention: Retention, most_held: int
    ) -> tuple[Publication, Position]:
        """A publication, in its topic.

        :param most_held: bytes that all may take.
        :returns: it with its number, and its place.
        """
        topic, now = self._made(publication.topic), self._now()
        topic.offset += 1
        topic.retention = retention
        numbered = publication.numbered(topic.offset)
        before = topic.held
        topic.keep(now, numbered)
        topic.prune(now)
        self._topics.move_to_end(publication.topic)
        self._filled[topic] = None
        self._filled.move_to_end(topic)
        self._changed(topic, before)
        while self.held > most_held:
            oldest = next(iter(self._filled))
            before = oldest.held
            oldest.let_go()
            self._changed(oldest, before)
        return numbered, Position(topic.epoch, topic.offset)

    def history(self, name: str, since: Position | None, limit: int) -> History:
        """What is kept; to be asked for makes no topic."""
        topic = self._topics.get(name)
        if topic is None:
            topic = _Topic(self._epoch)
        else:
            self._prune(topic, self._now())
        position = Position(topic.epoch, topic.offset)
        if since is None or since.epoch != topic.epoch:
            return History(_last(topic, limit), position, False)
        missed = topic.offset - since.offset
        complete = 0 <= missed <= min(limit, len(topic.kept))
        return History(_last(topic, min(limit, max(0, missed))), position, complete)

    def let_go_of_old(self) -> None:
        """Let go of what is too old, in some of the topics; next time in others."""
        now, let_go = self._now(), 0
        for _ in range(min(_TOPICS, len(self._filled))):
            topic = next(self._round, None)
            if topic is None:
                self._round = iter(tuple(self._filled))
                topic = next(self._round, None)
            if topic is None:
                return
            let_go += self._prune(topic, now)
            if let_go > _LET_GO:
                return

    @property
    def _epoch(self) -> str:
        """Of topics that begin now: whose numbers no forgotten one had."""
        return f"{self._name}.{self._forgotten}"

    def _prune(self, topic: _Topic, now: float) -> int:
        before = topic.held
        let_go = topic.prune(now)
        self._changed(topic, before)
        return let_go

    def _changed(self, topic: _Topic, before: int) -> None:
        """
        :param before: bytes that it took.
        """
        self.held += topic.held - before
        if not topic.kept:
            self._filled.pop(topic, None)

    def _made(self, name: str) -> _Topic:
        topic = self._topics.get(name)
        if topic is None:
            self._forget_some()
            topic = self._topics[name] = _Topic(self._epoch)
        return topic

    def _forget_some(self) -> None:
        """Make room for one more."""
        for _ in range(_LOOKED_AT):
            if len(self._topics) < self._most:
                return
            name, topic = self._topics.popitem(last=False)
            if name in self._subscribed:
                # It is used: nobody looks at it again before all others.
                self._topics[name] = topic
            else:
                self._forgotten += 1
                before = topic.held
                while topic.kept:
                    topic.let_go()
                self._changed(topic, before)


def _last(topic: _Topic, count: int) -> list[Publication]:
    """The newest."""
    start = max(0, len(topic.kept) - count)
    return [publication for _, publication in islice(topic.kept, start, None)]
