"""One SQLite database, used from threads of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred

__all__ = ["SQLiteStore"]

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS user (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    email TEXT NOT NULL DEFAULT '',
    permissions TEXT NOT NULL DEFAULT '[]',
    first_name TEXT NOT NULL DEFAULT '',
    last_name TEXT NOT NULL DEFAULT '',
    is_active INTEGER NOT NULL DEFAULT 1,
    is_superuser INTEGER NOT NULL DEFAULT 0,
    is_staff INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS revoked_token (
    id TEXT PRIMARY KEY,
    expires REAL
);
CREATE INDEX IF NOT EXISTS revoked_token_expires ON revoked_token (expires);
"""


class SQLiteStore:
    """The database of :class:`SQLiteUsers` and :class:`SQLiteTokens`.

    One connection in one thread, so that ``:memory:`` is one database and writes do not collide.

    :param path: its file, made where it is missing; or ``:memory:``.
    :param reactor: the installed one if not given.
    """

    def __init__(self, path: str | Path = ":memory:", reactor: Any = None) -> None:
        options = {} if reactor is None else {"cp_reactor": reactor}
        self._pool = ConnectionPool(
            "sqlite3",
            str(path),
            check_same_thread=False,
            cp_min=1,
            cp_max=1,
            cp_openfun=_prepare,
            cp_name="aiorest_gw accounts",
            **options,
        )

    def interact(self, work: Callable[[Any], T]) -> Deferred[T]:
        """Do something in one transaction.

        :param work: takes a cursor, in the store's thread.
        """
        interaction: Deferred[T] = self._pool.runInteraction(work)
        return interaction

    def close(self) -> None:
        """Close the database; what was asked of it before is done first. Again is no error."""
        if self._pool.running:
            self._pool.close()


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=5000")
    connection.executescript(_SCHEMA)
    connection.commit()
