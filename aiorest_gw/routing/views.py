"""What can answer a request: classes with a method per verb, and plain functions.

A view is bound into a table from verb to callable when it is registered; nothing that a client sends
is ever used to look up an attribute.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, ClassVar, TypeVar

import attrs

from ..arguments import nearest, refuse_misspelt, takes
from ..auth.permissions import checked_permissions
from ..errors import (
    ConfigurationError,
    InvalidHandler,
    InvalidRenderer,
    NotSupportedArgumentType,
)
from ..wire.renderers import BaseRenderer, JSONRenderer

__all__ = ["METHODS", "Endpoint", "MethodBasedView", "View", "blocking", "endpoint", "verbs"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")

F = TypeVar("F", bound=Callable[..., Any])


class MethodBasedView:
    """A view with a method per verb: ``get``, ``post``, ``put``, ``patch``, ``delete``, ``head``,
    ``options``, ``trace``, each ``(self, request, *path_values, **args)``.

    A new instance answers each request, so that what it keeps on itself is its own.
    """

    renderers: ClassVar[Sequence[type[BaseRenderer]]] = ()
    auth_required: ClassVar[bool] = False
    permission_classes: ClassVar[Sequence[Any]] = ()


@attrs.frozen
class View:
    """What middlewares and the router know of a view; a middleware gets it as ``handler``.

    Further attributes of the view's class, or keywords of its decorator, can be read from it too.

    :param target: the class or function itself.
    :param methods: upper-case verb to callable ``(request, …)``.
    :param renderers: by format; the first is the default.
    """

    target: Any
    methods: Mapping[str, Callable[..., Any]]
    renderers: Mapping[str, BaseRenderer]
    auth_required: bool = False
    permission_classes: Sequence[Any] = ()
    attributes: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def guarded(self) -> bool:
        """Whether not everybody may use it."""
        return bool(self.auth_required or self.permission_classes)

    @property
    def default_renderer(self) -> BaseRenderer:
        """The first of its renderers."""
        return next(iter(self.renderers.values()))

    def renderer(self, format: Any) -> BaseRenderer:
        """The renderer of this format, or the default one where the view has none of it."""
        chosen = self.renderers.get(format) if isinstance(format, str) else None
        return chosen or self.default_renderer

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            if name in self.attributes:
                return self.attributes[name]
            if isinstance(self.target, type):
                return getattr(self.target, name)
        raise AttributeError(f"the view has no {name!r}")

    @classmethod
    def of(cls, target: Any, methods: Any, attributes: Mapping[str, Any] | None = None) -> View:
        """Bind a view class or function.

        :param methods: the verbs that it shall answer: a verb, several, or None for all that a class
            defines.
        :param attributes: ``renderers``, ``auth_required``, ``permission_classes``, which win over a
            class's own, and whatever the application's middlewares look for.
        :raises InvalidHandler: it is neither, or cannot be called with a request.
        :raises InvalidRenderer: its ``renderers`` are no list of renderer classes.
        :raises NotSupportedArgumentType: ``methods`` are not verbs.
        :raises ConfigurationError: its ``permission_classes`` are no list of permissions, or the name
            of an attribute is nearly one of these three.
        """
        wanted = None if methods is None else verbs(methods)
        given = attributes or {}
        rest = {name: value for name, value in given.items() if name not in _OPTIONS}
        refuse_misspelt(rest, _OPTIONS)
        if isinstance(target, type) and issubclass(target, MethodBasedView):
            table = _methods_of_class(target, wanted)
            found = {name: given.get(name, getattr(target, name)) for name in _OPTIONS}
            refuse_misspelt((name for name in vars(target) if name not in _OPTIONS), _OPTIONS)
        elif callable(target) and not isinstance(target, type):
            if wanted is None:
                raise NotSupportedArgumentType("name the methods that the function answers")
            table = dict.fromkeys(wanted, _direct(target))
            found = {name: given[name] for name in _OPTIONS if name in given}
        else:
            raise InvalidHandler(
                f"{InvalidHandler.default_detail} This is {target!r}"
                + (": give its class." if isinstance(target, MethodBasedView) else ".")
            )
        found["renderers"] = _renderers(found.get("renderers", ()))
        found["permission_classes"] = checked_permissions(found.get("permission_classes", ()))
        if not isinstance(found.get("auth_required", False), bool):
            raise ConfigurationError("auth_required should be True or False")
        return cls(target=target, methods=table, attributes=rest, **found)


# What a coroutine that waits is compiled to.
_AWAITING = frozenset(("GET_AWAITABLE", "GET_ANEXT", "BEFORE_ASYNC_WITH", "SEND", "YIELD_VALUE"))
_OPTIONS = ("renderers", "auth_required", "permission_classes")
# Hooks of aiorest-ws that are not called here: better refused than ignored in silence.
_REPLACED = {"dispatch": "a middleware", "get_renderer": "the attribute `renderers`"}


def verbs(methods: str | Iterable[str]) -> tuple[str, ...]:
    """A verb or several as upper-case verbs.

    :raises NotSupportedArgumentType: they are not texts, or no letters.
    """
    several = [methods] if isinstance(methods, str) else methods
    if not isinstance(several, Iterable) or isinstance(several, (bytes, Mapping)):
        raise NotSupportedArgumentType("`methods` should be a verb or a list of verbs")
    found = []
    for method in several:
        if not isinstance(method, str) or not method.strip().isidentifier():
            raise NotSupportedArgumentType(f"{method!r} is not a verb")
        verb = method.strip().upper()
        meant = None if verb in METHODS else nearest(verb, METHODS, alike=0.66)
        if meant:
            raise NotSupportedArgumentType(f"{method!r} is not a verb; is {meant} meant?")
        found.append(verb)
    if not found:
        raise NotSupportedArgumentType("`methods` names no verb")
    return tuple(dict.fromkeys(found))


def _methods_of_class(
    target: type[MethodBasedView], wanted: Iterable[str] | None
) -> dict[str, Callable[..., Any]]:
    for name, instead in _REPLACED.items():
        if hasattr(target, name):
            raise InvalidHandler(
                f"{target.__qualname__}.{name} would never be called: use {instead}"
            )
    if not takes(target):
        raise InvalidHandler(f"{target.__qualname__}() takes arguments: nothing gives them")
    table = {
        verb: _on_new_instance(target, _direct(getattr(target, verb.lower())))
        for verb in (METHODS if wanted is None else wanted)
        if verb in METHODS and hasattr(target, verb.lower())
    }
    if not table:
        raise InvalidHandler(
            f"{target.__qualname__} defines none of the methods it is registered for"
        )
    return table


def _direct(function: Any) -> Any:
    """A coroutine function that awaits nothing as a plain one: it needs no task to run in."""
    if not inspect.iscoroutinefunction(function) or not inspect.isfunction(function):
        return function
    if any(one.opname in _AWAITING for one in dis.get_instructions(function)):
        return function

    @wraps(function)
    def call(request: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            function(request, *args, **kwargs).send(None)
        except StopIteration as stop:
            return stop.value

    return call


def _on_new_instance(target: type[MethodBasedView], function: Any) -> Callable[..., Any]:
    def call(request: Any, /, *args: Any, **kwargs: Any) -> Any:
        return function(target(), request, *args, **kwargs)

    # What the view declares is what its requests are checked against.
    parameters = list(inspect.signature(function).parameters.values())[1:]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__wrapped__ = inspect.unwrap(function)  # type: ignore[attr-defined]
    return call


def _renderers(given: Any) -> dict[str, BaseRenderer]:
    if not isinstance(given, (list, tuple)) or not all(
        isinstance(one, type) and issubclass(one, BaseRenderer) for one in given
    ):
        raise InvalidRenderer(f"renderers should be a list of BaseRenderer classes, not {given!r}")
    for one in given:
        if not isinstance(one.format, str) or not one.format:
            raise InvalidRenderer(f"{one.__qualname__} has no format")
    return {one.format: one() for one in given or (JSONRenderer,)}


@attrs.frozen
class Endpoint:
    """What ``@endpoint`` notes on a function, for ``router.register_endpoint``."""

    path: str
    methods: tuple[str, ...]
    name: str | None
    attributes: Mapping[str, Any]


def endpoint(
    path: str, methods: str | Iterable[str], name: str | None = None, **attributes: Any
) -> Callable[[F], F]:
    """Make a function a view, for ``router.register_endpoint(function)``.

    :param path: such as ``/users/{id:int}``.
    :param methods: a verb or several.
    :param name: for ``reverse``.
    :param attributes: ``renderers``, ``auth_required``, ``permission_classes``, and others that the
        application's middlewares look for; their names are lower-cased.
    """
    noted = Endpoint(path, verbs(methods), name, {k.lower(): v for k, v in attributes.items()})

    def decorate(function: F) -> F:
        function.__endpoint__ = noted  # type: ignore[attr-defined]
        return function

    return decorate


def blocking(function: F) -> F:
    """Mark a view that blocks (files, a database driver, heavy computing): it runs in a thread.

    The thread cannot be interrupted: a request that ran out of time is answered, and the view's
    result is dropped when it comes.

    :raises InvalidHandler: the function is a coroutine function, which must never block; or it is a
        class, or was registered before.
    """
    if isinstance(function, type):
        raise InvalidHandler(f"mark the methods of {function.__qualname__}, not the class")
    if getattr(function, "__registered__", False):
        raise InvalidHandler(f"{function.__qualname__}: put @blocking below what registers it")
    if inspect.iscoroutinefunction(function):
        raise InvalidHandler(f"{function.__qualname__} is async: it cannot be blocking too")
    function.__blocking__ = True  # type: ignore[attr-defined]
    return function
