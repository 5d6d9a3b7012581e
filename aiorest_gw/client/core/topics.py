"""What a client has subscribed to, whatever becomes of its session: it goes on where it stopped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from ...messages import Push
from ..errors import CommandError, ConnectionLost, SessionLost
from .listeners import Listener
from .streams import Backlog, Items
from .subscriptions import Position, Subscription, topic_url
from .world import World

__all__ = ["Loss", "Topics"]


@attrs.frozen
class Loss:
    """What is lost, and can be told.

    :param reason: why.
    :param topic: whose publications are missing; None: the session, with the pushes to it and the
        answers that had not come.
    """

    reason: str
    topic: str | None = None


class Topics:
    """
    :param world: that it runs in.
    :param ask: asks the gateway, as soon as that may be.
    :param backlog: of what waits for the application.
    :param call: calls a listener back, in the lane of a topic.
    :param lost: is told of what is missing.
    """

    def __init__(
        self,
        world: World[Any],
        ask: Callable[..., Awaitable[Any]],
        backlog: Backlog,
        call: Callable[[tuple[str, Any], Listener, Push], None],
        lost: Callable[[Loss], None],
    ) -> None:
        self._world = world
        self._ask = ask
        self._backlog = backlog
        self._call = call
        self._lost = lost
        self._subscriptions: dict[str, list[Subscription]] = {}

    async def subscribe(
        self, topic: str, callback: Callable[[Push], Any] | None, since: Position | None
    ) -> Subscription:
        """
        :raises CommandFailed: the gateway refuses it.
        """
        items: Items[Push] = Items(self._world, self._backlog)
        made = Subscription(topic, since, callback, items, self._left)
        # What was missed comes before the answer.
        self._subscriptions.setdefault(topic, []).append(made)
        try:
            made.confirmed(await self._put(made))
        except (CommandError, GeneratorExit):
            self._remove(made)
            made.close()
            raise
        except BaseException:
            # It was cancelled, perhaps when the gateway had done it already: that leaves the topic.
            made.close()
            raise
        return made

    async def _put(self, subscription: Subscription) -> Any:
        while True:
            data = _since(subscription)
            try:
                return await self._ask("PUT", topic_url(subscription.topic), data)
            except SessionLost:
                # Whether it was done or not: in the new session it is not.
                continue

    async def unsubscribe(self, subscription: Subscription) -> None:
        """End one; the last one of a topic tells the gateway."""
        last = self._remove(subscription)
        subscription.close()
        if last:
            await self._ask("DELETE", topic_url(subscription.topic))

    def published(self, push: Push) -> None:
        """A publication came."""
        topic = push.topic
        if topic is None:
            return
        for subscription in [*self._subscriptions.get(topic, ())]:
            if not subscription.is_new(push.offset):
                continue
            if subscription.listener is None:
                subscription.put(push)
            else:
                self._call(("topic", topic), subscription.listener, push)

    def go_on(self) -> None:
        """The session is a new one."""
        for topic in [*self._subscriptions]:
            self._world.begin(self._go_on(topic), lambda: None)

    async def _go_on(self, topic: str) -> None:
        """Subscribe again, from where it stopped in the session that is lost."""
        ones = self._subscriptions.get(topic, [])
        # Those that were never confirmed are being asked for again by whoever began it.
        confirmed = [one for one in ones if one.position is not None]
        if not confirmed:
            return
        try:
            answer = await self._ask("PUT", topic_url(topic), _since(confirmed[0]))
            for one in confirmed:
                one.confirmed(answer)
        except (SessionLost, ConnectionLost):
            return
        except CommandError as error:
            for one in confirmed:
                self._remove(one)
                one.end_with(error)
            self._lost(Loss(str(error), topic))
            return
        if not confirmed[0].recovered:
            self._lost(Loss("not all that was published meanwhile is kept", topic))

    def end(self, error: Exception | None) -> None:
        """There will be no more publications.

        :param error: why, where the application has not closed the client.
        """
        subscriptions, self._subscriptions = self._subscriptions, {}
        for ones in subscriptions.values():
            for one in ones:
                one.end_with(error)

    def _left(self, subscription: Subscription) -> None:
        """Nobody takes its publications any more."""
        if self._remove(subscription):
            leaving = self._quietly("DELETE", topic_url(subscription.topic))
            self._world.begin(leaving, lambda: None)

    async def _quietly(self, method: str, url: str) -> None:
        try:
            await self._ask(method, url)
        except CommandError:
            return

    def _remove(self, subscription: Subscription) -> bool:
        """
        :returns: whether it was the last one of its topic.
        """
        ones = self._subscriptions.get(subscription.topic, [])
        if subscription not in ones:
            return False
        ones.remove(subscription)
        if not ones:
            del self._subscriptions[subscription.topic]
        return not ones


def _since(subscription: Subscription) -> dict[str, Any] | None:
    position = subscription.position
    return None if position is None else {"since": attrs.asdict(position)}
