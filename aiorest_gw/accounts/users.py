"""Users in the embedded store."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from ..auth.passwords import SALT_BYTES, hash_password, verify_password
from ..auth.users import User
from ..errors import Conflict, NotEnoughArguments, NotFound, RequiredModelFieldsNotDefined
from .sqlite import SQLiteStore

__all__ = ["SQLiteUsers"]

_TEXTS = ("email", "first_name", "last_name")
_FLAGS = ("is_active", "is_superuser", "is_staff")
_COLUMNS = ("id", "username", "permissions", *_TEXTS, *_FLAGS)
_SELECT = f"SELECT {', '.join(_COLUMNS)}, password FROM user WHERE "  # noqa: S608 (our own names)


class SQLiteUsers:
    """Creates, changes and finds users. Passwords are hashed with scrypt, in threads.

    :param store: where they are kept.
    """

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store
        # What an unknown user's password is compared with, so that it takes as long as a known one's.
        self._nobody = hash_password(secrets.token_urlsafe(), secrets.token_bytes(SALT_BYTES))

    async def create_user(self, username: str, password: str, **fields: Any) -> User:
        """Add a user.

        :param fields: ``email``, ``first_name``, ``last_name``, ``permissions`` (texts), ``is_active``,
            ``is_superuser``, ``is_staff``.
        :raises Conflict: there is a user of this name.
        :raises RequiredModelFieldsNotDefined: name or password is empty.
        :raises TypeError: there is no such field.
        """
        if not username or not password:
            raise RequiredModelFieldsNotDefined
        columns = {"username": username, **_written(fields)}
        columns["password"] = await self._hash(password)
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        statement = f"INSERT INTO user ({names}) VALUES ({marks})"  # noqa: S608 (checked names)
        try:
            await self._store.interact(
                lambda cursor: cursor.execute(statement, tuple(columns.values())) and None
            )
        except sqlite3.IntegrityError:
            raise Conflict(f"There is a user {username!r} already.") from None
        user = await self.get_user_by_username(username)
        assert user is not None
        return user

    async def update_user(self, username: str, **fields: Any) -> User:
        """Change a user.

        :param fields: as in :meth:`create_user`, and ``password``.
        :raises NotFound: there is no user of this name.
        :raises NotEnoughArguments: nothing is to be changed.
        :raises TypeError: there is no such field.
        """
        password = fields.pop("password", None)
        columns = _written(fields)
        if password is not None:
            columns["password"] = await self._hash(password)
        if not columns:
            raise NotEnoughArguments
        setters = ", ".join(f"{name} = ?" for name in columns)
        statement = f"UPDATE user SET {setters} WHERE username = ?"  # noqa: S608 (checked names)

        def change(cursor: Any) -> int:
            cursor.execute(statement, (*columns.values(), username))
            count: int = cursor.rowcount
            return count

        if not await self._store.interact(change):
            raise NotFound(f"There is no user {username!r}.")
        user = await self.get_user_by_username(username)
        assert user is not None
        return user

    async def get_user_by_username(self, username: str) -> User | None:
        """The user of this name, or None."""
        row = await self._row("username = ?", username)
        return None if row is None else _user(row)

    async def get_user_by_token_payload(self, payload: dict[str, Any]) -> User | None:
        """The user whom a token names as ``sub``, by id, or None."""
        subject = payload.get("sub")
        if not isinstance(subject, (int, str)) or not str(subject).isdecimal():
            return None
        if len(str(subject)) > 18:
            return None
        row = await self._row("id = ?", int(subject))
        return None if row is None else _user(row)

    async def authenticate(self, username: str, password: str) -> User | None:
        """The active user of this name and password, or None; it takes as long either way."""
        row = await self._row("username = ?", username)
        stored = self._nobody if row is None else row[-1]
        right = await deferToThread(verify_password, password, stored)
        user = None if row is None else _user(row)
        return user if user is not None and right and user.is_active else None

    def _row(self, condition: str, value: Any) -> Deferred[tuple[Any, ...] | None]:
        def find(cursor: Any) -> tuple[Any, ...] | None:
            row: tuple[Any, ...] | None = cursor.execute(_SELECT + condition, (value,)).fetchone()
            return row

        return self._store.interact(find)

    async def _hash(self, password: str) -> str:
        return await deferToThread(hash_password, password, secrets.token_bytes(SALT_BYTES))


def _written(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as they are stored.

    :raises TypeError: there is no such field, or its value is of a wrong type.
    """
    columns: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "permissions":
            columns[name] = msgspec.json.encode(sorted(value)).decode()
        elif name in _FLAGS:
            columns[name] = int(bool(value))
        elif name in _TEXTS:
            if not isinstance(value, str):
                raise TypeError(f"{name} should be a text")
            columns[name] = value
        else:
            raise TypeError(f"a user has no field {name!r}")
    return columns


def _user(row: tuple[Any, ...]) -> User:
    found = dict(zip(_COLUMNS, row, strict=False))
    found["permissions"] = msgspec.json.decode(found["permissions"])
    found |= {name: bool(found[name]) for name in _FLAGS}
    return User(is_anonymous=False, **found)
