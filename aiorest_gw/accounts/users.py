"""Users in the embedded store."""

from __future__ import annotations

import hashlib
import sqlite3
import unicodedata
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from ..auth.passwords import UNMATCHABLE
from ..auth.users import User
from ..errors import (
    Conflict,
    NotEnoughArguments,
    NotFound,
    RequiredModelFieldsNotDefined,
    ValidationError,
)
from ..server.waiting import begun_at_once
from .passwords import PasswordThreads
from .sqlite import SQLiteStore

__all__ = ["SQLiteUsers"]

_TEXTS = ("email", "first_name", "last_name")
_FLAGS = ("is_active", "is_superuser", "is_staff")
# So far SQLite counts, with a digit to spare.
_LONGEST_ID = 18
# Hexadecimal digits.
_STAMP = 16
_COLUMNS = ("id", "username", "permissions", *_TEXTS, *_FLAGS)
_SELECT = f"SELECT {', '.join(_COLUMNS)}, password FROM user WHERE "  # noqa: S608 (our own names)


class SQLiteUsers:
    """Creates, changes and finds users. Passwords are hashed with scrypt, in threads.

    Every method returns a Deferred, and its errors come through it.

    :param store: where they are kept.
    :param passwords: hashes and compares; in the reactor's own threads if not given.
    """

    def __init__(self, store: SQLiteStore, passwords: PasswordThreads | None = None) -> None:
        self._store = store
        self._passwords = PasswordThreads() if passwords is None else passwords

    @begun_at_once
    async def create_user(self, username: str, password: str, **fields: Any) -> User:
        """Add a user.

        :param fields: ``email``, ``first_name``, ``last_name``, ``permissions`` (texts), ``is_active``,
            ``is_superuser``, ``is_staff``.
        :raises Conflict: there is a user of this name.
        :raises RequiredModelFieldsNotDefined: name or password is empty.
        :raises ValidationError: the name looks like another: it has blanks around it, characters that
            are not seen, or is not in its normal form (Unicode's NFKC).
        :raises TypeError: there is no such field, or a value is of a wrong type.
        """
        if not username or not password:
            raise RequiredModelFieldsNotDefined
        columns = {"username": _username(username), **_written(fields)}
        columns["password"] = await self._hash(password)
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        statement = f"INSERT INTO user ({names}) VALUES ({marks})"  # noqa: S608 (checked names)

        def insert(cursor: Any) -> tuple[Any, ...]:
            try:
                cursor.execute(statement, tuple(columns.values()))
            except sqlite3.IntegrityError:
                raise Conflict(f"There is a user {username!r} already.") from None
            return _required_row(cursor, username)

        return _user(await self._store.interact(insert))

    @begun_at_once
    async def update_user(self, username: str, **fields: Any) -> User:
        """Change a user.

        :param fields: as in :meth:`create_user`, and ``password``.
        :raises NotFound: there is no user of this name.
        :raises NotEnoughArguments: nothing is to be changed.
        :raises RequiredModelFieldsNotDefined: the password is empty.
        :raises TypeError: there is no such field, or a value is of a wrong type.
        """
        columns = _written({name: fields[name] for name in fields if name != "password"})
        if "password" in fields:
            if not fields["password"]:
                raise RequiredModelFieldsNotDefined
            columns["password"] = await self._hash(fields["password"])
        if not columns:
            raise NotEnoughArguments
        setters = ", ".join(f"{name} = ?" for name in columns)
        statement = f"UPDATE user SET {setters} WHERE username = ?"  # noqa: S608 (checked names)

        def change(cursor: Any) -> tuple[Any, ...]:
            cursor.execute(statement, (*columns.values(), _text("username", username)))
            if not cursor.rowcount:
                raise NotFound(f"There is no user {username!r}.")
            return _required_row(cursor, username)

        return _user(await self._store.interact(change))

    @begun_at_once
    async def get_user_by_username(self, username: str) -> User | None:
        """The user of this name, or None."""
        row = await self._row_of(username)
        return None if row is None else _user(row)

    @begun_at_once
    async def get_user_by_token_payload(self, payload: dict[str, Any]) -> User | None:
        """The user whom a token names as ``sub``, by id, or None.

        A token that has the user's ``stamp`` among its claims counts until the password is changed.
        """
        subject = str(payload.get("sub"))
        if not (subject.isascii() and subject.isdecimal() and len(subject) <= _LONGEST_ID):
            return None
        row = await self._store.interact(lambda cursor: _find(cursor, "id = ?", int(subject)))
        user = None if row is None else _user(row)
        return None if user is None or payload.get("stamp", user.stamp) != user.stamp else user

    @begun_at_once
    async def authenticate(self, username: str, password: str) -> User | None:
        """The active user of this name and password, or None; it is as much work either way."""
        row = await self._row_of(username)
        stored = UNMATCHABLE if row is None else row[-1]
        right = await self._passwords.verify(password, stored)
        user = None if row is None else _user(row)
        return user if user is not None and right and user.is_active else None

    async def _row_of(self, username: Any) -> tuple[Any, ...] | None:
        if not _is_storable(username):
            return None
        return await self._store.interact(lambda cursor: _find(cursor, "username = ?", username))

    def _hash(self, password: str) -> Deferred[str]:
        if not isinstance(password, str):
            raise TypeError("password should be a text")
        return self._passwords.hash(password)


def _find(cursor: Any, condition: str, value: Any) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = cursor.execute(_SELECT + condition, (value,)).fetchone()
    return row


def _required_row(cursor: Any, username: str) -> tuple[Any, ...]:
    """The row of a user who was written in the same transaction."""
    row = _find(cursor, "username = ?", username)
    assert row is not None
    return row


def _is_storable(value: Any) -> bool:
    """Whether it is a text that SQLite can hold, without lone surrogates."""
    return isinstance(value, str) and not any("\ud800" <= one <= "\udfff" for one in value)


def _text(name: str, value: Any) -> str:
    if not _is_storable(value):
        raise TypeError(f"{name} should be a text")
    return str(value)


def _username(value: Any) -> str:
    name = _text("username", value)
    if (
        name != name.strip()
        or not name.isprintable()
        or unicodedata.normalize("NFKC", name) != name
    ):
        raise ValidationError("This user name may not be told apart from others.")
    return name


def _permissions(value: Any) -> str:
    """Permissions as they are stored: a JSON array of texts, each once."""
    if isinstance(value, str):
        raise TypeError("permissions should be a list of texts")
    return msgspec.json.encode(sorted({_text("a permission", one) for one in value})).decode()


def _written(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as they are stored.

    :raises TypeError: there is no such field, or its value is of a wrong type.
    """
    columns: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "permissions":
            columns[name] = _permissions(value)
        elif name in _FLAGS:
            columns[name] = int(bool(value))
        elif name in _TEXTS:
            columns[name] = _text(name, value)
        else:
            raise TypeError(f"a user has no field {name!r}")
    return columns


def _user(row: tuple[Any, ...]) -> User:
    found = dict(zip(_COLUMNS, row, strict=False))
    found["permissions"] = msgspec.json.decode(found["permissions"])
    found |= {name: bool(found[name]) for name in _FLAGS}
    stamp = hashlib.sha256(row[-1].encode()).hexdigest()[:_STAMP]
    return User(is_anonymous=False, stamp=stamp, **found)
