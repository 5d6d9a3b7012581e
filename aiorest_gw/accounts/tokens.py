"""Which tokens were revoked, in the embedded store; the tokens themselves are kept nowhere."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from ..errors import ParsingTokenException
from .sqlite import SQLiteStore

__all__ = ["SQLiteTokens"]


class SQLiteTokens:
    """Revokes tokens until they expire by themselves.

    Of a token only its expiry, the SHA-256 of its ``jti`` and, where it was saved, its user's id are
    kept.

    :param store: where they are kept.
    :param now: seconds since the epoch.
    :param leeway: seconds after its expiry that a token is kept yet; no less than the leeway of the
        manager, which accepts it so long.
    """

    def __init__(
        self, store: SQLiteStore, now: Callable[[], float] = time.time, *, leeway: float = 60
    ) -> None:
        self._store = store
        self._now = now
        self._leeway = leeway

    def save(self, payload: dict[str, Any]) -> Deferred[None]:
        """Note a token that was made, so that :meth:`revoke_user` finds it.

        :param payload: its claims, as ``manager.verify`` returns them.
        :raises ParsingTokenException: it has no ``jti`` to be known by, or no ``sub``.
        """
        if payload.get("sub") is None:
            raise ParsingTokenException
        row = _required_key(payload), str(payload["sub"]), _expiry(payload)
        return self._change("INSERT OR REPLACE INTO saved_token VALUES (?, ?, ?)", row)

    def revoke(self, payload: dict[str, Any]) -> Deferred[None]:
        """Let a token count no longer.

        :param payload: its claims, as ``request.token_payload`` has them.
        :raises ParsingTokenException: it has no ``jti`` to be known by.
        """
        row = _required_key(payload), _expiry(payload)
        return self._change("INSERT OR REPLACE INTO revoked_token VALUES (?, ?)", row)

    def revoke_user(self, user_id: Any) -> Deferred[None]:
        """Let none of a user's saved tokens count any longer, as after a change of password.

        :param user_id: the ``sub`` of the tokens. Those that were not saved go on to count.
        """
        return self._change(
            "INSERT OR REPLACE INTO revoked_token "
            "SELECT id, expires FROM saved_token WHERE user_id = ?",
            (str(user_id),),
        )

    def is_revoked(self, payload: dict[str, Any]) -> Deferred[bool]:
        """Whether a token counts no longer."""
        key = _key(payload)

        def find(cursor: Any) -> bool:
            cursor.execute("SELECT 1 FROM revoked_token WHERE id = ?", (key,))
            return cursor.fetchone() is not None

        return self._store.interact(find)

    def _change(self, statement: str, values: tuple[Any, ...]) -> Deferred[None]:
        """Write, and forget what has expired, so that the tables stay small."""
        over = (self._now() - self._leeway,)

        def write(cursor: Any) -> None:
            cursor.execute("DELETE FROM revoked_token WHERE expires < ?", over)
            cursor.execute("DELETE FROM saved_token WHERE expires < ?", over)
            cursor.execute(statement, values)

        return self._store.interact(write)


def _key(payload: dict[str, Any]) -> str | None:
    jti = payload.get("jti")
    if not isinstance(jti, str):
        return None
    return hashlib.sha256(jti.encode("utf-8", "surrogatepass")).hexdigest()


def _required_key(payload: dict[str, Any]) -> str:
    key = _key(payload)
    if key is None:
        raise ParsingTokenException
    return key


def _expiry(payload: dict[str, Any]) -> float | None:
    """When a token expires by itself; None where it never does."""
    try:
        return None if payload.get("exp") is None else float(payload["exp"])
    except OverflowError:
        return None
