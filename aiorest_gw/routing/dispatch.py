"""From a request to its response: URL, route, middlewares, view. What the wire is, it does not know."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from copy import copy
from types import CoroutineType
from typing import Any
from urllib.parse import parse_qsl

import attrs

from ..auth.permissions import authorize
from ..errors import (
    APIError,
    IncorrectArgument,
    IncorrectMethodNameType,
    InvalidPathArgument,
    MethodNotAllowed,
    NoMatch,
    NotSpecifiedHandler,
    NotSpecifiedMethodName,
    NotSpecifiedURL,
)
from ..messages import Request, Response
from .middleware import Handle, instantiate, wrap
from .router import SimpleRouter
from .tree import Bound, Leaf
from .views import View

__all__ = ["Dispatcher", "RunBlocking"]

# What is neither a response nor something to await, so that it need not be asked.
_DATA = frozenset((dict, list, str, int, float, bool, type(None)))

# Decoding its escapes is work; more fits into `args` and `data`.
_LONGEST_URL = 8_192

# Runs a function that blocks somewhere where that harms nobody.
RunBlocking = Callable[[Callable[[], Any]], Any]


@attrs.frozen
class _Route:
    """Where a request leads.

    :param view: for middlewares; None where the URL leads nowhere.
    :param bound: what answers; None where nothing does.
    :param error: then, why.
    """

    view: View | None
    bound: Bound | None
    values: Sequence[Any]
    error: APIError | None
    leaf: Leaf = attrs.field(factory=dict)
    head: bool = False


class Dispatcher:
    """Answers requests through a router and middlewares.

    :param router: whose views answer.
    :param middlewares: classes or instances, the first of them outermost.
    :param run_blocking: for views marked ``@blocking``: takes a function without arguments, returns
        its result or something to await.
    :param own: answers what is asked of the gateway itself, under ``/~/``; no middleware sees it.
    :raises ConfigurationError: one of the middlewares is none.
    """

    def __init__(
        self,
        router: SimpleRouter,
        middlewares: Iterable[Any],
        run_blocking: RunBlocking,
        own: SimpleRouter | None = None,
    ) -> None:
        self._router = router
        self._own = router if own is None else own
        self._fixed = router.fixed
        self._run_blocking = run_blocking
        self.middlewares = instantiate(middlewares)
        self._handle: Handle | None = (
            wrap(self.middlewares, self._ask, _view_of) if self.middlewares else None
        )

    def answer(self, request: Request) -> Response | Awaitable[Response]:
        """Answer a request: at once, or with something to await.

        :raises APIError: what the request is to be answered with instead; at once, or when awaited.
        :raises Exception: whatever a view raises, likewise.
        """
        if self._handle is not None:
            request.route = self._route(request)
            if _is_own(request.url):
                return self._answer(request, request.route)
            return self._handle(request)
        # The short lane: a fixed path, a method that it has, no query, no middleware, and a view that
        # anybody may use and that runs here.
        url, method, args = request.url, request.method, request.args
        if type(url) is str and type(method) is str:
            leaf = self._fixed.get(url)
            bound = None if leaf is None else leaf.get(method)
            if bound is not None and bound.simple:
                if not args:
                    request.args = {}
                if not args or (type(args) is dict and "format" not in args):
                    plain = bound.plain
                    result = bound.call(request, ()) if plain is None else plain(request)
                    kind = type(result)
                    if kind in _DATA:
                        return Response(result, 200, bound.renderer)
                    if kind is CoroutineType:
                        return self._simply(result, request, bound)
                    return self._finish(result, request, _Route(bound.view, bound, (), None))
        return self._answer(request, self._route(request))

    def describe(self, request: Request) -> str:
        """What a request was for, to be logged: nothing of it but its route."""
        route = request.route or self._route(request)
        if route.bound is None:
            return "no view"
        target = route.bound.view.target
        name = (
            f"{target.__module__}.{target.__qualname__}"
            if hasattr(target, "__qualname__")
            else target
        )
        return f"{route.bound.verb} {route.bound.path.text} ({name})"

    def _ask(self, request: Request) -> Response | Awaitable[Response]:
        return self._answer(request, request.route)

    def _route(self, request: Request) -> _Route:
        """Where the request leads; its ``?query`` is moved to its ``args``."""
        try:
            url = self._url(request)
        except APIError as error:
            return _Route(None, None, (), error.with_traceback(None))
        method = request.method
        verb = method.strip().upper() if isinstance(method, str) else ""
        try:
            router = self._own if _is_own(url) else self._router
            leaf, bound, values = router.find(url, verb)
        except NoMatch:
            return _Route(None, None, (), NotSpecifiedHandler())
        if bound is not None:
            return _Route(bound.view, bound, values, None)
        view = next(iter(leaf.values())).view
        if not method:
            return _Route(view, None, values, NotSpecifiedMethodName())
        if not isinstance(method, str):
            return _Route(view, None, values, IncorrectMethodNameType())
        if verb == "HEAD" and "GET" in leaf:
            return _Route(leaf["GET"].view, leaf["GET"], values, None, head=True)
        if verb == "OPTIONS":
            return _Route(view, None, values, None, leaf)
        return _Route(view, None, values, MethodNotAllowed())

    def _url(self, request: Request) -> str:
        url = request.url
        if not url:
            raise NotSpecifiedURL
        if not isinstance(url, str):
            raise InvalidPathArgument
        if len(url) > _LONGEST_URL:
            raise InvalidPathArgument(f"The `url` is longer than {_LONGEST_URL} characters.")
        args, request.args = request.args, {}
        if args:
            if type(args) is not dict:
                raise IncorrectArgument
            request.args = args
        url = url.strip() or "/"
        if "?" in url:
            url, _, query = url.partition("?")
            request.args = _query(query) | request.args
        return url

    def _answer(self, request: Request, route: _Route) -> Response | Awaitable[Response]:
        if route.view is not None and route.view.guarded:
            waiting = authorize(request, route.view)
            if waiting is not None:
                return self._authorized(waiting, request, route)
        return self._view(request, route)

    async def _authorized(
        self, waiting: Awaitable[None], request: Request, route: _Route
    ) -> Response:
        await waiting
        answer = self._view(request, route)
        return answer if isinstance(answer, Response) else await answer

    def _view(self, request: Request, route: _Route) -> Response | Awaitable[Response]:
        if route.error is not None:
            # Another each time: what was raised holds the frames, and they the request with its route.
            raise copy(route.error)
        if route.bound is None:
            return Response(_options(route.leaf))
        bound = route.bound
        if bound.blocking:
            result = self._run_blocking(lambda: bound.call(request, route.values))
        else:
            result = bound.call(request, route.values)
        return self._finish(result, request, route)

    async def _simply(self, result: Awaitable[Any], request: Request, bound: Bound) -> Response:
        found = await result
        if type(found) in _DATA:
            return Response(found, 200, bound.renderer)
        return _finish(found, request, _Route(bound.view, bound, (), None))

    def _finish(
        self, result: Any, request: Request, route: _Route
    ) -> Response | Awaitable[Response]:
        if inspect.isawaitable(result):
            return self._awaited(result, request, route)
        return _finish(result, request, route)

    async def _awaited(self, result: Awaitable[Any], request: Request, route: _Route) -> Response:
        return _finish(await result, request, route)


def _finish(result: Any, request: Request, route: _Route) -> Response:
    """The view's result as a response that knows how it is written."""
    response = result if isinstance(result, Response) else Response(result)
    if response.renderer is None and route.view is not None:
        renderer = route.view.renderer(request.args.get("format"))
        response = Response(response.data, response.status, renderer)
    # HEAD is asked of the view for GET, and answered without its data.
    return attrs.evolve(response, data=None) if route.head else response


def _is_own(url: Any) -> bool:
    return isinstance(url, str) and url.startswith("/~/")


def _options(leaf: Leaf) -> dict[str, Any]:
    """What OPTIONS answers where no view does: the methods, and the formats of the answers."""
    verbs = set(leaf) | {"OPTIONS"} | ({"HEAD"} if "GET" in leaf else set())
    formats = {format: None for bound in leaf.values() for format in bound.view.renderers}
    return {"methods": sorted(verbs), "formats": list(formats)}


def _query(text: str) -> dict[str, Any]:
    """A URL's query as named arguments; a name that comes several times has a list."""
    found: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise IncorrectArgument from None
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _view_of(request: Request) -> View | None:
    route: _Route = request.route
    return route.view
