"""The token that a client shows its gateway, and where the next one comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .world import World

__all__ = ["Credentials", "Token"]

Token = str | None | Callable[[], Any]


class Credentials:
    """
    :param world: that a provider is awaited in.
    :param token: a token, or what gives one, at once or to be awaited; None: there is none.
    :raises TypeError: it is neither.
    :ivar token: the one to show; None, where there is none, or it has to be fetched first.
    """

    def __init__(self, world: World[Any], token: Token) -> None:
        if token is not None and not isinstance(token, str) and not callable(token):
            raise TypeError(f"a token is a text, or a function that gives one, not {token!r:.50}")
        self._world = world
        self._provider = token if callable(token) else None
        # Whether it was fetched for this very opening.
        self._fresh = False
        self.token = None if callable(token) else token

    @property
    def to_be_fetched(self) -> bool:
        """Whether a token has to be fetched before one can be shown."""
        return self._provider is not None and self.token is None

    async def fetch(self) -> None:
        """
        :raises Exception: what the provider raised, or that it gave no token.
        """
        assert self._provider is not None
        token = self._provider()
        if self._world.awaitable(token):
            token = await token
        if token is not None and not isinstance(token, str):
            raise TypeError(f"a token is a text, not {type(token).__name__}")
        self.token = token
        self._fresh = True

    def accepted(self) -> None:
        """The gateway has taken it; later it may have run out."""
        self._fresh = False

    def refused(self) -> bool:
        """The gateway has not taken it.

        :returns: whether another one may be.
        """
        if self._provider is None or self._fresh:
            return False
        self.token = None
        return True

    def expired(self) -> bool:
        """It has run out.

        :returns: whether there can be another one.
        """
        self._fresh = False
        return self.refused()

    def renew(self, token: str) -> None:
        """This is the one to show from now on."""
        self.token = token
