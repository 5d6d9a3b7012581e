"""Who a client is, for as long as its credentials last."""

from __future__ import annotations

import inspect
from typing import Any, Protocol

import attrs

from ..errors import BaseAuthException, TokenNotProvidedException
from .tokens import JSONWebTokenManager, TokenRevokedException
from .users import ANONYMOUS, User

__all__ = ["Authenticator", "Identity", "JSONWebTokenAuthenticator", "TokenStore", "UserStore"]


@attrs.frozen
class Identity:
    """Who a client is.

    :param user: nobody in particular, if not given.
    :param remaining: seconds for which that holds; None: for as long as the client is there.
    :param payload: what the verified token says.
    """

    user: Any = ANONYMOUS
    remaining: float | None = None
    payload: dict[str, Any] | None = None


class Authenticator(Protocol):
    """Finds out who a client is from its credentials."""

    def authenticate(self, token: str | None) -> Any:
        """An :class:`Identity`, at once or when awaited.

        :param token: None where the client has none.
        :raises BaseAuthException: the client is refused; at once, or when awaited.
        """


class UserStore(Protocol):
    """Where users come from."""

    def get_user_by_token_payload(self, payload: dict[str, Any]) -> Any:
        """The user whom a token was made for, or None; at once, or when awaited.

        An :class:`AbstractUser`, or what has its attributes.
        """


class TokenStore(Protocol):
    """Where it is known which tokens were revoked."""

    def is_revoked(self, payload: dict[str, Any]) -> Any:
        """Whether a token was revoked; at once, or when awaited."""


class JSONWebTokenAuthenticator:
    """Knows clients by their JSON Web Tokens.

    :param manager: verifies tokens.
    :param users: gives the user of a token; without it, the user is who the token says: ``sub`` as
        id, ``username``, ``permissions``.
    :param tokens: knows what was revoked.
    :param required: refuse clients without a token.
    """

    def __init__(
        self,
        manager: JSONWebTokenManager,
        users: UserStore | None = None,
        tokens: TokenStore | None = None,
        required: bool = False,
    ) -> None:
        self._manager = manager
        self._users = users
        self._tokens = tokens
        self._required = required

    async def authenticate(self, token: str | None) -> Identity:
        """Who shows a token.

        :raises BaseAuthException: the token is not valid, or there is none and one is required.
        """
        if token is None or token == "":
            if self._required:
                raise TokenNotProvidedException
            return Identity()
        payload = self._manager.verify(token)
        if self._tokens is not None and await _now_or_later(self._tokens.is_revoked(payload)):
            raise TokenRevokedException
        return Identity(await self._user(payload), self._manager.remaining(payload), payload)

    async def _user(self, payload: dict[str, Any]) -> Any:
        if self._users is None:
            return _user_of_claims(payload)
        user = await _now_or_later(self._users.get_user_by_token_payload(payload))
        if user is None or not user.is_active:
            raise BaseAuthException
        return user


async def _now_or_later(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


def _user_of_claims(payload: dict[str, Any]) -> User:
    subject = payload.get("sub")
    username = payload.get("username", subject)
    if subject in (None, "") and username in (None, ""):
        return ANONYMOUS
    permissions = payload.get("permissions")
    if not isinstance(permissions, list):
        permissions = []
    return User(
        id=subject,
        username="" if username is None else str(username),
        permissions={one for one in permissions if isinstance(one, str)},
        is_active=True,
        is_anonymous=False,
    )
