"""A request through a router and its middlewares, without a connection."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Iterable
from typing import Any

import attrs
import msgspec

from ..arguments import refuse_misspelt
from ..auth.users import ANONYMOUS, User
from ..errors import APIError, for_clients
from ..messages import Request, Response
from ..routing.dispatch import Dispatcher
from ..routing.router import SimpleRouter
from ..server.awaiting import on_asyncio
from ..server.factory import RequestHandlerFactory
from ..sessions.session import Session
from ..wire.answers import render_error, render_response

__all__ = ["Answer", "ask", "call"]


@attrs.frozen
class Answer:
    """An answer as a client gets it.

    :param status: HTTP number; None where the request had no ``id``.
    :param data: of a success.
    :param detail: of a failure.
    :param errors: what exactly was wrong, of a failure.
    """

    status: int | None = None
    data: Any = None
    detail: Any = None
    errors: list[dict[str, str]] | None = None
    event_name: Any = None
    id: str | int | float | None = None

    @classmethod
    def read(cls, text: bytes | str) -> Answer:
        """From the JSON of an answer."""
        return cls(**msgspec.json.decode(text))


async def ask(
    served: SimpleRouter | RequestHandlerFactory,
    method: str,
    url: str,
    *,
    data: Any = None,
    args: dict[str, Any] | None = None,
    token: str | None = None,
    user: User = ANONYMOUS,
    middlewares: Iterable[Any] = (),
    session: Session | None = None,
    factory: Any = None,
    **extra: Any,
) -> Answer:
    """The answer that a client would get, for tests that run on a reactor or a loop.

    A ``@blocking`` view runs at once. What a view raises that is no :class:`APIError`, or a
    mistake in what it pushes, is raised here.

    :param served: a router, or a factory with its middlewares.
    :param user: who makes the request, where no middleware finds out.
    :param extra: further keys of the message.
    :raises ConfigurationError: one of them looks like a misspelt parameter.
    """
    if isinstance(served, RequestHandlerFactory):
        router, factory = served.router, served
        middlewares = middlewares or served.middlewares
    elif isinstance(served, SimpleRouter):
        router = served
    else:
        raise TypeError(f"{served!r} is neither a router nor a factory")
    refuse_misspelt(extra, ("data", "args", "token", "user", "middlewares", "session"))
    message = {"method": method, "url": url, "args": args or {}, "data": data, "token": token}
    request = Request.of(message | {"id": 1} | extra)
    request.user, request.session, request.factory = user, session, factory
    dispatch = Dispatcher(router, middlewares, lambda function: function())
    try:
        response = dispatch.answer(request)
        if inspect.isawaitable(response):
            response = await _on_this_loop(response)
    except APIError as error:
        if for_clients(error) is not error:
            raise
        return Answer.read(render_error(error, None, 1))
    assert isinstance(response, Response)
    return Answer.read(render_response(attrs.evolve(response, renderer=None), None, 1))


async def _on_this_loop(response: Awaitable[Any]) -> Any:
    """Await Deferreds in a task of asyncio's too."""

    async def awaited() -> Any:
        return await response

    in_task = asyncio._get_running_loop() is not None and asyncio.current_task() is not None
    return await (on_asyncio(awaited()) if in_task else response)


def call(
    served: SimpleRouter | RequestHandlerFactory,
    method: str,
    url: str,
    *,
    timeout: float = 10,
    **options: Any,
) -> Answer:
    """As :func:`ask`, for tests without a loop: what a view awaits runs on a loop of its own.

    :param timeout: seconds after which it is given up.
    :raises RuntimeError: there is a loop already.
    :raises TimeoutError: the view still waits; Twisted's reactor, which it may wait for, does not run.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("a loop runs here already: await ask(…) in place of call(…)")

    async def within() -> Answer:
        async with asyncio.timeout(timeout):
            return await ask(served, method, url, **options)

    try:
        return asyncio.run(within())
    except TimeoutError as error:
        if str(error):  # the view's own
            raise
        raise TimeoutError(
            f"the view still waits after {timeout:g} s; Twisted's reactor does not run here: "
            "await ask(…) in a test of trial's, or use GatewayTestCase"
        ) from None
