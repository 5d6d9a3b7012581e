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

    :param store: where it is kept.
    :param now: seconds since the epoch.
    """

    def __init__(self, store: SQLiteStore, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def revoke(self, payload: dict[str, Any]) -> Deferred[None]:
        """Let a token count no longer.

        :param payload: its claims, as ``request.token_payload`` has them.
        :raises ParsingTokenException: it has no ``jti`` to be known by.
        """
        key = _key(payload)
        if key is None:
            raise ParsingTokenException
        now, expires = self._now(), payload.get("exp")

        def write(cursor: Any) -> None:
            cursor.execute("DELETE FROM revoked_token WHERE expires < ?", (now,))
            cursor.execute("INSERT OR REPLACE INTO revoked_token VALUES (?, ?)", (key, expires))

        return self._store.interact(write)

    def is_revoked(self, payload: dict[str, Any]) -> Deferred[bool]:
        """Whether a token counts no longer."""
        key = _key(payload)

        def find(cursor: Any) -> bool:
            cursor.execute("SELECT 1 FROM revoked_token WHERE id = ?", (key,))
            return cursor.fetchone() is not None

        return self._store.interact(find)


def _key(payload: dict[str, Any]) -> str | None:
    jti = payload.get("jti")
    return hashlib.sha256(jti.encode()).hexdigest() if isinstance(jti, str) else None
