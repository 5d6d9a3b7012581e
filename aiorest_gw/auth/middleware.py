"""Finds out who makes a request from its token."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..errors import BaseAuthException, ConfigurationError
from .tokens import JSONWebTokenManager, TokenRevokedException
from .users import ANONYMOUS, User

if TYPE_CHECKING:
    from ..messages import Request

__all__ = ["JSONWebTokenMiddleware", "TokenStore", "UserStore"]


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


class JSONWebTokenMiddleware:
    """Verifies ``request.token`` and sets ``request.user`` and ``request.token_payload``.

    What a view requires of them is checked behind the middlewares (:mod:`aiorest_gw.auth.permissions`).
    A token that is not valid is refused everywhere. The parameters may be set as attributes of a
    subclass instead, which is then given to the factory as a class.

    :param manager: verifies tokens.
    :param users: gives the user of a token; without it, the user is who the token says: ``sub`` as
        id, ``username``, ``permissions``.
    :param tokens: knows what was revoked.
    :raises ConfigurationError: there is no manager.
    """

    manager: ClassVar[JSONWebTokenManager | None] = None
    users: ClassVar[UserStore | None] = None
    tokens: ClassVar[TokenStore | None] = None

    def __init__(
        self,
        manager: JSONWebTokenManager | None = None,
        users: UserStore | None = None,
        tokens: TokenStore | None = None,
    ) -> None:
        # Not `or`: a store may be empty, and be false for that.
        self._manager = self.manager if manager is None else manager
        self._users = self.users if users is None else users
        self._tokens = self.tokens if tokens is None else tokens
        if self._manager is None:
            raise ConfigurationError(
                "JSONWebTokenMiddleware needs a manager: JSONWebTokenMiddleware(JSONWebTokenManager(…))"
            )

    def process_request(self, request: Request, handler: Any) -> Any:
        """Authenticate a request."""
        if request.token is None or request.token == "":
            return None
        return self._authenticate(request)

    async def _authenticate(self, request: Request) -> None:
        assert self._manager is not None
        payload = self._manager.verify(request.token)
        if self._tokens is not None and await _now_or_later(self._tokens.is_revoked(payload)):
            raise TokenRevokedException
        request.user = await self._user(payload)
        request.token_payload = payload

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
