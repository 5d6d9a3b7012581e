"""Who makes a request, as views and permissions see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

__all__ = ["ANONYMOUS", "AbstractUser", "User"]


def _frozen(permissions: Iterable[Any]) -> frozenset[Any]:
    if isinstance(permissions, str):
        # A set of its letters is never what was meant.
        raise TypeError("permissions should be a set or list, not a text")
    return frozenset(permissions)


@attrs.frozen
class AbstractUser:
    """What every kind of user has; an application's own kind adds fields.

    :param id: the store's own.
    :param permissions: whatever the application's permissions look for.
    :param is_anonymous: nobody in particular.
    :param stamp: changes with the password, so that tokens which carry it end with it.
    """

    id: Any = None
    username: str = ""
    email: str = ""
    permissions: frozenset[Any] = attrs.field(default=(), converter=_frozen)
    first_name: str = ""
    last_name: str = ""
    is_active: bool = False
    is_superuser: bool = False
    is_staff: bool = False
    is_anonymous: bool = True
    stamp: str = attrs.field(default="", repr=False)

    @property
    def is_user(self) -> bool:
        """Whether this is somebody without special rights."""
        return not (self.is_anonymous or self.is_staff or self.is_superuser)

    def get_fullname(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    def is_authenticated(self) -> bool:
        """Whether this is somebody: known, and active."""
        return self.is_active and not self.is_anonymous

    def has_permission(self, permission: Any) -> bool:
        """Whether this is an active user who was given the permission."""
        return self.is_authenticated() and permission in self.permissions


@attrs.frozen
class User(AbstractUser):
    """A user, or nobody in particular where ``is_anonymous``."""


ANONYMOUS = User()
