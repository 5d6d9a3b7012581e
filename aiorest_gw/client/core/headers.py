"""Fields that an application adds to the opening handshake; none of them may bring others with it."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["checked_headers"]

# RFC 9110 sections 5.1 and 5.5; of what is not ASCII each server thinks otherwise.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~]*")


def checked_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """
    :raises ValueError: a name or a value is none; what a value holds is never told.
    """
    given = dict(headers or {})
    for name, value in given.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"a header has a name such as 'Origin', not {name!r:.100}")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name} has to be a text of printable ASCII, on one line")
    return given
