"""Who makes a request, and what they may do."""

from .identity import (
    Authenticator,
    Identity,
    JSONWebTokenAuthenticator,
    TokenStore,
    UserStore,
)
from .legacy import LegacyTokenVerifier
from .middleware import JSONWebTokenMiddleware
from .permissions import AbstractPermission, IsAuthenticated
from .tokens import JSONWebTokenManager, TokenRevokedException, WrongClaimException
from .users import ANONYMOUS, AbstractUser, User

__all__ = [
    "ANONYMOUS",
    "AbstractPermission",
    "AbstractUser",
    "Authenticator",
    "Identity",
    "IsAuthenticated",
    "JSONWebTokenAuthenticator",
    "JSONWebTokenManager",
    "JSONWebTokenMiddleware",
    "LegacyTokenVerifier",
    "TokenRevokedException",
    "TokenStore",
    "User",
    "UserStore",
    "WrongClaimException",
]
