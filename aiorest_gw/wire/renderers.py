"""Answers to bytes: the formats that a view can answer in."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID
from xml.sax.saxutils import escape

import msgspec

from ..errors import SerializerError

__all__ = ["BaseRenderer", "JSONRenderer", "XMLRenderer"]

_encode = msgspec.json.Encoder().encode
_LINE_SEPARATORS = {b"\xe2\x80\xa8": b"\\u2028", b"\xe2\x80\xa9": b"\\u2029"}
# What a name cannot hold, at its beginning and elsewhere.
_NOT_IN_NAME = re.compile(r"^[\d.\-]|[^\w.\-]", re.ASCII)
_XML_NAME = re.compile(r"[A-Za-z_][\w.\-]*", re.ASCII)
# XML 1.0 section 2.2: what no document can hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# What XML holds as Python writes it.
_AS_TEXT = (datetime, date, time, timedelta, Decimal, UUID)


class BaseRenderer:
    """Writes an answer; a subclass sets ``format`` and overrides :meth:`render`."""

    format: ClassVar[str] = ""

    def render(self, data: Any) -> bytes:
        """The answer as bytes, in UTF-8.

        :param data: the whole answer, an object with ``data``, ``event_name`` and so on.
        :raises SerializerError: it cannot be written in this format.
        """
        raise NotImplementedError


class JSONRenderer(BaseRenderer):
    """Compact JSON in UTF-8, with U+2028 and U+2029 escaped so that it is JavaScript too."""

    format = "json"

    def render(self, data: Any) -> bytes:
        try:
            text = _encode(data)
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            text = self._with_text_keys(data, error)
        if not text.isascii() and b"\xe2\x80" in text:
            for character, escaped in _LINE_SEPARATORS.items():
                text = text.replace(character, escaped)
        return text

    def _with_text_keys(self, data: Any, error: Exception) -> bytes:
        """Once more with ``None``, ``True`` and ``False`` as keys, written as JSON's own words."""
        try:
            return _encode(_text_keys(data))
        except (TypeError, ValueError, RecursionError, OverflowError):
            raise SerializerError from error


def _text_keys(data: Any) -> Any:
    if isinstance(data, msgspec.Struct):
        data = msgspec.structs.asdict(data)
    if isinstance(data, dict):
        return {
            _KEYS[key] if key is None or key is True or key is False else key: _text_keys(value)
            for key, value in data.items()
        }
    if isinstance(data, (list, tuple)):
        return [_text_keys(item) for item in data]
    return data


_KEYS = {None: "null", True: "true", False: "false"}


class XMLRenderer(BaseRenderer):
    """``<root>`` with an element for each key, and ``<list-item>`` for each item of a list.

    Characters that XML cannot hold are written as U+FFFD; those that a name cannot hold as
    ``_xHHHH_``, their number (ISO/IEC 9075-14).
    """

    format = "xml"
    root_name: ClassVar[str] = "root"
    item_tag_name: ClassVar[str] = "list-item"

    def render(self, data: Any) -> bytes:
        parts = ['<?xml version="1.0" encoding="utf-8"?>\n']
        try:
            plain = msgspec.to_builtins(data, str_keys=True, builtin_types=_AS_TEXT)
            self._element(self.root_name, plain, parts)
            return "".join(parts).encode()
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            raise SerializerError from error

    def _element(self, name: str, value: Any, parts: list[str]) -> None:
        if not _XML_NAME.fullmatch(name):
            name = _NOT_IN_NAME.sub(lambda found: f"_x{ord(found[0]):04X}_", name) or "_x_"
        parts.append(f"<{name}>")
        if isinstance(value, dict):
            for key, item in value.items():
                self._element(key, item, parts)
        elif isinstance(value, (list, tuple, set, frozenset)):
            for item in value:
                self._element(self.item_tag_name, item, parts)
        elif value is not None:
            parts.append(escape(_NOT_XML.sub("\ufffd", str(value))))
        parts.append(f"</{name}>")
