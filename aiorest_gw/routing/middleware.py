"""Around every view, in the order of listing: hooks before it, and wrappers around it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from ..errors import ConfigurationError
from ..messages import Request, Response

__all__ = ["AbstractMiddleware", "Handle", "instantiate", "wrap"]

# Answers a request: at once, or when awaited.
Handle = Callable[[Request], "Response | Awaitable[Response]"]


class AbstractMiddleware:
    """A middleware as in aiorest-ws: asked before each view that was found for a request.

    The other form is any object (a function too) that is called as
    ``async def middleware(request, call_next)`` and returns ``await call_next(request)``, or something
    else; it sees responses and errors, those of unknown URLs too, and may change them.
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
        instance = one() if isinstance(one, type) else one
        if not hasattr(instance, "process_request") and not callable(instance):
            raise ConfigurationError(
                f"{one!r} is no middleware: it has no process_request(request, handler) and cannot be "
                "called with (request, call_next)"
            )
        found.append(instance)
    return tuple(found)


def wrap(
    middlewares: Iterable[Any], handle: Handle, handler_of: Callable[[Request], Any]
) -> Handle:
    """The middlewares around ``handle``, the first of them outermost.

    :param middlewares: instances.
    :param handler_of: the view that was found for a request, or None.
    """
    for one in reversed(tuple(middlewares)):
        if hasattr(one, "process_request"):
            handle = _before(one.process_request, handle, handler_of)
        else:
            handle = _around(one, handle)
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
        return answer if isinstance(answer, Response) else Response(answer)

    return wrapped
