"""Who may use a view: what it requires is checked directly before it, whoever found out the user.

A view with ``auth_required`` refuses requests of which no middleware found out who makes them, with
401; one with ``permission_classes`` those that a permission does not allow, with 403. Where no
middleware authenticates, a view that requires it is closed, not open.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING, Any

from ..arguments import several, takes
from ..errors import ConfigurationError, PermissionDeniedException, TokenNotProvidedException

if TYPE_CHECKING:
    from ..messages import Request

__all__ = ["AbstractPermission", "IsAuthenticated", "authorize", "checked_permissions"]


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


def checked_permissions(permissions: Any) -> tuple[Any, ...]:
    """A view's ``permission_classes``.

    :raises ConfigurationError: they are no list, or one of them has no ``check`` that can be called
        with a request and a view.
    """
    found = several("permission_classes", permissions)
    for one in found:
        check = getattr(one, "check", None)
        if check is None or check is AbstractPermission.check or not takes(check, "r", "h"):
            raise ConfigurationError(
                f"the permission {one!r} should have a static method check(request, handler)"
            )
    return found


def authorize(request: Request, view: Any) -> Awaitable[None] | None:
    """Let a request through to a view, or refuse it; the permissions are asked in their order.

    :param view: with ``auth_required`` and ``permission_classes``.
    :returns: None, or what is to be awaited first.
    :raises TokenNotProvidedException: nobody knows who makes the request; at once, or when awaited.
    :raises PermissionDeniedException: a permission does not allow it; likewise.
    """
    known = request.token_payload is not None or request.user.is_authenticated()
    if view.auth_required and not known:
        raise TokenNotProvidedException
    return _ask(iter(view.permission_classes), request, view)


def _ask(permissions: Iterator[Any], request: Request, view: Any) -> Awaitable[None] | None:
    for permission in permissions:
        allowed = permission.check(request, view)
        if inspect.isawaitable(allowed):
            return _wait(allowed, permissions, request, view)
        if not allowed:
            raise PermissionDeniedException
    return None


async def _wait(allowed: Awaitable[Any], rest: Iterator[Any], request: Request, view: Any) -> None:
    if not await allowed:
        raise PermissionDeniedException
    waiting = _ask(rest, request, view)
    if waiting is not None:
        await waiting
