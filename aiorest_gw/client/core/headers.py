"""Fields that an application adds to the opening handshake; none of them may bring others with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["checked_headers"]

# RFC 9110 sections 5.1 and 5.5; of what is not ASCII each server thinks otherwise.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~]*")


def checked_headers(headers: Any) -> dict[str, str]:
    """
    :param headers: names and values; None: there are none.
    :raises TypeError: they are something else.
    :raises ValueError: a name or a value is none; what a value holds is never told.
    """
    if headers is None:
        return {}
    if not isinstance(headers, Mapping) or not all(
        isinstance(text, str) for pair in headers.items() for text in pair
    ):
        raise TypeError("headers are a dictionary of texts, as in {'Cookie': 'a=b'}")
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"a header has a name such as 'Origin', not {name!r:.100}")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name} has to be a text of printable ASCII, on one line")
    return dict(headers)
