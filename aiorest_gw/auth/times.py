"""Whether a token's time has come and is not over (RFC 7519 sections 4.1.4 and 4.1.5)."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ParsingTokenException, TokenExpiredException, TokenNotBeforeException

__all__ = ["check_times"]


def check_times(payload: dict[str, Any], now: float, leeway: float) -> None:
    """Refuse a token before its ``nbf`` and from its ``exp`` on.

    :param now: seconds since the epoch.
    :param leeway: seconds that the clocks may differ.
    :raises TokenNotBeforeException: it has not come.
    :raises TokenExpiredException: it is over.
    :raises ParsingTokenException: its times are no numbers, or ``NaN`` or ``Infinity``, which JSON has
        not but Python reads, and which would never be over.
    """
    times = {name: payload.get(name) for name in ("nbf", "exp")}
    for value in times.values():
        if value is not None and not _is_time(value):
            raise ParsingTokenException
    if times["nbf"] is not None and times["nbf"] > now + leeway:
        raise TokenNotBeforeException
    if times["exp"] is not None and times["exp"] <= now - leeway:
        raise TokenExpiredException


def _is_time(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)
