"""Topics, mailboxes and sessions in memory: what happens in other processes is not heard here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any

from ..errors import ConfigurationError, ServiceUnavailable
from ..sessions.engine import History, Member, Node, Position, Retention
from ..sessions.letters import Address, Letter, Mail, Whose
from ..sessions.mailboxes import Mailboxes
from ..sessions.surroundings import Timer
from ..wire.publications import Publication
from .topics import KeptTopics

__all__ = ["MemoryEngine"]

# Seconds between two looks for what is too old, where anything is kept.
_EVERY = 1.0


class _Memory:
    """What the engines of several gateways have in common.

    :ivar engines: those that serve a gateway.
    :ivar at: at which of them a session is, and whose it is.
    :ivar users: the sessions of each user, with their engines.
    :ivar holders: of the mailboxes that are being emptied.
    """

    def __init__(self, now: Callable[[], float], most: int) -> None:
        self.now = now
        self.subscribers: dict[str, dict[MemoryEngine, None]] = {}
        self.topics = KeptTopics(now, most, self.subscribers)
        self.members: dict[str, dict[str, Member]] = {}
        self.engines: dict[MemoryEngine, None] = {}
        self.at: dict[str, tuple[MemoryEngine, Any]] = {}
        self.users: dict[Any, dict[str, MemoryEngine]] = {}
        self.mailboxes = Mailboxes()
        self.holders: dict[Any, MemoryEngine] = {}

    def forget(self, session_id: str) -> None:
        _, user_id = self.at.pop(session_id, (None, None))
        if user_id is not None:
            sessions = self.users[user_id]
            del sessions[session_id]
            if not sessions:
                del self.users[user_id]

    def engines_of(self, to: Address) -> Iterable[MemoryEngine]:
        if to.whose is Whose.EVERYBODY:
            return tuple(self.engines)
        if to.whose is Whose.USER:
            return dict.fromkeys(self.users.get(to.id, {}).values())
        found = self.at.get(to.id)
        return () if found is None else (found[0],)


class MemoryEngine:
    """Keeps all in memory.

    :param now: the time, in seconds.
    :param most: topics that are kept; of more, the one that was longest without a publication and has no
        subscribers is forgotten, and begins anew with another epoch.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, most: int = 10_000) -> None:
        self._memory = _Memory(now, most)
        self._node: Node | None = None
        self._timer: Timer | None = None

    def sibling(self) -> MemoryEngine:
        """The engine of one more gateway in this process, which shares all with this one's."""
        made = copy(self)
        made._node = made._timer = None
        return made

    def start(self, node: Node) -> None:
        if self._node is not None:
            raise ConfigurationError(
                "this engine serves a gateway already: give each its own, such as engine.sibling()"
            )
        self._node = node
        self._memory.engines[self] = None
        self._look_later()

    def stop(self) -> None:
        memory, self._node = self._memory, None
        memory.engines.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for other in memory.engines:
            other._look_later()
        for topic in [topic for topic, heard in memory.subscribers.items() if self in heard]:
            self._unsubscribe(topic)
        mine = {session_id for session_id, (engine, _) in memory.at.items() if engine is self}
        for topic, members in tuple(memory.members.items()):
            for session_id in mine & members.keys():
                self._leave(topic, session_id)
        for session_id in mine:
            memory.forget(session_id)
        for user_id in [user_id for user_id, held in memory.holders.items() if held is self]:
            self._release(user_id)

    # -- topics

    async def subscribe(self, topic: str) -> None:
        self._memory.subscribers.setdefault(topic, {})[self] = None

    async def unsubscribe(self, topic: str) -> None:
        self._unsubscribe(topic)

    def _unsubscribe(self, topic: str) -> None:
        subscribers = self._memory.subscribers.get(topic, {})
        subscribers.pop(self, None)
        if not subscribers:
            self._memory.subscribers.pop(topic, None)

    async def publish(self, publication: Publication, retention: Retention) -> Position:
        memory, node = self._memory, self._node
        if node is None:
            raise ServiceUnavailable("The gateway has stopped.")
        numbered, position = memory.topics.append(publication, retention, node.history_octets)
        if self._timer is None:
            self._look_later()
        for engine in tuple(memory.subscribers.get(publication.topic, ())):
            if engine._node is not None:
                engine._node.published(numbered, position)
        return position

    def _look_later(self) -> None:
        """Let go of what is too old, though nobody asks for it."""
        if self._timer is None and self._node is not None and self._memory.topics.held:
            self._timer = self._node.later(_EVERY, self._look)

    def _look(self) -> None:
        self._timer = None
        self._memory.topics.let_go_of_old()
        self._look_later()

    async def history(self, topic: str, since: Position | None, limit: int) -> History:
        return self._memory.topics.history(topic, since, limit)

    async def enter(self, topic: str, member: Member) -> None:
        self._memory.members.setdefault(topic, {})[member.session_id] = member

    async def leave(self, topic: str, session_id: str) -> None:
        self._leave(topic, session_id)

    def _leave(self, topic: str, session_id: str) -> None:
        members = self._memory.members.get(topic)
        if members is not None:
            members.pop(session_id, None)
            if not members:
                del self._memory.members[topic]

    async def members(self, topic: str) -> Sequence[Member]:
        return list(self._memory.members.get(topic, {}).values())

    # -- sessions, and what is sent to them

    def register(self, member: Member) -> None:
        memory, session_id, user_id = self._memory, member.session_id, member.user_id
        memory.forget(session_id)
        memory.at[session_id] = self, user_id
        if user_id is not None:
            memory.users.setdefault(user_id, {})[session_id] = self

    def unregister(self, session_id: str) -> None:
        self._memory.forget(session_id)

    def _others(self, to: Address) -> list[Node]:
        if len(self._memory.engines) == 1 and self._node is not None:
            return []
        engines = self._memory.engines_of(to)
        return [one._node for one in engines if one is not self and one._node is not None]

    def forward(self, letters: Sequence[Letter], first: bool = False) -> int:
        reached = 0
        wait = []
        for letter in letters:
            count = 0
            for node in self._others(letter.to):
                count += node.deliver(letter)
            reached += count
            if letter.waits and not letter.here and not count:
                wait.append(letter)
        if wait:
            for letter in wait:
                letter.expect(str(letter.to))
            mails = [Mail(letter, str(letter.to)) for letter in wait]
            self._put(reversed(mails) if first else mails, first)
        return reached

    def _put(self, mails: Iterable[Mail], first: bool = False) -> None:
        memory, node = self._memory, self._node
        for mail in mails:
            if node is None:
                raise ServiceUnavailable("The gateway has stopped.")
            name = mail.letter.to.id
            node.pruned(memory.mailboxes.put(name, mail, node.bounds, memory.now(), first))

    async def take(self, user_id: Any, most: int) -> Sequence[Mail] | None:
        memory = self._memory
        if self._node is None:
            return None
        if memory.holders.setdefault(user_id, self) is not self:
            return None
        taken = memory.mailboxes.take(user_id, most, memory.now())
        if not taken:
            del memory.holders[user_id]
        return taken

    async def release(
        self, user_id: Any, before: Sequence[Mail] = (), behind: Sequence[Mail] = ()
    ) -> None:
        self._put(reversed(before), first=True)
        self._put(behind)
        self._release(user_id)

    def _release(self, user_id: Any) -> None:
        memory = self._memory
        if memory.holders.get(user_id) is self:
            del memory.holders[user_id]
            if user_id in memory.mailboxes:
                for node in self._others(Address(Whose.USER, user_id))[:1]:
                    node.mail(user_id)

    async def close(self, addresses: Sequence[Address], code: int, reason: str) -> int:
        return sum(
            node.close(address, code, reason)
            for address in addresses
            for node in self._others(address)
        )
