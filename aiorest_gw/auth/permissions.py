"""Who may use a view: classes in its ``permission_classes``, all of which have to agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..messages import Request

__all__ = ["AbstractPermission", "IsAuthenticated"]


class AbstractPermission:
    """A rule."""

    @staticmethod
    def check(request: Request, handler: Any) -> Any:
        """Whether the request may go on to the view; anything false refuses it with 403.

        May be ``async def``, or return a Deferred.

        :param handler: the view, a :class:`~aiorest_gw.routing.views.View`.
        """
        raise NotImplementedError


class IsAuthenticated(AbstractPermission):
    """The request is made by a known, active user."""

    @staticmethod
    def check(request: Request, handler: Any) -> bool:
        return request.user.is_authenticated()
