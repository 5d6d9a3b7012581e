"""A path as it is registered, ``/users/{id:int}``, and back from values to a URL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

import attrs

from ..errors import EndpointValueError

__all__ = ["BUILT_IN_TYPES", "Parameter", "ParameterType", "Path", "parse_path", "segments_of"]


@attrs.frozen(eq=False)
class ParameterType:
    """What a parameter of a path may hold.

    :param name: as written behind the colon.
    :param parse: text to value; raises ValueError where the text is of another type.
    :param format: value to text, for :meth:`~aiorest_gw.SimpleRouter.reverse`.
    :param python_type: what ``parse`` returns.
    :param rank: where several types fit a segment, the lowest rank is tried first.
    :param whole_rest: it takes all that is left of the path, slashes included.
    """

    name: str
    parse: Callable[[str], Any]
    format: Callable[[Any], str] = str
    python_type: Any = str
    rank: int = 50
    whole_rest: bool = False


def _matching(pattern: str, convert: Callable[[str], Any]) -> Callable[[str], Any]:
    fits = re.compile(pattern, re.ASCII).fullmatch

    def parse(text: str) -> Any:
        if fits(text) is None:
            raise ValueError(text)
        return convert(text)

    return parse


def _float(text: str) -> float:
    number = float(text)
    # Rounded up it can have one digit more than fits.
    if abs(number) >= 1e30:
        raise ValueError(text)
    return number


def _without_exponent(number: float) -> str:
    return format(Decimal(repr(number)), "f")


# An int of 18 digits fits every database and every JSON reader's 64 bits.
_INT = ParameterType("int", _matching(r"-?\d{1,18}", int), python_type=int, rank=10)
_FLOAT = ParameterType(
    "float", _matching(r"-?\d{1,30}(\.\d{1,30})?", _float), _without_exponent, float, 20
)
_UUID = ParameterType(
    "uuid",
    _matching(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", UUID),
    python_type=UUID,
    rank=30,
)
_STR = ParameterType("str", str, rank=90)
_PATH = ParameterType("path", str, rank=100, whole_rest=True)

BUILT_IN_TYPES: Mapping[str, ParameterType] = {
    type.name: type for type in (_INT, _FLOAT, _UUID, _STR, _PATH)
}


@attrs.frozen
class Parameter:
    """One ``{name:type}`` of a path."""

    name: str
    type: ParameterType

    def quote(self, value: Any) -> str:
        """The value as a part of a URL (RFC 3986 section 2.1).

        :raises ValueError: the value is not of the parameter's type.
        """
        try:
            text = self.type.format(value)
            # Back again, since a path that does not resolve to this route is worth nothing.
            self.type.parse(text)
        except (TypeError, ValueError, ArithmeticError):
            text = ""
        if not text:
            raise ValueError(f"{value!r} does not fit {{{self.name}:{self.type.name}}}")
        if not self.type.whole_rest:
            return _quote_segment(text)
        quoted = "/".join(map(_quote_segment, text.split("/")))
        # A slash at an end would be taken for one of the path around the value.
        if quoted.startswith("/"):
            quoted = "%2F" + quoted[1:]
        return quoted[:-1] + "%2F" if quoted.endswith("/") else quoted


def _quote_segment(text: str) -> str:
    quoted = quote(text, safe="")
    # A segment of dots alone would be folded away by whoever normalises the URL.
    return quoted.replace(".", "%2E") if text in (".", "..") else quoted


@attrs.frozen
class Path:
    """A registered path, taken apart.

    :param text: as registered, without blanks around it.
    :param segments: its parts between slashes, each a fixed text or a parameter.
    """

    text: str
    segments: tuple[str | Parameter, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(part for part in self.segments if isinstance(part, Parameter))

    def fill(self, values: Mapping[str, Any]) -> str:
        """The path with these values in it, percent-encoded.

        :raises ValueError: a value does not fit its parameter.
        """
        parts = [
            part.quote(values[part.name]) if isinstance(part, Parameter) else quote(part)
            for part in self.segments
        ]
        slash = "/" if self.text.endswith("/") and parts else ""
        return "/" + "/".join(parts) + slash


_PARAMETER = re.compile(r"\{([^\W\d]\w*)(?::([^\W\d]\w*))?\}")

# Parameters as other frameworks write them, and what ends a path (RFC 3986 section 3.3).
_FOREIGN = re.compile(r"^:\w|[<>?#*]")


def parse_path(text: str, types: Mapping[str, ParameterType]) -> Path:
    """Take a path apart.

    :param text: such as ``/users/{id:int}/notes``; a trailing slash is optional.
    :param types: the parameter types that may be named.
    :raises EndpointValueError: braces, names or types are not right.
    """
    text = text.strip()
    parts = text.strip("/").split("/") if text.strip("/") else []
    segments = tuple(_segment(part, text, types) for part in parts)
    names = [part.name for part in segments if isinstance(part, Parameter)]
    if len(set(names)) != len(names):
        raise EndpointValueError(f"{text!r} names a parameter twice")
    for part in segments[:-1]:
        if isinstance(part, Parameter) and part.type.whole_rest:
            raise EndpointValueError(f"{text!r} goes on after a {{{part.name}:{part.type.name}}}")
    return Path(text, segments)


def _segment(part: str, path: str, types: Mapping[str, ParameterType]) -> str | Parameter:
    if "{" not in part and "}" not in part:
        if not part:
            raise EndpointValueError(f"{path!r} has an empty part between two slashes")
        if _FOREIGN.search(part):
            raise EndpointValueError(
                f"{part!r} in {path!r} would never be found; a parameter is written {{name}} or "
                "{name:type}, and a query is no part of the path"
            )
        return part
    found = _PARAMETER.fullmatch(part)
    if found is None:
        raise EndpointValueError(
            f"{part!r} in {path!r} is not of the form {{name}} or {{name:type}}"
        )
    type = types.get(found[2] or "str")
    if type is None and found[1] in types:
        raise EndpointValueError(f"{part!r} in {path!r} should be {{{found[2]}:{found[1]}}}")
    if type is None:
        raise EndpointValueError(
            f"{path!r} names the type {found[2]!r}, known are: {', '.join(types)}"
        )
    return Parameter(found[1], type)


def segments_of(path: str) -> list[str]:
    """A requested path's parts between slashes, percent-decoded; the first and last slash cut."""
    parts = path[1:-1].split("/") if path.endswith("/") else path[1:].split("/")
    return [unquote(part) for part in parts] if "%" in path else parts
