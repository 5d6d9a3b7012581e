"""What topics, mailboxes and sessions stand on, wherever it is kept: the contract of every engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import attrs

from ..messages import Push
from ..wire.publications import Publication
from .letters import Address, Letter, Mail
from .mailboxes import MailboxBounds
from .surroundings import Timer

__all__ = ["Engine", "History", "Member", "Node", "Position", "Retention"]


@attrs.frozen
class Position:
    """A place in a topic.

    :param epoch: of the topic's numbers; another one means that they began anew.
    :param offset: the number of the last publication, counted from 1; 0 before the first.
    """

    epoch: str
    offset: int

    def is_behind(self, other: Position) -> bool:
        """Whether it comes later than another; where the numbers began anew, it does."""
        return self.offset > other.offset or self.epoch != other.epoch


@attrs.frozen
class Retention:
    """How much of a topic is kept.

    :param count: publications.
    :param seconds: that one is kept.
    :param octets: of all of them together, as JSON.
    """

    count: int = 100
    seconds: float = 300.0
    octets: int = 1_048_576


@attrs.frozen
class History:
    """What is kept of a topic behind a place.

    :param publications: as they were written, oldest first, each with its ``offset``.
    :param position: of the last one that there ever was.
    :param complete: whether nothing is missing between the place that was asked for and the first.
    """

    publications: Sequence[Publication]
    position: Position
    complete: bool

    @property
    def pushes(self) -> list[Push]:
        """The publications, read again."""
        return [publication.push for publication in self.publications]


@attrs.frozen
class Member:
    """Somebody who is connected, or is in a topic.

    :param session_id: of the session.
    :param user_id: None of nobody in particular.
    """

    session_id: str
    user_id: Any = None
    username: str = ""


@attrs.frozen
class Node:
    """What an engine calls at a gateway that has it; none of it waits.

    :param published: takes each publication in the topics that are subscribed, with its number, and its
        place; once, in the order of the offsets of its topic.
    :param deliver: gives a letter to the sessions of its address that are here and not among those that
        it has reached; returns how many of that address there are.
    :param close: closes the sessions of an address, with a code and a reason; returns how many it were.
    :param mail: something waits for a user who has a session here, and nobody takes it.
    :param pruned: so many letters had to be pruned for those that came from here.
    :param bounds: of the mailboxes.
    :param history_octets: of publications of all topics together that an engine in this process keeps at
        most; one that is elsewhere has its own bounds.
    :param later: calls something in so many seconds.
    """

    published: Callable[[Publication, Position], None]
    deliver: Callable[[Letter], int]
    close: Callable[[Address, int, str], int]
    mail: Callable[[Any], None]
    pruned: Callable[[int], None]
    bounds: MailboxBounds
    history_octets: int
    later: Callable[[float, Callable[[], None]], Timer]


class Engine(Protocol):
    """Keeps topics and mailboxes, and knows who is at which gateway. Each gateway has its own engine;
    some share what they keep.

    None of its calls blocks; what is awaited may have ended at once. What is called later takes effect
    later, for what comes from one gateway. An engine that cannot reach what it stands on raises
    ServiceUnavailable.
    """

    def start(self, node: Node) -> None:
        """Serve a gateway from now on.

        :raises ConfigurationError: it serves another.
        """

    def stop(self) -> None:
        """Serve it no more: its sessions and subscriptions are gone."""

    # -- topics

    async def subscribe(self, topic: str) -> None:
        """Hand on what is published in a topic, from the end of this on at the latest.

        Nothing changes where it is handed on already.
        """

    async def unsubscribe(self, topic: str) -> None:
        """Hand on nothing of a topic any more."""

    async def publish(self, publication: Publication, retention: Retention) -> Position:
        """Publish in a topic; it is handed on before this ends, or soon behind it.

        :param publication: that has no number yet.
        :param retention: how much is kept of the topic. What is too old is let go of, also where nobody
            asks for it; a topic may be forgotten, and begins anew with an epoch that none ever had.
        :returns: its place.
        """

    async def history(self, topic: str, since: Position | None, limit: int) -> History:
        """What is kept of a topic, and where it stands.

        :param since: only what came behind it; None: all.
        :param limit: most publications; the newest ones.
        """

    async def enter(self, topic: str, member: Member) -> None:
        """Somebody is in a topic, or is called something else now."""

    async def leave(self, topic: str, session_id: str) -> None:
        """Somebody is not there any more, however often one has entered."""

    async def members(self, topic: str) -> Sequence[Member]:
        """Who is in a topic, in the order in which they entered."""

    # -- sessions, and what is sent to them

    def register(self, member: Member) -> None:
        """A session is at this gateway; or one that was is another user's now.

        An engine that cannot tell the others now remembers it until it can.
        """

    def unregister(self, session_id: str) -> None:
        """It is gone; nothing happens to one that was not there."""

    def forward(self, letters: Sequence[Letter], first: bool = False) -> int | Awaitable[int]:
        """Deliver at all other gateways; at its own, that was done. A user's letter waits in a mailbox
        where no gateway has a session of the user (this one has not if it is not ``here``), unless it is
        volatile.

        When this ends, each session that a letter goes to, or its mailbox, expects its ending.

        :param letters: in the order in which they are to arrive.
        :param first: they come before what waits in the mailboxes already.
        :returns: how many sessions of their addresses the other gateways have; as it is, where that is
            known at once.
        """

    async def take(self, user_id: Any, most: int) -> Sequence[Mail] | None:
        """The oldest letters that wait for a user; they wait no more. Until it is given none, or lets go
        of the mailbox, no other gateway takes from it.

        :param most: letters.
        :returns: None while another gateway has the mailbox.
        """

    async def release(
        self, user_id: Any, before: Sequence[Mail] = (), behind: Sequence[Mail] = ()
    ) -> None:
        """Let go of a mailbox; where something waits in it, a gateway that has the user is told.

        :param before: what was taken and given to nobody: it is the first that waits again.
        :param behind: what waits behind all else.
        """

    async def close(self, addresses: Sequence[Address], code: int, reason: str) -> int:
        """Close sessions at all other gateways.

        :returns: how many there were.
        """
