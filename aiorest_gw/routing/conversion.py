"""Values of a request to the types that a view declares, and everything that is wrong with them."""

from __future__ import annotations

import math
import typing
from typing import Any

import attrs
import msgspec

__all__ = [
    "NOTHING",
    "UNFIT",
    "convert",
    "convert_strictly",
    "is_convertible",
    "takes_several",
]

# Takes a value and a type, and raises one of these where it does not fit.
convert_strictly = msgspec.convert
UNFIT = (msgspec.ValidationError, RecursionError, OverflowError, UnicodeError)

# Stands where no type, or no default, is declared; None could be meant.
NOTHING: Any = object()


def convert(value: Any, hint: Any, path: str, errors: list[dict[str, str]], *, strict: bool) -> Any:
    """A value as the type that is declared for it.

    :param value: of JSON.
    :param hint: a type that :func:`is_convertible`, or ``NOTHING`` for the value as it is.
    :param path: where the value is, such as ``$.data``.
    :param errors: what is wrong is added here, each with its path and a message.
    :param strict: whether a text is no number, as in a body; in a query it may be one.
    :returns: the converted value; None where something is wrong.
    """
    if hint is NOTHING:
        return value
    try:
        found = msgspec.convert(value, hint, strict=strict)
        if strict or not _holds_no_number(found):
            return found
        # A text such as "nan" or "inf", which JSON has no number for.
        errors.append({"path": path, "message": "Expected `float`, got `str`"})
    except msgspec.ValidationError as error:
        errors.extend(_explain(value, hint, path, str(error), strict))
    except UNFIT as error:
        errors.append({"path": path, "message": f"{type(error).__name__}: cannot be converted"})
    return None


def _holds_no_number(found: Any) -> bool:
    """Whether a float, or one of several, is infinite or NaN."""
    if type(found) is float:
        return not math.isfinite(found)
    return type(found) in (list, tuple, set, frozenset) and any(map(_holds_no_number, found))


def _explain(value: Any, hint: Any, path: str, message: str, strict: bool) -> list[dict[str, str]]:
    """Everything that is wrong with an object, since msgspec tells only the first."""
    fields = _fields(hint)
    if fields is None or not isinstance(value, dict):
        return [_told(path, message)]
    errors: list[dict[str, str]] = []
    for field in fields:
        below = f"{path}.{field.encode_name}"
        if field.encode_name in value:
            convert(value[field.encode_name], field.type, below, errors, strict=strict)
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


def is_convertible(hint: Any) -> bool:
    """Whether a type can be that of a JSON value."""
    try:
        msgspec.json.Decoder(hint)
        return not _holds_unknown(msgspec.inspect.type_info(hint))
    except TypeError:
        return False


def _holds_unknown(info: Any) -> bool:
    """Whether a type is of a class that msgspec knows nothing of, or a list, a choice … of such."""
    if isinstance(info, msgspec.inspect.CustomType):
        return True
    parts = [getattr(info, name, None) for name in ("item_type", "key_type", "value_type")]
    several = (*getattr(info, "item_types", ()), *getattr(info, "types", ()))
    return any(_holds_unknown(part) for part in (*parts, *several) if part is not None)


def takes_several(hint: Any) -> bool:
    """Whether a type is that of a list or a set, or of one or None."""
    if hint is NOTHING:
        return False
    info = msgspec.inspect.type_info(hint)
    choices = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    kinds = [type(one) for one in choices if not isinstance(one, msgspec.inspect.NoneType)]
    return bool(kinds) and all(kind in _SEVERAL for kind in kinds)


_SEVERAL = (
    msgspec.inspect.ListType,
    msgspec.inspect.SetType,
    msgspec.inspect.FrozenSetType,
    msgspec.inspect.VarTupleType,
    msgspec.inspect.TupleType,
)
