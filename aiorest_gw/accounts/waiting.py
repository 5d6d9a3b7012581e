"""Work for threads as Deferreds: begun at the call, and bounded in how much of it waits."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, fail

from ..errors import ServiceUnavailable

__all__ = ["Bound", "begun_at_once"]

P = ParamSpec("P")
T = TypeVar("T")


class Bound:
    """Lets no more work in than is agreed.

    :param most: pieces of work that may be unfinished.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = 0

    def admit(self, begin: Callable[[], Deferred[T]]) -> Deferred[T]:
        """Begin a piece of work, where there is room for it.

        :returns: fires with its result. Work whose Deferred is cancelled counts until it is really
            done, since a thread cannot be interrupted.
        :raises ServiceUnavailable: there is no room; raised through the Deferred.
        """
        if self._open >= self._most:
            return fail(ServiceUnavailable())
        self._open += 1
        outer: Deferred[T] = Deferred()

        def finish(result: Any) -> Any:
            self._open -= 1
            return result

        begin().addBoth(finish).chainDeferred(outer)
        return outer


def begun_at_once(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Deferred[T]]:
    """Make an ``async def`` return a Deferred, so that it runs also where nobody awaits it."""

    @wraps(method)
    def begin(*args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        return Deferred.fromCoroutine(method(*args, **kwargs))

    return begin
