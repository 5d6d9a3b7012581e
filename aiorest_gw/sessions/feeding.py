"""A mailbox is emptied into one session, as fast as its client reads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from .engine import Engine
from .entries import Ending, Outcome
from .letters import Letter, Mail
from .mailboxes import MailboxBounds, Mailboxes
from .registry import Registry
from .resumable import ResumableSession
from .surroundings import Surroundings

__all__ = ["CANNOT_SEND", "Feed", "give"]

# Letters that are taken out of a mailbox at a time.
_BATCH = 100
CANNOT_SEND = "a push to one of several cannot be sent"
_LOST = Ending(Outcome.DROPPED, "the engine could not be reached")
_NOT_SENT = Ending(Outcome.DROPPED, "it could not be sent")
_GONE = Ending(Outcome.EXPIRED, "the session has ended")


class Feed:
    """Empties the mailbox of a user into a session; what is sent to that meanwhile comes behind.

    :param user_id: the user's.
    :param handler: the session that gets what waits.
    :param registry: where another one is found when it is gone.
    :param engine: has the mailbox.
    :param surroundings: for the time, and to wait.
    :param bounds: of what is sent meanwhile.
    :param pruned: takes how many had to be pruned of that.
    :ivar handler: None when it is gone, and no other is here.
    :ivar failed: the mailbox could not be read, and has to be once more.
    :ivar left: sessions that are gone, which the engine is told when nothing more is to be given back.
    """

    def __init__(
        self,
        user_id: Any,
        handler: Any,
        registry: Registry,
        engine: Engine,
        surroundings: Surroundings,
        bounds: MailboxBounds,
        pruned: Callable[[int], None],
    ) -> None:
        self.handler = handler
        self.left: list[str] = []
        self.failed = False
        self._user_id = user_id
        self._registry = registry
        self._engine = engine
        self._surroundings = surroundings
        self._bounds = bounds
        self._pruned = pruned
        self._taken: deque[Mail] = deque()
        self._emptied = False
        self._behind = Mailboxes()
        self._fire: Callable[[Any], None] | None = None

    def came(self, handler: Any) -> None:
        """A session of the user has come: it gets what waits, if no other does."""
        if self.handler is None:
            self.handler = handler

    def look_again(self) -> None:
        """It may be that the session has room, or is another user's."""
        fire, self._fire = self._fire, None
        if fire is not None:
            fire(None)

    def more(self) -> None:
        """Something waits in the mailbox that did not before."""
        self._emptied = False

    def put_before(self, letter: Letter) -> None:
        """A letter that was given to a session which had not got it comes before all that waits."""
        self._taken.appendleft(Mail(letter, str(letter.to)))

    def put_behind(self, letter: Letter) -> None:
        """A letter for the session, or for whoever comes, comes behind all that waits."""
        name = str(letter.to) if self._look() is None else self.handler.session_id
        now = self._surroundings.now()
        if letter.receipt is not None:
            letter.receipt.expect(name)
            if letter.expires is not None:
                letter.receipt.expire(name, letter.expires)
        self._pruned(self._behind.put(self._user_id, Mail(letter, name), self._bounds, now))

    async def run(self) -> None:
        """Until nothing waits any more, or no session of the user is here: what was not given to one is
        given back.
        """
        while True:
            await self._feed()
            if self.handler is not None:
                return
            await self._give_back()
            if self.handler is None and not self._taken and self._user_id not in self._behind:
                return
            # Somebody, or something, has come meanwhile.
            self._emptied = False

    def _look(self) -> Any:
        """The session that is here, or another one, or None."""
        handler, registry = self.handler, self._registry
        if handler is None or registry.user_of(handler.session_id) != self._user_id:
            self.handler = next(iter(registry.of_user(self._user_id)), None)
        return self.handler

    async def _feed(self) -> None:
        while (handler := self._look()) is not None:
            if isinstance(handler, ResumableSession) and handler.half_full:
                awaitable, self._fire = self._surroundings.waiting()
                handler.when_room(self.look_again)
                await awaitable
                continue
            mail = await self._next()
            if mail is None:
                return
            if mail.name != handler.session_id:
                # Whoever hears of that ending may end the session.
                mail = _of_none(mail)
            if handler.session_id in mail.letter.reached:
                mail.end(_GONE)
            elif self._look() is handler:
                give(handler, mail.letter, mail.told, self._surroundings)
            else:
                self._taken.appendleft(mail)

    async def _next(self) -> Mail | None:
        while not self._taken and not self._emptied:
            # What comes while it is looked for is looked for again.
            self._emptied = True
            try:
                self._taken.extend(await self._engine.take(self._user_id, _BATCH) or ())
            except Exception:
                self._surroundings.failure("a mailbox could not be read")
                self.failed = True
            if self._taken:
                self._emptied = False
        if self._taken:
            return self._taken.popleft()
        behind = self._behind.take(self._user_id, 1, self._surroundings.now())
        return behind[0] if behind else None

    async def _give_back(self) -> None:
        before = tuple(self._taken)
        self._taken.clear()
        now = self._surroundings.now()
        behind = self._behind.take(self._user_id, self._bounds.most, now)
        try:
            await self._engine.release(self._user_id, before, [_of_none(mail) for mail in behind])
        except Exception:
            lost = len(before) + len(behind)
            self._surroundings.failure("{count} pushes for a user were lost", count=lost)
            for mail in (*before, *behind):
                mail.end(_LOST)


def _of_none(mail: Mail) -> Mail:
    """The same, for no session in particular."""
    name = str(mail.letter.to)
    if mail.name == name:
        return mail
    mail.end(_GONE)
    return Mail(mail.letter.unasked(), name)


def give(handler: Any, letter: Letter, told: Any, surroundings: Surroundings) -> None:
    """Give a letter to a session; where that fails it harms no other."""
    letter.reached.add(handler.session_id)
    if letter.receipt is not None:
        # From now on its time is the session's to look at.
        letter.receipt.expires_elsewhere(str(letter.to))
    try:
        handler.deliver(letter.message, letter.terms, told, letter if letter.waits else None)
    except Exception:
        surroundings.failure(CANNOT_SEND)
        if told is not None:
            told(_NOT_SENT)
