"""Users and tokens that are kept: the embedded store, and settings from the environment."""

from .passwords import PasswordThreads
from .settings import token_manager_from_environment
from .sqlite import SQLiteStore
from .tokens import SQLiteTokens
from .users import SQLiteUsers

__all__ = [
    "PasswordThreads",
    "SQLiteStore",
    "SQLiteTokens",
    "SQLiteUsers",
    "token_manager_from_environment",
]
