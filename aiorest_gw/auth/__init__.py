"""Who makes a request, and what they may do."""

from .legacy import LegacyTokenVerifier
from .middleware import JSONWebTokenMiddleware, TokenStore, UserStore
from .permissions import AbstractPermission, IsAuthenticated
from .tokens import JSONWebTokenManager, TokenRevokedException, WrongClaimException
from .users import ANONYMOUS, AbstractUser, User

__all__ = [
    "ANONYMOUS",
    "AbstractPermission",
    "AbstractUser",
    "IsAuthenticated",
    "JSONWebTokenManager",
    "JSONWebTokenMiddleware",
    "LegacyTokenVerifier",
    "TokenRevokedException",
    "TokenStore",
    "User",
    "UserStore",
    "WrongClaimException",
]
