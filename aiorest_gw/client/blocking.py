"""A client for scripts and notebooks, which wait for each answer: ``with connect("ws://…") as gw:``.

Each client has a thread with a loop of asyncio's. Callbacks and handlers run in other threads, so that
they may ask, and wait, too; an ``async def`` among them has a loop of its own there.
"""

from __future__ import annotations

import asyncio
import warnings
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from inspect import isawaitable
from typing import Any, Generic, TypeVar

from ..arguments import checked_callable, checked_seconds
from ..messages import Push
from .aio import CommandTimeout, GatewayClient, State, Stream, Subscription
from .core.listeners import checked_name
from .core.serving import checked_path
from .core.verbs import Verbs
from .threads import LoopThread

__all__ = ["BlockingClient", "BlockingStream", "BlockingSubscription", "connect"]

T = TypeVar("T")

# Callbacks that may wait at the same time.
_MOST_THREADS = 16


class _Ended(Exception):
    """No more comes."""


class BlockingStream(Generic[T]):
    """What comes bit by bit, taken by ``for``; it ends with the loop that leaves it."""

    def __init__(self, client: BlockingClient, loop: LoopThread, stream: Stream[T]) -> None:
        # Which is closed when nobody has it any more.
        self._client = client
        self._loop = loop
        self._stream = stream

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        try:
            return self._loop.wait(self._next())
        except _Ended:
            raise StopIteration from None

    async def _next(self) -> T:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            # Which a coroutine cannot raise.
            raise _Ended from None

    def take(self, timeout: float) -> T:
        """The next one.

        :param timeout: seconds.
        :raises CommandTimeout: none came in time; later ones can still be taken.
        :raises StopIteration: there is none any more.
        """
        try:
            return self._loop.wait(self._within(checked_seconds("timeout", timeout)))
        except _Ended:
            raise StopIteration from None

    async def _within(self, seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await self._stream.take()
        except TimeoutError:
            raise CommandTimeout(f"nothing came in {seconds:g} s") from None
        except StopAsyncIteration:
            raise _Ended from None

    def close(self) -> None:
        """No more is wanted."""
        self._loop.soon(self._stream.close)

    def __enter__(self) -> BlockingStream[T]:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class BlockingSubscription(BlockingStream[Push]):
    """A subscription to a topic, as :class:`~.core.subscriptions.Subscription`."""

    _stream: Subscription

    @property
    def topic(self) -> str:
        """Its name."""
        return self._stream.topic

    @property
    def position(self) -> Any:
        """Of the last publication that came."""
        return self._stream.position

    @property
    def recovered(self) -> bool:
        """Whether nothing is missing."""
        return self._stream.recovered

    def __del__(self) -> None:
        # It is the client's too, and ends when it is told to.
        return


class BlockingClient(Verbs[Any]):
    """A client of a gateway, in one session; each method waits for its answer.

    It may be used by several threads. What its methods take and raise is said at
    :class:`~aiorest_gw.client.aio.GatewayClient`.

    :param timeout: seconds that each method waits at most; None: for ever.
    """

    def __init__(self, client: GatewayClient, timeout: float | None) -> None:
        self._timeout = None if timeout is None else checked_seconds("timeout", timeout)
        self._client = client
        self._loop = LoopThread()
        self._threads = ThreadPoolExecutor(_MOST_THREADS, "aiorest_gw callbacks")
        self._left = weakref.finalize(self, _left_open, client, self._loop, self._threads)
        self._left.atexit = False
        # What runs in threads for the callbacks of the application, for :meth:`off`.
        self._heard: list[tuple[Any, Any]] = []

    def _wait(self, running: Coroutine[Any, Any, T]) -> T:
        return self._loop.wait(running, self._timeout)

    def connect(self) -> None:
        """Open the session now, and not with the first request."""
        self._wait(self._client.connect())

    def request(self, method: str, url: str, data: Any = None, **options: Any) -> Any:
        """Ask the gateway, and wait for the answer's data."""
        return self._wait(self._client.request(method, url, data, **options))

    def stream(self, url: str, data: Any = None, **options: Any) -> BlockingStream[Any]:
        """Ask for an answer that comes in parts: ``for part in gw.stream("/count")``."""
        return BlockingStream(self, self._loop, self._client.stream(url, data, **options))

    def on(self, event_name: str, callback: Any = None) -> Any:
        """Call something, in another thread, with each push of a name."""
        checked_name(event_name)
        if callback is None:
            return lambda function: self.on(event_name, function)
        checked_callable("callback", callback, "push")
        running = self._in_thread(callback)
        self._wait(_called(self._client.on, event_name, running))
        self._heard.append((callback, running))
        return callback

    def off(self, callback: Callable[..., Any]) -> bool:
        """Call it with pushes no more.

        :returns: whether it was called.
        """
        known = [running for heard, running in self._heard if heard == callback]
        self._heard = [pair for pair in self._heard if pair[0] != callback]
        for running in known:
            self._wait(_called(self._client.off, running))
        return bool(known)

    def pushes(self, event_name: str = "*") -> BlockingStream[Push]:
        """The pushes of a name from now on, for ``for``."""
        return BlockingStream(
            self, self._loop, self._wait(_called(self._client.pushes, event_name))
        )

    def subscribe(
        self, topic: str, callback: Callable[[Push], Any] | None = None, *, since: Any = None
    ) -> BlockingSubscription:
        """Subscribe to a topic; without a callback its publications are taken by ``for``."""
        if callback is not None:
            callback = self._in_thread(checked_callable("callback", callback, "push"))
        if isinstance(since, BlockingSubscription):
            since = since.position
        made = self._wait(self._client.subscribe(topic, callback, since=since))
        return BlockingSubscription(self, self._loop, made)

    def unsubscribe(self, subscription: BlockingSubscription) -> None:
        """End a subscription."""
        if not isinstance(subscription, BlockingSubscription):
            raise TypeError(f"unsubscribe what subscribe returned, not {subscription!r:.100}")
        self._wait(self._client.unsubscribe(subscription._stream))

    def publish(self, topic: str, event_name: Any = None, data: Any = None) -> Any:
        """Publish in a topic, where the application allows that."""
        return self._wait(self._client.publish(topic, event_name, data))

    def history(self, topic: str, *, since: Any = None, limit: int | None = None) -> Any:
        """What is kept of a topic."""
        return self._wait(self._client.history(topic, since=since, limit=limit))

    def presence(self, topic: str) -> Any:
        """Who has subscribed to a topic."""
        return self._wait(self._client.presence(topic))

    def handles(self, path: str, handler: Any = None, *, methods: Any = None) -> Any:
        """Answer requests of the gateway, in another thread."""
        checked_path(path)
        if handler is None:
            return lambda function: self.handles(path, function, methods=methods)
        checked_callable("handler", handler, "request")
        self._wait(_called(self._client.handles, path, self._in_thread(handler), methods=methods))
        return handler

    def renew(self, token: str) -> Any:
        """Hand in fresh credentials of the same user."""
        return self._wait(self._client.renew(token))

    def ping(self, timeout: float = 10) -> float:
        """The seconds that a ping and its pong take."""
        took: float = self._wait(self._client.ping(timeout))
        return took

    @property
    def state(self) -> State:
        """Of the connection."""
        return self._client.state

    @property
    def error(self) -> Exception | None:
        """Why the client is closed; None, where the application has closed it, or it is not."""
        return self._client.error

    @property
    def session_id(self) -> str | None:
        """Of the session that is open, or was."""
        return self._client.session_id

    @property
    def user_id(self) -> Any:
        """Of the session's user; None where it is nobody's."""
        return self._client.user_id

    @property
    def username(self) -> Any:
        """Of the session's user."""
        return self._client.username

    def network_returned(self) -> None:
        """An attempt to connect that is waited for is made now, and the waits begin anew."""
        self._loop.soon(self._client.network_returned)

    def on_state(self, watcher: Callable[[State, str], Any]) -> Callable[[State, str], Any]:
        """Tell, in another thread, of each new state, and why it is so."""
        checked_callable("a watcher", watcher, "state", "reason")
        self._client.on_state(self._in_thread(watcher))
        return watcher

    def on_resumed(self, watcher: Callable[[], Any]) -> Callable[[], Any]:
        """Tell, in another thread, each time when the session goes on."""
        checked_callable("a watcher", watcher)
        self._client.on_resumed(self._in_thread(watcher))
        return watcher

    def on_lost(self, watcher: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Tell, in another thread, of what is lost."""
        checked_callable("a watcher", watcher, "loss")
        self._client.on_lost(self._in_thread(watcher))
        return watcher

    def close(self) -> None:
        """Leave for good; again it does nothing."""
        self._left.detach()
        self._loop.stop_behind(self._client.close())
        self._loop.join()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> BlockingClient:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def _in_thread(self, function: Callable[..., T]) -> Callable[..., Coroutine[Any, Any, T]]:
        async def run(*args: Any) -> T:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, _run_to_its_end, function, *args)

        return run


def _left_open(client: GatewayClient, loop: LoopThread, threads: ThreadPoolExecutor) -> None:
    """Nobody has a client any more that was not closed; one with callbacks is their own."""
    warnings.warn("a client was not closed: with connect(…) closes it", ResourceWarning, 2)
    loop.stop_behind(client.close())
    threads.shutdown(wait=False)


def _run_to_its_end(function: Callable[..., Any], *args: Any) -> Any:
    """Call something; what it returns to be awaited runs here, so that it may use the client too."""
    result = function(*args)
    return asyncio.run(_awaited(result)) if isawaitable(result) else result


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable


async def _called(function: Callable[..., T], *args: Any, **options: Any) -> T:
    """Call something in the loop."""
    return function(*args, **options)


def connect(
    url: str, token: Any = None, *, timeout: float | None = 30, **options: Any
) -> BlockingClient:
    """Connect to a gateway, and open a session.

    :param url: ``ws://…`` or ``wss://…``.
    :param token: credentials, or a function that gives them.
    :param timeout: seconds that each method waits for its answer at most; None: for ever.
    :param options: of a :class:`~aiorest_gw.client.aio.GatewayClient`.
    :returns: a client, to be closed: ``with connect("ws://…") as gw:``.
    :raises ConnectionFailed: nobody answers there.
    :raises CommandFailed: the gateway refuses the credentials.
    """
    client = BlockingClient(GatewayClient(url, token, **options), timeout)
    try:
        client.connect()
    except BaseException:
        client.close()
        raise
    return client
