"""What is sent to the sessions of one gateway, and what becomes of it where nobody is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from ..wire.prepared import Prepared
from .engine import Engine, Member
from .entries import Ending, Outcome
from .feeding import CANNOT_SEND, Feed, give
from .letters import Address, Letter, Whose
from .mailboxes import MailboxBounds
from .receipts import Reached, Receipt
from .registry import Registry
from .surroundings import Surroundings, in_background
from .terms import Terms

__all__ = ["Delivery"]

# Seconds until a mailbox that could not be read is read again.
_AGAIN = 1.0
_NOBODY = Ending(Outcome.DROPPED, "there is no such session")
_OUT_OF_REACH = Ending(Outcome.DROPPED, "the engine could not be reached")


class Delivery:
    """Brings letters to sessions: to those that are here itself, to others by its engine.

    :param registry: the sessions that are here.
    :param engine: knows who is elsewhere, and keeps mailboxes.
    :param surroundings: runs it.
    :param bounds: of what waits here.
    :param pruned: takes how many letters had to be pruned of that.
    """

    def __init__(
        self,
        registry: Registry,
        engine: Engine,
        surroundings: Surroundings,
        bounds: MailboxBounds,
        pruned: Callable[[int], None],
    ) -> None:
        self._registry = registry
        self._engine = engine
        self._surroundings = surroundings
        self._bounds = bounds
        self._pruned = pruned
        # Users whose mailboxes are being emptied.
        self._feeds: dict[Any, Feed] = {}
        # What is under way, and whoever waits until nothing is.
        self._busy = 0
        self._fire: Callable[[Any], None] | None = None
        # Where several sessions are closed together: what those before had not got.
        self._closing: dict[Letter, None] | None = None

    # -- who is here

    def came(self, handler: Any, before: Any = None) -> None:
        """A session is here, or is another user's now: what waits for the user goes out first.

        :param before: whose it was.
        """
        user_id = handler.user_id
        if before is not None and before != user_id and before in self._feeds:
            self._feeds[before].look_again()
        self._engine.register(Member(handler.session_id, user_id))
        feed = self._feeds.get(user_id)
        if feed is not None:
            feed.came(handler)
        elif user_id is not None:
            self._feed(user_id, handler)

    def gone(self, session_id: str, user_id: Any) -> None:
        """A session of a user, or of nobody, is not here any more."""
        feed = self._feeds.get(user_id)
        if feed is not None and not self._registry.of_user(user_id):
            # What is sent to the user comes here until what is here was given back, to be behind it.
            feed.left.append(session_id)
        else:
            self._engine.unregister(session_id)

    def mail(self, user_id: Any) -> None:
        """Something waits for a user, whoever of the user's sessions takes it."""
        handlers, feed = self._registry.of_user(user_id), self._feeds.get(user_id)
        if feed is not None:
            feed.more()
        elif handlers:
            self._feed(user_id, handlers[0])

    def _feed(self, user_id: Any, handler: Any) -> None:
        feed = self._feeds[user_id] = Feed(
            user_id, handler, self._registry, self._engine, self._surroundings, self._bounds,
            self._pruned,
        )  # fmt: skip
        self._do(self._run(user_id, feed))

    def _do(self, running: Coroutine[Any, Any, None]) -> None:
        """Do what nobody waits for, but the end of the gateway."""
        self._busy += 1
        in_background(self._surroundings, self._done(running))

    async def _done(self, running: Coroutine[Any, Any, None]) -> None:
        try:
            await running
        finally:
            self._busy -= 1
            if not self._busy and self._fire is not None:
                self._fire(None)

    async def finish(self) -> None:
        """Wait until what was given back, or handed on, is the engine's."""
        while self._busy:
            awaitable, self._fire = self._surroundings.waiting()
            await awaitable
            self._fire = None

    async def _run(self, user_id: Any, feed: Feed) -> None:
        try:
            await feed.run()
        finally:
            del self._feeds[user_id]
            for session_id in feed.left:
                # It may have been registered again.
                if self._registry.get(session_id) is None:
                    self._engine.unregister(session_id)
            if feed.failed:
                self._surroundings.later(_AGAIN, self.mail, user_id)

    # -- what is sent

    def send(self, letters: Sequence[Letter], receipt: Receipt | None = None) -> Reached:
        """Send letters to whoever there is, in order.

        :param receipt: theirs; it is complete when all are known to whom they go.
        """
        here = 0
        for letter in letters:
            here += self._deliver_here(letter)
        elsewhere = self._engine.forward(letters)
        if not isinstance(elsewhere, int):
            coming = self._surroundings.begin(self._forwarded(elsewhere, letters, receipt))
            return Reached(here, coming=coming)
        if receipt is not None:
            self._all_known(letters, receipt)
        return Reached(here, elsewhere)

    def send_again(self, letters: Sequence[Letter]) -> None:
        """Send what a session had not got: to those of its user that were opened since, or that will be;
        before what waits for these already.
        """
        if self._closing is not None:
            self._closing.update(dict.fromkeys(letters))
            letters = [letter for letter in self._closing if not self._registry.at(letter.to)]
            for letter in letters:
                del self._closing[letter]
        onwards, back = [], []
        for letter in [letter.unasked() for letter in letters]:
            feed = self._feeds.get(letter.to.id)
            if feed is None or self._registry.at(letter.to):
                self._deliver_here(letter)
                onwards.append(letter)
            else:
                back.append((feed, letter))
        for feed, letter in reversed(back):
            feed.put_before(letter)
        if onwards:
            self._do(self._forward_again(onwards))

    async def _forward_again(self, letters: Sequence[Letter]) -> None:
        forwarded = self._engine.forward(letters, first=True)
        if not isinstance(forwarded, int):
            await forwarded

    async def _forwarded(
        self, forwarding: Awaitable[int], letters: Sequence[Letter], receipt: Receipt | None
    ) -> int:
        try:
            elsewhere = await forwarding
        except Exception:
            if receipt is not None:
                receipt.expect("elsewhere")(_OUT_OF_REACH)
                receipt.complete()
            raise
        if receipt is not None:
            self._all_known(letters, receipt)
        return elsewhere

    def _all_known(self, letters: Sequence[Letter], receipt: Receipt) -> None:
        """It is known where letters went, and which wait in mailboxes."""
        for letter in letters:
            if letter.to.whose is Whose.SESSION and not receipt.count:
                receipt.expect(str(letter.to))(_NOBODY)
            elif letter.expires is not None:
                receipt.expire(str(letter.to), letter.expires)
        receipt.complete()

    def _deliver_here(self, letter: Letter) -> int:
        count = self.deliver(letter)
        letter.here = count > 0
        return count

    def deliver(self, letter: Letter) -> int:
        """Give a letter to the sessions of its address that are here, and that it has not reached.

        :returns: how many of that address there are, whether it had reached them or not.
        """
        handlers = self._registry.at(letter.to)
        if letter.to.whose is Whose.USER:
            return self._deliver_to_user(letter, handlers)
        if letter.receipt is None:
            self.to_many(handlers, letter.message, letter.terms)
        else:
            for handler in handlers:
                give(handler, letter, letter.expect(handler.session_id), self._surroundings)
        return len(handlers)

    def _deliver_to_user(self, letter: Letter, handlers: Sequence[Any]) -> int:
        feed = self._feeds.get(letter.to.id)
        fed = None if feed is None else feed.handler
        if feed is not None and not handlers and letter.waits:
            feed.put_behind(letter)
            return 1
        for handler in handlers:
            session_id = handler.session_id
            if session_id in letter.reached:
                continue
            if feed is None or handler is not fed:
                give(handler, letter, letter.expect(session_id), self._surroundings)
            elif letter.waits:
                feed.put_behind(letter)
        return len(handlers)

    def to_many(self, handlers: Sequence[Any], message: Prepared, terms: Terms) -> None:
        """Send what is written already to several; where that fails for one it harms no other."""
        failed = partial(self._surroundings.failure, CANNOT_SEND)
        if len(handlers) > 1:
            _to_many(handlers, message, terms, self._surroundings.flush, failed)
            return
        for handler in handlers:
            try:
                handler.deliver(message, terms)
            except Exception:
                failed()

    # -- what is closed

    def close_here(self, to: Address, code: int, reason: str) -> int:
        """Close the sessions of an address that are here.

        :returns: how many there were.
        """
        handlers = self._registry.at(to)
        # What one had not got is nothing for another that is closed next.
        closing: dict[Letter, None] = {}
        self._closing = closing
        try:
            for handler in handlers:
                try:
                    handler.close(code, reason)
                except Exception:
                    self._surroundings.failure("one of several sessions cannot be closed")
        finally:
            self._closing = None
        self.send_again(tuple(closing))
        return len(handlers)

    def close(self, addresses: Sequence[Address], code: int, reason: str) -> Reached:
        """Close the sessions of addresses, wherever they are."""
        here = sum(self.close_here(to, code, reason) for to in addresses)
        closing = self._engine.close(addresses, code, reason)
        return Reached(here, coming=self._surroundings.begin(closing))


def _to_many(
    handlers: Sequence[Any],
    message: Prepared,
    terms: Terms,
    flush: Callable[[], None],
    failed: Callable[[], None],
) -> None:
    """Send to many, straight to their transports where those take it at once: which would be before what
    connections hold back, were that not written first.

    :param flush: writes what is held back.
    :param failed: one of them could not be sent to, which harms no other.
    """
    frame = message.frame
    held = True
    for handler in handlers:
        try:
            if held:
                flush()
                held = False
            transport = handler.straight
            if transport is not None:
                transport.write(frame)
            elif not handler.deliver_numbered(message):
                # Whoever hears what becomes of it, or of what it replaced, may send to others.
                held = True
                handler.deliver(message, terms)
        except Exception:
            held = True
            failed()
