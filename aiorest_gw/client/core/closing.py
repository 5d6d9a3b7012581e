"""What a gateway that closes a WebSocket asks of its client (``docs/wire-protocol.rst``, Closing)."""

from __future__ import annotations

import re

import attrs

from ...errors import CloseCode

__all__ = ["BROKEN", "Closing", "closing"]

# Broken protocol, broken text, too big.
BROKEN = frozenset({1002, 1007, 1009})
# Those, and what was left on purpose.
_FOR_GOOD = BROKEN | {1000, 1001}
# Seconds that whoever sent too much waits at least.
_RATE_LIMIT_WAIT = 1.0
# Of the seconds within which to come back: one that says none is not come back to without a pause.
_LEAST, _MOST = 1.0, 300.0
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\D*$")


@attrs.frozen
class Closing:
    """
    :param come_back: whether to connect again.
    :param within: seconds within which to do so, at random, in place of the usual wait.
    :param least: seconds to wait at least.
    :param new_token: the credentials are of no use any more.
    """

    come_back: bool
    within: float | None = None
    least: float = 0.0
    new_token: bool = False


def closing(code: int, reason: str) -> Closing:
    """What is asked with a close.

    :param code: 1006 where the connection was lost without one.
    """
    if code == CloseCode.DRAINING:
        found = _SECONDS.search(reason)
        return Closing(True, within=min(max(float(found[1]), _LEAST), _MOST) if found else None)
    if code == CloseCode.CREDENTIALS_EXPIRED:
        return Closing(True, new_token=True)
    if code == CloseCode.RATE_LIMIT:
        return Closing(True, least=_RATE_LIMIT_WAIT)
    return Closing(come_back=code not in _FOR_GOOD and not 4500 <= code <= 4999)
