"""Finds out who makes a request from its token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import ConfigurationError
from .identity import JSONWebTokenAuthenticator, TokenStore, UserStore
from .tokens import JSONWebTokenManager

if TYPE_CHECKING:
    from ..messages import Request

__all__ = ["JSONWebTokenMiddleware"]


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
        manager = self.manager if manager is None else manager
        if manager is None:
            raise ConfigurationError(
                "JSONWebTokenMiddleware needs a manager: JSONWebTokenMiddleware(JSONWebTokenManager(…))"
            )
        self._authenticator = JSONWebTokenAuthenticator(
            manager,
            self.users if users is None else users,
            self.tokens if tokens is None else tokens,
        )

    def process_request(self, request: Request, handler: Any) -> Any:
        """Authenticate a request."""
        if request.token is None or request.token == "":
            return None
        return self._authenticate(request)

    async def _authenticate(self, request: Request) -> None:
        identity = await self._authenticator.authenticate(request.token)
        request.user = identity.user
        request.token_payload = identity.payload
