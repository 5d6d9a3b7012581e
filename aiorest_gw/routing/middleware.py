"""Around every view, in the order of listing: hooks before it, and wrappers around it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from ..arguments import takes
from ..errors import ConfigurationError
from ..messages import Request, Response

__all__ = ["AbstractMiddleware", "Handle", "instantiate", "wrap"]

# Answers a request: at once, or when awaited.
Handle = Callable[[Request], "Response | Awaitable[Response]"]


class AbstractMiddleware:
    """A middleware as in aiorest-ws: asked before each view that was found for a request.

    The other form is any object (a function too) that is called as
    ``async def middleware(request, call_next)`` and returns ``await call_next(request)``, or another
    answer; it sees responses and errors, those of unknown URLs too, and may change them.
    """

    def process_request(self, request: Request, handler: Any) -> Any:
        """Look at a request, set attributes on it, or refuse it with an exception.

        May be ``async def``, or return a Deferred.

        :param handler: the view that will answer, a :class:`~aiorest_gw.routing.views.View`.
        """
        raise NotImplementedError


def instantiate(middlewares: Iterable[Any]) -> tuple[Any, ...]:
    """Middlewares as instances: classes are called without arguments.

    :raises ConfigurationError: one of them is no middleware.
    """
    found = []
    for one in middlewares:
        if isinstance(one, type) and not takes(one):
            raise ConfigurationError(f"{one!r} takes arguments: give an instance of it")
        instance = one() if isinstance(one, type) else one
        hook = _hook(instance)
        if not (_wraps(instance) if hook is None else takes(hook, "request", "handler")):
            raise ConfigurationError(
                f"{one!r} is no middleware: it has no process_request(request, handler) and cannot be "
                "called with (request, call_next)"
            )
        found.append(instance)
    return tuple(found)


def _hook(instance: Any) -> Callable[..., Any] | None:
    """Its ``process_request``, where it is not the one of the abstract class."""
    hook = getattr(instance, "process_request", None)
    abstract = getattr(hook, "__func__", None) is AbstractMiddleware.process_request
    return None if abstract else hook


def _wraps(instance: Any) -> bool:
    return callable(instance) and takes(instance, "request", "call_next")


def wrap(
    middlewares: Iterable[Any], handle: Handle, handler_of: Callable[[Request], Any]
) -> Handle:
    """The middlewares around ``handle``, the first of them outermost.

    :param middlewares: instances.
    :param handler_of: the view that was found for a request, or None.
    """
    for one in reversed(tuple(middlewares)):
        hook = _hook(one)
        handle = _around(one, handle) if hook is None else _before(hook, handle, handler_of)
    return handle


def _before(
    hook: Callable[..., Any], handle: Handle, handler_of: Callable[[Request], Any]
) -> Handle:
    def asked(request: Request) -> Response | Awaitable[Response]:
        handler = handler_of(request)
        if handler is None:
            return handle(request)
        waiting = hook(request, handler)
        if inspect.isawaitable(waiting):
            return after(waiting, request)
        return handle(request)

    async def after(waiting: Awaitable[Any], request: Request) -> Response:
        await waiting
        answer = handle(request)
        return await answer if inspect.isawaitable(answer) else answer

    return asked


def _around(middleware: Callable[..., Any], handle: Handle) -> Handle:
    async def call_next(request: Request) -> Response:
        answer = handle(request)
        return await answer if inspect.isawaitable(answer) else answer

    async def wrapped(request: Request) -> Response:
        answer = middleware(request, call_next)
        answer = await answer if inspect.isawaitable(answer) else answer
        if answer is None:
            raise TypeError(f"{middleware!r} answered nothing: return await call_next(request)")
        return answer if isinstance(answer, Response) else Response(answer)

    return wrapped
