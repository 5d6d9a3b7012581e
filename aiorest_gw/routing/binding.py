"""A view's signature to the arguments of a call: what the request holds, checked and converted."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import msgspec

from ..errors import IncorrectArgument, IncorrectData, InvalidHandler
from ..messages import Request
from .paths import Parameter

__all__ = ["BODY", "bind"]

BODY = "body"
_NOTHING: Any = object()
_SINGLE = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

Call = Callable[[Request, Sequence[Any]], Any]


@attrs.frozen
class _Argument:
    """One declared parameter of a view.

    :param hint: the type to convert to, or ``_NOTHING`` where none is declared.
    :param default: used where the request has no value, or ``_NOTHING``.
    """

    name: str
    hint: Any
    default: Any


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
    declared = list(inspect.signature(function).parameters.values())
    if not declared or declared[0].kind is inspect.Parameter.KEYWORD_ONLY:
        raise InvalidHandler(f"{_name(function)} should take the request as its first parameter")
    hints = _hints(function, [one.name for one in declared[1:] if one.kind in _SINGLE])
    gathers = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in declared)
    extras = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in declared)
    by_position = [one for one in declared[1:] if one.kind is not inspect.Parameter.VAR_POSITIONAL]
    if declared[0].kind is inspect.Parameter.VAR_POSITIONAL:
        by_position = declared[1:]
    named = {one.name: one for one in by_position if one.kind in _NAMED}
    path_names = [parameter.name for parameter in parameters]
    path_hints: list[Any]
    if path_names and all(name in named for name in path_names):
        keywords: Sequence[str] | None = path_names
        path_hints = [_needed(hints.get(p.name, _NOTHING), p) for p in parameters]
        for name in path_names:
            del named[name]
    else:
        keywords = None
        taken = [one for one in by_position if one.kind is not inspect.Parameter.KEYWORD_ONLY]
        taken = [one for one in taken if one.kind is not inspect.Parameter.VAR_KEYWORD]
        if len(taken) < len(path_names) and not gathers:
            raise InvalidHandler(
                f"{_name(function)} should take the path's {', '.join(path_names)} after the request"
            )
        taken = taken[: len(path_names)]
        path_hints = [
            _needed(hints.get(one.name, _NOTHING), parameter)
            for one, parameter in zip(taken, parameters, strict=False)
        ]
        path_hints += [_NOTHING] * (len(path_names) - len(taken))
        for one in taken:
            named.pop(one.name, None)
    body = named.pop(BODY, None)
    arguments = tuple(_argument(one, hints) for one in named.values())
    if body is None and not arguments and not extras and all(h is _NOTHING for h in path_hints):
        return _without_arguments(function, keywords)
    return _Binding(
        function=function,
        path=tuple(zip(path_names, path_hints, strict=True)),
        keywords=keywords is not None,
        body=None if body is None else _argument(body, hints),
        arguments=arguments,
        reserved=frozenset(inspect.signature(inspect.unwrap(function)).parameters)
        if extras
        else None,
    ).call


def _without_arguments(function: Callable[..., Any], keywords: Sequence[str] | None) -> Call:
    """The short lane: nothing to convert, nothing to look for in the request."""
    if keywords is None:
        return lambda request, values: function(request, *values)
    names = tuple(keywords)
    return lambda request, values: function(request, **dict(zip(names, values, strict=True)))


@attrs.frozen
class _Binding:
    """How one view is called.

    :param path: name and hint of each value of the path.
    :param keywords: whether the path's values go in by name.
    :param reserved: where the view takes ``**kwargs``: names that no client may set through it.
    """

    function: Callable[..., Any]
    path: tuple[tuple[str, Any], ...]
    keywords: bool
    body: _Argument | None
    arguments: tuple[_Argument, ...]
    reserved: frozenset[str] | None

    def call(self, request: Request, values: Sequence[Any]) -> Any:
        errors: list[dict[str, str]] = []
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for (name, hint), value in zip(self.path, values, strict=True):
            found = _convert(value, hint, f"$.path.{name}", errors, strict=False)
            if self.keywords:
                named[name] = found
            else:
                positional.append(found)
        wrong_data = False
        if self.body is not None:
            known = len(errors)
            named[BODY] = self._body(request.data, errors)
            wrong_data = len(errors) > known
        for argument in self.arguments:
            value = request.args.get(argument.name, argument.default)
            if value is _NOTHING:
                errors.append(
                    {"path": f"$.args.{argument.name}", "message": "Missing required argument"}
                )
            elif value is not argument.default:
                value = _convert(
                    value, argument.hint, f"$.args.{argument.name}", errors, strict=False
                )
            named[argument.name] = value
        if errors:
            wrong = IncorrectData if wrong_data else IncorrectArgument
            raise wrong(status=422, errors=errors)
        if self.reserved is not None:
            for name, value in request.args.items():
                if name not in named and name not in self.reserved:
                    named[name] = value
        return self.function(request, *positional, **named)

    def _body(self, data: Any, errors: list[dict[str, str]]) -> Any:
        assert self.body is not None
        if data is None and self.body.default is not _NOTHING:
            return self.body.default
        return _convert(data, self.body.hint, "$.data", errors, strict=True)


def _convert(
    value: Any, hint: Any, path: str, errors: list[dict[str, str]], *, strict: bool
) -> Any:
    if hint is _NOTHING:
        return value
    try:
        return msgspec.convert(value, hint, strict=strict)
    except msgspec.ValidationError as error:
        errors.extend(_explain(value, hint, path, str(error), strict))
    except (RecursionError, OverflowError, UnicodeError) as error:
        errors.append({"path": path, "message": f"{type(error).__name__}: cannot be converted"})
    return None


def _explain(value: Any, hint: Any, path: str, message: str, strict: bool) -> list[dict[str, str]]:
    """Everything that is wrong with an object, since msgspec tells only the first."""
    fields = _fields(hint)
    if fields is None or not isinstance(value, dict):
        return [_told(path, message)]
    errors: list[dict[str, str]] = []
    for field in fields:
        below = f"{path}.{field.encode_name}"
        if field.encode_name in value:
            _convert(value[field.encode_name], field.type, below, errors, strict=strict)
        elif field.required:
            errors.append({"path": below, "message": "Missing required field"})
    if not errors:
        # Each field by itself is right: what is wrong is a rule of the whole, or of a validator.
        errors.append(_told(path, message))
    return errors


def _told(path: str, message: str) -> dict[str, str]:
    """What msgspec says, with the place that it names put behind ``path``."""
    text, _, below = message.partition(" - at `$")
    return {"path": path + below.removesuffix("`"), "message": text}


@attrs.frozen
class _Field:
    encode_name: str
    type: Any
    required: bool


def _fields(hint: Any) -> list[_Field] | None:
    """The fields of an attrs class, dataclass or msgspec Struct; None of anything else."""
    if not isinstance(hint, type):
        return None
    try:
        info = msgspec.inspect.type_info(hint)
    except TypeError:
        return None
    if not isinstance(info, (msgspec.inspect.DataclassType, msgspec.inspect.StructType)):
        return None
    hints = typing.get_type_hints(hint, include_extras=True)
    return [_Field(one.encode_name, hints[one.name], one.required) for one in info.fields]


def _argument(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> _Argument:
    empty = parameter.default is inspect.Parameter.empty
    return _Argument(
        parameter.name,
        hints.get(parameter.name, _NOTHING),
        _NOTHING if empty else parameter.default,
    )


def _needed(hint: Any, parameter: Parameter) -> Any:
    """The hint of a path's value, or ``_NOTHING`` where its type has seen to that already."""
    return _NOTHING if hint is parameter.type.python_type else hint


def _hints(function: Callable[..., Any], names: Sequence[str]) -> dict[str, Any]:
    """The declared types of these parameters, where they say more than ``Any``."""
    try:
        found = typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    except (NameError, TypeError) as error:
        raise InvalidHandler(f"{_name(function)}: {error} in its annotations") from error
    hints = {name: found[name] for name in names if found.get(name, Any) is not Any}
    for name, hint in hints.items():
        if not _convertible(hint):
            raise InvalidHandler(f"{_name(function)}: {name}: {hint!r} is no type of a JSON value")
    return hints


def _convertible(hint: Any) -> bool:
    try:
        msgspec.json.Decoder(hint)
    except TypeError:
        return False
    return True


def _name(function: Callable[..., Any]) -> str:
    return getattr(inspect.unwrap(function), "__qualname__", repr(function))
