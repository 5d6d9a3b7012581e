"""The todos, in SQLite. Every method blocks, so views that use it are ``@blocking``."""

from __future__ import annotations

import sqlite3
import threading
from datetime import date
from pathlib import Path

import attrs

from aiorest_gw.errors import NotFound

_SCHEMA = """
CREATE TABLE IF NOT EXISTS todo (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, due TEXT,
    done INTEGER NOT NULL DEFAULT 0
)
"""


@attrs.frozen
class Todo:
    id: int
    title: str
    due: date | None
    done: bool


class Todos:
    """:param path: the database's file, or ``:memory:``."""

    def __init__(self, path: str | Path) -> None:
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute(_SCHEMA)
        self._lock = threading.Lock()

    def all(self, owner: str) -> list[Todo]:
        rows = self._execute("SELECT * FROM todo WHERE owner = ? ORDER BY done, id", owner)
        return [_todo(row) for row in rows]

    def get(self, owner: str, id: int) -> Todo:
        rows = self._execute("SELECT * FROM todo WHERE owner = ? AND id = ?", owner, id)
        if not rows:
            raise NotFound(f"You have no todo {id}.")
        return _todo(rows[0])

    def add(self, owner: str, title: str, due: date | None) -> Todo:
        rows = self._execute(
            "INSERT INTO todo (owner, title, due) VALUES (?, ?, ?) RETURNING *",
            owner,
            title,
            due and due.isoformat(),
        )
        return _todo(rows[0])

    def set_done(self, owner: str, id: int, done: bool) -> Todo:
        self._execute("UPDATE todo SET done = ? WHERE owner = ? AND id = ?", done, owner, id)
        return self.get(owner, id)

    def remove(self, owner: str, id: int) -> None:
        self.get(owner, id)
        self._execute("DELETE FROM todo WHERE owner = ? AND id = ?", owner, id)

    def close(self) -> None:
        self._database.close()

    def _execute(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()


def _todo(row: tuple) -> Todo:
    id, _, title, due, done = row
    return Todo(id, title, due and date.fromisoformat(due), bool(done))
