"""A view's signature to the arguments of a call: what the request holds, checked and converted."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ..errors import IncorrectArgument, IncorrectData, InvalidHandler
from ..messages import Request
from .conversion import (
    NOTHING,
    UNFIT,
    convert,
    convert_strictly,
    is_convertible,
    takes_several,
)
from .paths import Parameter

__all__ = ["BODY", "Call", "bind", "plain"]

BODY = "body"
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_GATHERS = inspect.Parameter.VAR_POSITIONAL

# Takes a request and the values of its path.
Call = Callable[[Request, Sequence[Any]], Any]


def bind(function: Callable[..., Any], parameters: Sequence[Parameter]) -> Call:
    """What to call with a request and its path's values to have the view's result.

    The first parameter of the view is the request. The path's values come next: by name where the
    view declares all of their names, else by position. ``body`` is the request's ``data``. Every
    other parameter is one of the request's ``args``; those that the view does not declare are passed
    only to a ``**kwargs``.

    :param function: the view, already bound to its instance where it has one.
    :param parameters: of the path that it is registered under.
    :raises InvalidHandler: the view cannot be called with what the path gives.
    """
    view = _Signature.of(function)
    names = [parameter.name for parameter in parameters]
    by_name = bool(names) and all(name in view.named for name in names)
    taken = names if by_name else view.in_order(names)
    view.check_given(taken)
    path = tuple(
        (parameter.name, view.hint_of(taken[place : place + 1], parameter))
        for place, parameter in enumerate(parameters)
    )
    rest = {name: one for name, one in view.named.items() if name not in taken}
    body = rest.pop(BODY, None)
    if not rest and body is None and not view.extras and all(h is NOTHING for _, h in path):
        return _without_arguments(function, names if by_name else None)
    binding = _Binding(
        function=function,
        path=path,
        by_name=by_name,
        body=None if body is None else view.argument(body),
        arguments=tuple(view.argument(one) for one in rest.values()),
        reserved=view.all_names if view.extras else None,
    )
    if binding.body is not None and not (path or rest or view.extras):
        return _with_body(binding, binding.body)
    return binding.call


def plain(
    function: Callable[..., Any], parameters: Sequence[Parameter]
) -> Callable[[Request], Any] | None:
    """The view itself, where the request is all that it takes; else None."""
    view = _Signature.of(function)
    more = parameters or view.positional or view.named or view.extras
    return None if more else function


@attrs.frozen
class _Argument:
    """One declared parameter of a view.

    :param hint: the type to convert to, or ``NOTHING``.
    :param default: used where the request has no value, or ``NOTHING``.
    :param several: the type is a list: a text alone is one of one.
    """

    name: str
    hint: Any
    default: Any
    several: bool


@attrs.frozen
class _Signature:
    """What a view declares behind the request.

    :param positional: parameters that can be given in order.
    :param named: parameters that can be given by name.
    :param gathers: it takes ``*args``.
    :param extras: it takes ``**kwargs``.
    :param all_names: of all parameters, ``self`` and the request too.
    """

    view: str
    positional: tuple[inspect.Parameter, ...]
    named: Mapping[str, inspect.Parameter]
    gathers: bool
    extras: bool
    hints: Mapping[str, Any]
    all_names: frozenset[str]

    @classmethod
    def of(cls, function: Callable[..., Any]) -> _Signature:
        """:raises InvalidHandler: it does not take a request, or its annotations mean nothing."""
        innermost = inspect.unwrap(function)
        view = getattr(innermost, "__qualname__", repr(innermost))
        declared = list(inspect.signature(function).parameters.values())
        if not declared or declared[0].kind not in (*_POSITIONAL, _GATHERS):
            raise InvalidHandler(f"{view} should take the request as its first parameter")
        behind = declared[1:]
        if any(one.name == "request" for one in behind):
            raise InvalidHandler(f"{view}: `request` should be its first parameter")
        single = [one for one in behind if one.kind in (*_POSITIONAL, *_NAMED)]
        return cls(
            view=view,
            positional=tuple(one for one in behind if one.kind in _POSITIONAL),
            named={one.name: one for one in behind if one.kind in _NAMED},
            gathers=any(one.kind is _GATHERS for one in declared),
            extras=any(one.kind is inspect.Parameter.VAR_KEYWORD for one in declared),
            hints=_hints(innermost, view, [one.name for one in single]),
            all_names=frozenset(inspect.signature(innermost).parameters),
        )

    def in_order(self, names: Sequence[str]) -> Sequence[str]:
        """The parameters that take the path's values in order.

        :raises InvalidHandler: there are too few.
        """
        taken = [one.name for one in self.positional[: len(names)]]
        if len(taken) < len(names) and not self.gathers:
            raise InvalidHandler(
                f"{self.view} should take the path's {', '.join(names)} after the request"
            )
        return taken

    def check_given(self, taken: Sequence[str]) -> None:
        """:raises InvalidHandler: a positional-only parameter would be given by nothing."""
        for one in self.positional:
            needed = one.name not in self.named and one.default is inspect.Parameter.empty
            if needed and one.name not in taken:
                raise InvalidHandler(f"{self.view}: nothing gives {one.name} by position")

    def hint_of(self, taken: Sequence[str], parameter: Parameter) -> Any:
        """The type to convert a value of the path to, if its own type has not seen to that."""
        hint = self.hints.get(taken[0], NOTHING) if taken else NOTHING
        return NOTHING if hint is parameter.type.python_type else hint

    def argument(self, parameter: inspect.Parameter) -> _Argument:
        empty = parameter.default is inspect.Parameter.empty
        default = NOTHING if empty else parameter.default
        hint = self.hints.get(parameter.name, NOTHING)
        return _Argument(parameter.name, hint, default, takes_several(hint))


def _hints(function: Any, view: str, names: Sequence[str]) -> dict[str, Any]:
    """The declared types of these parameters, where they say more than ``Any``."""
    try:
        found = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise InvalidHandler(f"{view}: {error} in its annotations") from error
    hints = {name: found[name] for name in names if found.get(name, Any) is not Any}
    for name, hint in hints.items():
        if not is_convertible(hint):
            raise InvalidHandler(
                f"{view}: {name}: {hint!r} is no type of a JSON value; a class of one's own needs "
                "@attrs.frozen or @dataclass"
            )
    return hints


def _without_arguments(function: Callable[..., Any], names: Sequence[str] | None) -> Call:
    """The short lane: nothing to convert, nothing to look for in the request.

    :param names: of the path's values where they go in by name.
    """
    if names is None:
        return lambda request, values: function(request, *values)
    return lambda request, values: function(request, **dict(zip(names, values, strict=True)))


def _with_body(binding: _Binding, body: _Argument) -> Call:
    """The short lane: a body and nothing else. What does not fit goes the long way, and is told."""
    function, hint = binding.function, body.hint

    def call(request: Request, values: Sequence[Any]) -> Any:
        data = request.data
        if data is not None:
            try:
                found = data if hint is NOTHING else convert_strictly(data, hint)
            except UNFIT:
                return binding.call(request, values)
            return function(request, body=found)
        return binding.call(request, values)

    return call


@attrs.frozen
class _Binding:
    """How one view is called.

    :param path: name and hint of each value of the path.
    :param by_name: whether the path's values go in by name.
    :param reserved: where the view takes ``**kwargs``: names that no client may set through it.
    """

    function: Callable[..., Any]
    path: tuple[tuple[str, Any], ...]
    by_name: bool
    body: _Argument | None
    arguments: tuple[_Argument, ...]
    reserved: frozenset[str] | None

    def call(self, request: Request, values: Sequence[Any]) -> Any:
        """:raises IncorrectData, IncorrectArgument: with everything that does not fit."""
        errors: list[dict[str, str]] = []
        found = [
            convert(value, hint, f"$.path.{name}", errors, strict=False)
            for (name, hint), value in zip(self.path, values, strict=True)
        ]
        named: dict[str, Any] = {}
        if self.by_name:
            named = {name: value for (name, _), value in zip(self.path, found, strict=True)}
        in_path = len(errors)
        if self.body is not None:
            named[BODY] = self._body(self.body, request.data, errors)
        wrong = IncorrectData if len(errors) > in_path else IncorrectArgument
        for argument in self.arguments:
            named[argument.name] = self._argument(argument, request.args, errors)
        if errors:
            raise wrong(status=422, errors=errors)
        if self.reserved is not None:
            for name, value in request.args.items():
                if name not in named and name not in self.reserved:
                    named[name] = value
        return self.function(request, *(() if self.by_name else found), **named)

    def _body(self, body: _Argument, data: Any, errors: list[dict[str, str]]) -> Any:
        if data is None and body.default is not NOTHING:
            return body.default
        return convert(data, body.hint, "$.data", errors, strict=True)

    def _argument(
        self, argument: _Argument, args: Mapping[str, Any], errors: list[dict[str, str]]
    ) -> Any:
        path = f"$.args.{argument.name}"
        if argument.name in args:
            value = args[argument.name]
            if argument.several and isinstance(value, str):
                value = [value]
            return convert(value, argument.hint, path, errors, strict=False)
        if argument.default is NOTHING:
            errors.append({"path": path, "message": "Missing required argument"})
        return argument.default
