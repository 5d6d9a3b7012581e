"""A client of a gateway: requests, pushes, topics, and the gateway's requests, in one session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from ...arguments import checked_callable, checked_number
from ...messages import Push
from .connected import Connected
from .connection import Find, Patience
from .credentials import Token
from .lanes import Lanes
from .listeners import Listener, Listeners, checked_name
from .opening import Opened
from .requests import Parts, Requests, request_of
from .serving import Serving, checked_path
from .session import Session
from .states import State
from .streams import Backlog, Items, Stream
from .subscriptions import Position, Subscription, topic_url
from .topics import Loss, Topics
from .v1 import JSON, MSGPACK, Incoming
from .verbs import Verbs
from .watching import Watchers
from .world import World

__all__ = ["Gateway"]

A = TypeVar("A")
F = TypeVar("F", bound=Callable[..., Any])

_MOST_WAITING = 10_000
_SESSION = "/~/session"


class Gateway(Connected[A], Verbs[A]):
    """What clients of all worlds share; ``A`` is what a request returns there."""

    def __init__(
        self,
        world: World[A],
        find: Find,
        token: Token,
        msgpack: bool,
        max_queued: int,
        patience: Patience,
    ) -> None:
        super().__init__(world, find, patience)
        self._backlog = Backlog(
            checked_number("max_queued", max_queued), self._has_room, self._has_none
        )
        self._session = Session(world, MSGPACK if msgpack else JSON, token, self, _MOST_WAITING)
        self._connection.speak(self._session)
        self._requests = Requests(world, self._session)
        self._serving = Serving(world, self._session.answer)
        self._listeners = Listeners()
        self._lanes = Lanes(world, self._backlog.take)
        self._resumes, self._losses = Watchers(world), Watchers(world, "loss")
        self._topics = Topics(world, self._ask, self._backlog, self._call, self._losses.tell)
        # Pushes that are taken one by one.
        self._taken: set[Items[Push]] = set()
        self.session_id: str | None = None
        self.user_id: Any = None
        self.username: Any = None

    # -- requests

    def request(
        self,
        method: str,
        url: str,
        data: Any = None,
        *,
        args: dict[str, Any] | None = None,
        deadline: float | None = None,
        event_name: Any = None,
        headers: dict[str, Any] | None = None,
        token: str | None = None,
    ) -> A:
        """Ask the gateway. Where there is no connection, it is asked as soon as there is one.

        Cancel what this returns to cancel the request.

        :param method: the verb.
        :param url: the path, perhaps with a query.
        :param data: the body, anything that JSON can hold.
        :param args: named arguments.
        :param deadline: milliseconds within which the answer is wanted.
        :param event_name: is told the view.
        :param headers: ``traceparent``, ``idempotency-key`` and the like.
        :param token: credentials for this request alone.
        :returns: the answer's data; of an answer that comes in parts, a list of them.
        :raises InvalidCommand: an argument is none of its kind, or cannot be written.
        :raises CommandFailed: the answer is a failure: ``code`` is its status, ``message`` its detail,
            ``data`` its errors.
        :raises CommandTimeout: nobody has answered by the deadline.
        :raises SessionLost: it was asked in a session that is lost, so that nobody knows what became of
            it.
        :raises ConnectionLost: the client was closed, or may not come back.
        """
        asked = request_of(method, url, data, args, deadline, event_name, headers, token)
        return self._world.run(self._asked(asked))

    async def _asked(self, asked: Any) -> Any:
        return await self._requests.answer(asked, self._connection.open)

    async def _ask(self, method: str, url: str, data: Any = None, **more: Any) -> Any:
        return await self._asked(request_of(method, url, data, **more))

    def stream(
        self,
        url: str,
        data: Any = None,
        *,
        method: str = "GET",
        args: dict[str, Any] | None = None,
        deadline: float | None = None,
        event_name: Any = None,
        headers: dict[str, Any] | None = None,
        token: str | None = None,
    ) -> Parts:
        """Ask for an answer that comes in parts: ``async for part in client.stream("/count")``.

        It is asked when the first part is wanted, and cancelled when the loop is left.

        :returns: the parts; what :meth:`request` raises is raised there.
        """
        asked = request_of(method, url, data, args, deadline, event_name, headers, token)
        items: Items[Any] = Items(self._world, self._backlog)
        return self._requests.in_parts(asked, items, self._connection.open)

    # -- pushes

    def on(self, event_name: str, callback: Any = None) -> Any:
        """Call something with each push of a name, one after another.

        :param event_name: ``"order.changed"``; ``"order.*"`` for all that begin so, ``"*"`` for all.
        :param callback: takes the :class:`~aiorest_gw.Push`; may return something to be awaited, and the
            next one waits for that. Without it this is a decorator.
        :returns: the callback.
        :raises TypeError: it is no function of one argument, or the name is missing.
        """
        checked_name(event_name)
        if callback is None:
            return lambda function: self.on(event_name, function)
        self._listeners.register(event_name, callback)
        return callback

    def off(self, callback: Callable[..., Any]) -> bool:
        """Call it with pushes no more.

        :returns: whether it was called.
        """
        return self._listeners.remove_callback(callback)

    def pushes(self, event_name: str = "*") -> Stream[Push]:
        """The pushes of a name from now on, for ``async for``; they end when the client is closed, with
        the error that closed it, if any."""
        items: Items[Push] = Items(self._world, self._backlog)
        listener = self._listeners.register(event_name, items.put, inline=True)
        self._taken.add(items)

        def leave() -> None:
            self._listeners.discard(listener)
            self._taken.discard(items)

        return Stream(items, lambda: None, leave)

    # -- topics

    def subscribe(
        self, topic: str, callback: Callable[[Push], Any] | None = None, *, since: Any = None
    ) -> A:
        """Subscribe to a topic, for as long as the client is open, whatever becomes of its session.

        :param topic: its name.
        :param callback: takes each publication; as of :meth:`on`. Without it, they are taken by
            ``async for`` from what this returns.
        :param since: a position; what was published behind it is sent first, or nothing of it where not
            all of it is kept.
        :returns: a :class:`~.subscriptions.Subscription`.
        :raises CommandFailed: the gateway refuses it.
        """
        if callback is not None:
            checked_callable("callback", callback, "push")
        topic_url(topic)
        return self._world.run(self._topics.subscribe(topic, callback, Position.of(since)))

    def unsubscribe(self, subscription: Subscription) -> A:
        """End a subscription.

        :returns: nothing, when the gateway has answered.
        """
        if not isinstance(subscription, Subscription):
            raise TypeError(f"unsubscribe what subscribe returned, not {subscription!r:.100}")
        return self._world.run(self._topics.unsubscribe(subscription))

    def publish(self, topic: str, event_name: Any = None, data: Any = None) -> A:
        """Publish in a topic, where the application allows that.

        :returns: ``{"epoch": …, "offset": …}``.
        """
        url = topic_url(topic)
        return self._world.run(self._ask("POST", url, data, event_name=event_name))

    def history(self, topic: str, *, since: Any = None, limit: int | None = None) -> A:
        """What is kept of a topic.

        :param since: a position; only what was published behind it.
        :param limit: at most so many, the newest.
        :returns: ``{"publications": […], "complete": …, "epoch": …, "offset": …}``, the oldest first.
        """
        position = Position.of(since)
        args: dict[str, Any] = {} if position is None else {"since": attrs.asdict(position)}
        if limit is not None:
            args["limit"] = limit
        return self._world.run(self._ask("GET", topic_url(topic), args=args))

    def presence(self, topic: str) -> A:
        """Who has subscribed to a topic: each user once, a list of dictionaries."""
        return self._world.run(self._ask("GET", topic_url(topic, "/presence")))

    # -- requests of the gateway

    def handles(self, path: str, handler: Any = None, *, methods: Any = None) -> Any:
        """Answer requests of the gateway.

        :param path: ``"/location"``, or with parameters, ``"/files/{name}"``.
        :param handler: takes the :class:`~.serving.GatewayRequest` and returns the data of the answer,
            or something to be awaited for it; an :exc:`~aiorest_gw.APIError` that it raises is the
            answer too. Without it this is a decorator.
        :param methods: verbs; if not given, any.
        :returns: the handler.
        :raises TypeError: it is no function of one argument, or the path is missing.
        """
        checked_path(path)
        if handler is None:
            return lambda function: self.handles(path, function, methods=methods)
        self._serving.register(path, handler, methods)
        return handler

    # -- the session

    def renew(self, token: str) -> A:
        """Hand in fresh credentials of the same user."""
        if not isinstance(token, str):
            raise TypeError(f"a token is a text, not {type(token).__name__}")
        return self._world.run(self._renew(token))

    async def _renew(self, token: str) -> Any:
        known = await self._ask("PUT", _SESSION, {"token": token})
        self._session.renewed(token)
        self.user_id, self.username = known.get("user_id"), known.get("username")
        return known

    def on_resumed(self, watcher: F) -> F:
        """Tell each time when a session goes on after its connection was lost: ``watcher()``."""
        return self._resumes.add(watcher)

    def on_lost(self, watcher: F) -> F:
        """Tell of what is lost, session or publications: ``watcher(loss)``, a :class:`Loss`."""
        return self._losses.add(watcher)

    def close(self) -> A:
        """Leave for good: the gateway keeps nothing, and whoever waits for an answer is told."""
        return self._world.run(self._close())

    async def _close(self) -> None:
        if self.state is State.OPEN:
            self._session.leave()
        await super()._close()

    # -- what the connection and the session tell

    def _state_changed(self, state: State, reason: str) -> None:
        if state is State.CLOSED:
            self._serving.reset()
            error = self._connection.error
            self._topics.end(error)
            for items in self._taken:
                items.end(error)
            self._taken.clear()
        super()._state_changed(state, reason)

    def session_opened(self, opened: Opened) -> None:
        self.session_id, self.user_id = opened.session_id, opened.user_id
        self.username = opened.username
        if not opened.resumed:
            self._serving.reset()
        self._connection.ready()
        if opened.resumed:
            self._resumes.tell()
        elif opened.again:
            self._losses.tell(Loss(opened.reason or "the gateway does not know the session"))
            self._topics.go_on()

    def session_refused(self, error: Exception) -> None:
        self._connection.give_up(error, (1000, ""))

    def broken(self, reason: str) -> None:
        self._connection.drop(reason)

    def pushed(self, message: Incoming) -> None:
        push = Push(message.event_name, message.data, message.topic, message.offset)
        self._topics.published(push)
        # What is no text has no listener but those for all.
        name = message.event_name if isinstance(message.event_name, str) else ""
        for listener in self._listeners.hear(name):
            if listener.inline:
                listener.callback(push)
            else:
                self._call(("event", name), listener, push)

    def _call(self, lane: tuple[str, Any], listener: Listener, push: Push) -> None:
        self._backlog.add()
        self._lanes.put(lane, listener, push)

    def asked(self, request: Incoming) -> None:
        self._serving.ask(request)

    def cancelled(self, id: int) -> None:
        self._serving.cancel(id)

    def may_acknowledge(self) -> bool:
        """What is not acknowledged the gateway keeps, until there is no more room for it there.

        Whoever waits for an answer gets it: a callback that waits for one takes nothing more until then.
        """
        return not self._backlog.full or self._session.busy

    def _has_none(self) -> None:
        self._world.warn("too much waits for the application: no more is acknowledged")

    def _has_room(self) -> None:
        self._session.acknowledge()
