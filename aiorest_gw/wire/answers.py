"""Responses and errors to the bytes of an answer (``docs/wire-protocol.rst``, plain dialect)."""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import APIError
from ..messages import Response
from .renderers import JSONRenderer

__all__ = ["checked_status", "render_error", "render_response"]

_JSON = JSONRenderer()
_render_json = _JSON.render


# The order of the fields is that of the wire.
class _Answer(msgspec.Struct):
    data: Any
    event_name: Any
    id: Any
    status: Any


class _Unnumbered(msgspec.Struct):
    data: Any
    event_name: Any


def render_response(response: Response, event_name: Any, id: Any) -> bytes:
    """The answer of a request that succeeded.

    :param event_name: the request's.
    :param id: the request's, or None.
    :raises SerializerError: the data cannot be written in the response's format.
    :raises ValueError: its status is no HTTP number.
    :raises TypeError: its renderer gives no bytes.
    """
    answer: _Answer | _Unnumbered
    if id is None:
        answer = _Unnumbered(response.data, event_name)
    else:
        status = response.status
        if type(status) is not int or not 100 <= status <= 599:
            status = checked_status(status)
        answer = _Answer(response.data, event_name, id, status)
    renderer = response.renderer
    if renderer is None or type(renderer) is JSONRenderer:
        return _render_json(answer)
    text = renderer.render({name: getattr(answer, name) for name in answer.__struct_fields__})
    if type(text) is not bytes:
        raise TypeError(
            f"{type(renderer).__qualname__}.render should return bytes, not {type(text).__name__}"
        )
    return text


def render_error(error: APIError, event_name: Any, id: Any) -> bytes:
    """The answer of a request that failed; always JSON, whatever format was asked for.

    :raises SerializerError: the error's ``detail`` cannot be written.
    :raises ValueError: its status is no HTTP number.
    """
    answer: dict[str, Any] = {"detail": error.detail, "event_name": event_name}
    if error.errors is not None:
        answer["errors"] = error.errors
    if id is not None:
        answer["id"] = id
        answer["status"] = checked_status(error.status)
    return _render_json(answer)


def checked_status(status: Any) -> int:
    """What a view set as status, where it is one (RFC 9110 section 15).

    :raises ValueError: it is none.
    """
    if isinstance(status, int) and 100 <= status <= 599:
        return int(status)
    raise ValueError(f"status should be an HTTP number, 100 to 599, not {status!r}")
