"""One SQLite database, used from a thread of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import ServiceUnavailable
from ..server.waiting import Bound

__all__ = ["SQLiteStore"]

T = TypeVar("T")

# AUTOINCREMENT: the id of a user who was deleted is given to nobody else, whom old tokens would fit.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
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
CREATE TABLE IF NOT EXISTS saved_token (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    expires REAL
);
CREATE INDEX IF NOT EXISTS saved_token_expires ON saved_token (expires);
CREATE INDEX IF NOT EXISTS saved_token_user ON saved_token (user_id);
"""


class SQLiteStore:
    """The database of :class:`SQLiteUsers` and :class:`SQLiteTokens`.

    One connection in one thread, so that ``:memory:`` is one database and writes do not collide. A
    file is in WAL mode, so that other processes can read while it is written.

    :param path: its file, made where it is missing; or ``:memory:``.
    :param reactor: the installed one if not given.
    :param max_waiting: most pieces of work at the same time; further ones are refused.
    """

    log = Logger()

    def __init__(
        self, path: str | Path = ":memory:", reactor: Any = None, *, max_waiting: int = 1_000
    ) -> None:
        options = {} if reactor is None else {"cp_reactor": reactor}
        self._bound = Bound(max_waiting)
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
        :raises ServiceUnavailable: the database failed, as the log says; or the store is closed, or too
            much waits for it. Raised through the Deferred.
        """
        if self._pool.threadpool.joined:
            # Its threads would take the work, and never say a word about it.
            return fail(ServiceUnavailable("The accounts are closed."))
        return self._bound.admit(
            lambda: self._pool.runInteraction(work).addErrback(self._say_unavailable)
        )

    def _say_unavailable(self, failure: Failure) -> Failure:
        if failure.check(sqlite3.Error) is None:
            return failure
        self.log.failure("the accounts' database failed", failure)
        return Failure(ServiceUnavailable("The accounts are not available."))

    def close(self) -> None:
        """Close the database; what was asked of it before is done first. Again is no error."""
        if self._pool.startID is not None:
            # The reactor does not run yet. What waits for it would be dropped without a word.
            self._pool.start()
        if self._pool.running:
            self._pool.close()


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(_SCHEMA)
    connection.commit()
