"""Who makes a request, as views and permissions see them."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["ANONYMOUS", "User"]


@attrs.frozen
class User:
    """A user, or nobody in particular where ``is_anonymous``."""

    id: Any = None
    username: str = ""
    email: str = ""
    permissions: frozenset[str] = frozenset()
    first_name: str = ""
    last_name: str = ""
    is_active: bool = False
    is_superuser: bool = False
    is_staff: bool = False
    is_anonymous: bool = True

    def is_authenticated(self) -> bool:
        """Whether this is somebody: known and active."""
        return self.is_active and not self.is_anonymous


ANONYMOUS = User()
