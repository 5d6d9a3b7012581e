"""Who is there: sessions by their ids and by their users."""

from __future__ import annotations

from typing import Any, Protocol

from ..errors import ServiceUnavailable
from .letters import Address, Whose

__all__ = ["Handler", "Registry", "TooManySessions"]


class Handler(Protocol):
    """What can be registered: one client, however it is connected."""

    @property
    def session_id(self) -> str: ...

    @property
    def user_id(self) -> Any: ...


class TooManySessions(ServiceUnavailable):
    """There may be no more at the same time."""

    default_detail = "There are too many sessions; try again later."


class Registry:
    """Sessions by their ids and by their users.

    :param most: at the same time; None: any number.
    :ivar highest: the highest number there was.
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = most
        self.highest = 0
        self._sessions: dict[str, Any] = {}
        self._users: dict[Any, dict[str, Any]] = {}
        # A handler may forget, or change, whose it is.
        self._users_of: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def full(self) -> bool:
        """Whether there may be no more."""
        return self.most is not None and len(self._sessions) >= self.most

    def add(self, handler: Handler) -> None:
        """One more; one that is there already is filed under the user that it has now.

        :raises TooManySessions: there may be no more.
        """
        session_id, user_id = handler.session_id, handler.user_id
        if session_id in self._sessions:
            self._forget_user(session_id)
        elif self.full:
            raise TooManySessions
        self._sessions[session_id] = handler
        self.highest = max(self.highest, len(self._sessions))
        if user_id is not None:
            self._users.setdefault(user_id, {})[session_id] = handler
            self._users_of[session_id] = user_id

    def remove(self, session_id: str) -> None:
        """One less; nothing happens if it was not there."""
        if self._sessions.pop(session_id, None) is not None:
            self._forget_user(session_id)

    def _forget_user(self, session_id: str) -> None:
        user_id = self._users_of.pop(session_id, None)
        if user_id is not None:
            of_user = self._users[user_id]
            del of_user[session_id]
            if not of_user:
                del self._users[user_id]

    def get(self, session_id: str) -> Any:
        """A session, or None."""
        return self._sessions.get(session_id)

    def user_of(self, session_id: str) -> Any:
        """Under which user a session is filed, or None."""
        return self._users_of.get(session_id)

    def at(self, to: Address) -> tuple[Any, ...]:
        """The sessions of an address."""
        if to.whose is Whose.EVERYBODY:
            return self.all()
        if to.whose is Whose.USER:
            return self.of_user(to.id)
        session = self._sessions.get(to.id)
        return () if session is None else (session,)

    def all(self) -> tuple[Any, ...]:
        """Everybody who is there now."""
        return tuple(self._sessions.values())

    def of_user(self, user_id: Any) -> tuple[Any, ...]:
        """The sessions of a user."""
        return tuple(self._users.get(user_id, {}).values())
