"""Which view answers which URL, and which URL a view has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlencode

import attrs

from ..errors import (
    EndpointValueError,
    InvalidPathArgument,
    NoMatch,
    NoReverseMatch,
    NotSupportedArgumentType,
)
from .binding import bind, plain
from .paths import BUILT_IN_TYPES, ParameterType, Path, parse_path
from .tree import Bound, Leaf, PathTree
from .views import View

__all__ = ["RouteMatch", "SimpleRouter"]

F = TypeVar("F", bound=Callable[..., Any])


@attrs.frozen
class RouteMatch:
    """What a path resolves to.

    :param view_name: the route's name, or None.
    :param args: the values of its parameters, converted, in order.
    :param kwargs: the same by name.
    """

    view_name: str | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class SimpleRouter:
    """The routes of an application, or of a part of one that others include.

    A path may hold parameters, ``{name}`` or ``{name:type}``; the types are ``str`` (the default: a
    segment), ``int``, ``float``, ``uuid``, ``path`` (all that is left) and those of
    :meth:`add_type`. Where several routes fit, the more fixed one wins, segment by segment from the
    left, whatever the order of registration.
    """

    def __init__(self) -> None:
        self._tree = PathTree()
        self._types: dict[str, ParameterType] = dict(BUILT_IN_TYPES)
        self._routes: list[Bound] = []
        self._names: dict[str, Path] = {}
        self._included_in: list[tuple[SimpleRouter, str]] = []

    def add_type(
        self,
        name: str,
        parse: Callable[[str], Any],
        format: Callable[[Any], str] = str,
        python_type: Any = None,
    ) -> None:
        """Add a type of parameter, for routes that are registered afterwards.

        :param parse: a percent-decoded segment to a value; raises ValueError where it does not fit.
        :param format: a value to a segment.
        :param python_type: what ``parse`` returns, so that a view annotated with it is not checked
            twice.
        :raises EndpointValueError: the name is taken, or no name.
        """
        if not callable(parse) or not callable(format):
            raise TypeError("parse and format should be functions")
        if name in self._types or not name.isidentifier():
            raise EndpointValueError(f"{name!r} is taken, or is no name for a type")
        self._types[name] = ParameterType(name, parse, format, python_type)

    def register(
        self,
        path: str,
        handler: Any,
        methods: str | Iterable[str] | None = None,
        name: str | None = None,
        **attributes: Any,
    ) -> None:
        """Let a view answer a path.

        :param path: begins with ``/``; a trailing slash is optional here and in requests.
        :param handler: a :class:`MethodBasedView` class, or a function whose first parameter is the
            request.
        :param methods: a verb or several; of a class, None means all that it defines.
        :param name: for :meth:`reverse`.
        :param attributes: ``renderers``, ``auth_required``, ``permission_classes`` and what the
            application's middlewares look for.
        :raises InvalidPathArgument: the path is no text that begins with ``/``.
        :raises EndpointValueError: its braces are wrong, its name is taken, or a method of it is.
        :raises InvalidHandler: the handler cannot answer it.
        :raises NotSupportedArgumentType: ``methods`` or ``name`` are of a wrong type.
        """
        _check_path(path)
        if name is not None and not isinstance(name, str):
            raise NotSupportedArgumentType(f"the name {name!r} should be a text")
        parsed = parse_path(path, self._types)
        view = View.of(handler, methods, attributes)
        self._add([_bound(verb, parsed, view, name) for verb in view.methods])

    def register_endpoint(self, function: Callable[..., Any]) -> None:
        """Register a function as its ``@endpoint(…)`` says.

        :raises InvalidHandler: it has no such decorator; others as :meth:`register`.
        """
        noted = getattr(function, "__endpoint__", None)
        if noted is None:
            raise NotSupportedArgumentType(
                f"{getattr(function, '__qualname__', function)!r} has no @endpoint(path, methods)"
            )
        self.register(noted.path, function, noted.methods, noted.name, **noted.attributes)

    def route(
        self, path: str, methods: str | Iterable[str], name: str | None = None, **attributes: Any
    ) -> Callable[[F], F]:
        """Decorator form of :meth:`register` for functions."""
        _check_path(path)

        def decorate(function: F) -> F:
            self.register(path, function, methods, name, **attributes)
            with suppress(AttributeError):  # of what has no room for it
                function.__registered__ = True  # type: ignore[attr-defined]
            return function

        return decorate

    def get(self, path: str, name: str | None = None, **attributes: Any) -> Callable[[F], F]:
        """``@router.get("/users/{id:int}")``."""
        return self.route(path, "GET", name, **attributes)

    def post(self, path: str, name: str | None = None, **attributes: Any) -> Callable[[F], F]:
        """``@router.post("/users")``."""
        return self.route(path, "POST", name, **attributes)

    def put(self, path: str, name: str | None = None, **attributes: Any) -> Callable[[F], F]:
        """``@router.put("/users/{id:int}")``."""
        return self.route(path, "PUT", name, **attributes)

    def patch(self, path: str, name: str | None = None, **attributes: Any) -> Callable[[F], F]:
        """``@router.patch("/users/{id:int}")``."""
        return self.route(path, "PATCH", name, **attributes)

    def delete(self, path: str, name: str | None = None, **attributes: Any) -> Callable[[F], F]:
        """``@router.delete("/users/{id:int}")``."""
        return self.route(path, "DELETE", name, **attributes)

    def include(self, router: SimpleRouter, prefix: str = "") -> None:
        """Take over the routes of another router, those too that it gets later.

        :param prefix: put before their paths; may hold parameters, which the views get first.
        :raises TypeError: it is no router, or includes this one itself.
        :raises EndpointValueError: a name or a path's method is taken; nothing is taken over then.
        """
        if not isinstance(router, SimpleRouter):
            raise TypeError(f"{router!r} is no SimpleRouter")
        if router is self or router in self._including():
            raise TypeError("a router cannot include itself")
        if prefix and not prefix.startswith("/"):
            raise InvalidPathArgument(f"the prefix {prefix!r} should begin with a slash")
        self._add([self._prefixed(bound, prefix) for bound in router._routes])
        router._included_in.append((self, prefix))

    @property
    def empty(self) -> bool:
        """Whether it has no routes yet."""
        return not self._routes

    def _including(self) -> list[SimpleRouter]:
        found: list[SimpleRouter] = []
        for parent, _ in self._included_in:
            found += [parent, *parent._including()]
        return found

    def _prefixed(self, bound: Bound, prefix: str) -> Bound:
        before = parse_path(prefix, self._types)
        if not before.segments:
            return bound
        text = prefix.strip().rstrip("/") + bound.path.text
        names = [one.name for one in (*before.parameters, *bound.path.parameters)]
        if len(set(names)) != len(names):
            raise EndpointValueError(f"{text!r} names a parameter twice")
        path = Path(text, (*before.segments, *bound.path.segments))
        call = bind(bound.view.methods[bound.verb], path.parameters)
        return attrs.evolve(bound, path=path, call=call)

    def _add(self, routes: Sequence[Bound]) -> None:
        """Add routes here and wherever this router is included: all of them, or none."""
        self._check(routes)
        for bound in routes:
            self._tree.add(bound)
            self._routes.append(bound)
            if bound.name is not None:
                self._names[bound.name] = bound.path
        for parent, prefix in self._included_in:
            parent._add([parent._prefixed(bound, prefix) for bound in routes])

    def _check(self, routes: Sequence[Bound]) -> None:
        """:raises EndpointValueError: a name or a path's method is taken already."""
        for bound in routes:
            taken = self._tree.get(bound.path).get(bound.verb)
            if taken is not None:
                raise EndpointValueError(
                    f"Duplicate {bound.verb} {bound.path.text}, already handled by "
                    f"{getattr(taken.view.target, '__qualname__', taken.view.target)}"
                )
            if bound.name is not None and bound.name in self._names:
                raise EndpointValueError(
                    f"Duplicate name {bound.name!r}, already given to "
                    f"{self._names[bound.name].text}"
                )
        for parent, prefix in self._included_in:
            parent._check([parent._prefixed(bound, prefix) for bound in routes])

    @property
    def fixed(self) -> Mapping[str, Leaf]:
        """What is registered under each path without parameters, with a slash at its end and without;
        it grows with the router."""
        return self._tree.fixed

    def find(self, url: str, verb: str) -> tuple[Leaf, Bound | None, Sequence[Any]]:
        """What answers a verb on a path.

        :param url: a path without a query.
        :param verb: in upper case.
        :returns: what is registered under the path; what of it answers the verb, or None; and the
            values of the path's parameters.
        :raises NoMatch: nothing is registered under the path.
        """
        first: tuple[Leaf, Sequence[Any]] | None = None
        for leaf, values in self._tree.find(url):
            bound = leaf.get(verb)
            if bound is not None:
                return leaf, bound, values
            if first is None:
                first = leaf, values
        if first is None:
            raise NoMatch(url)
        return first[0], None, first[1]

    def resolve(self, path: str) -> RouteMatch:
        """What a path leads to, whatever the method.

        :raises NoMatch: to nothing.
        """
        for leaf, values in self._tree.find(path.strip().partition("?")[0]):
            bound = next(iter(leaf.values()))
            names = [parameter.name for parameter in bound.path.parameters]
            return RouteMatch(bound.name, tuple(values), dict(zip(names, values, strict=True)))
        raise NoMatch(f"no route has the path {path!r}")

    def reverse(
        self, name: str, /, *args: Any, query: Mapping[str, Any] | None = None, **params: Any
    ) -> str:
        """The URL of a named route.

        :param args: values of the path's parameters in order, or
        :param params: the same by name.
        :param query: what follows behind ``?``; a list gives its name several times.
        :returns: the path, percent-encoded (RFC 3986).
        :raises NoReverseMatch: no route has that name.
        :raises ValueError: too few or too many values, or one that does not fit its type.
        """
        path = self._names.get(name)
        if path is None:
            raise NoReverseMatch(f"no route has the name {name!r}")
        names = [parameter.name for parameter in path.parameters]
        values = dict(zip(names, args, strict=False)) | params
        if len(args) + len(params) != len(names) or values.keys() != set(names):
            raise ValueError(f"{name!r} takes the values {names}, not {[*args]} {params}")
        url = path.fill(values)
        return f"{url}?{urlencode(query, doseq=True)}" if query else url


def _check_path(path: Any) -> None:
    if callable(path):
        raise InvalidPathArgument('the decorator takes the path: @router.get("/path")')
    if not isinstance(path, str) or not path.strip().startswith("/"):
        raise InvalidPathArgument(f"{path!r} should be a text that begins with a slash")


def _bound(verb: str, path: Path, view: View, name: str | None) -> Bound:
    call = view.methods[verb]
    blocking = getattr(getattr(call, "__wrapped__", call), "__blocking__", False)
    return Bound(
        verb=verb,
        path=path,
        view=view,
        name=name,
        call=bind(call, path.parameters),
        blocking=blocking,
        simple=not blocking and not view.guarded,
        plain=plain(call, path.parameters),
        renderer=view.default_renderer,
    )
