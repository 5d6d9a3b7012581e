"""Passwords are hashed and compared in threads, so that the reactor goes on meanwhile."""

from __future__ import annotations

import secrets
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from ..auth.passwords import SALT_BYTES, hash_password, verify_password
from ..server.waiting import Bound

__all__ = ["PasswordThreads"]


class PasswordThreads:
    """Runs :mod:`aiorest_gw.auth.passwords` in threads.

    :param reactor: the installed one if not given.
    :param pool: the threads; the reactor's own if not given.
    :param at_once: passwords that are worked on, each for some 50 ms of a processor.
    :param max_waiting: most passwords that wait for their turn; further ones are refused with
        :class:`~aiorest_gw.errors.ServiceUnavailable`. A log-in is the dearest thing that a stranger
        can ask for.
    """

    def __init__(
        self, reactor: Any = None, pool: Any = None, *, at_once: int = 4, max_waiting: int = 100
    ) -> None:
        self._reactor = reactor
        self._pool = pool
        self._bound = Bound(at_once, max_waiting)

    def hash(self, password: str) -> Deferred[str]:
        """What to store of a password, with a salt of its own."""
        return self._run(hash_password, password, secrets.token_bytes(SALT_BYTES))

    def verify(self, password: str, stored: str) -> Deferred[bool]:
        """Whether this is the password of what was stored."""
        return self._run(verify_password, password, stored)

    def _run(self, function: Any, *args: Any) -> Deferred[Any]:
        reactor = self._reactor
        if reactor is None:
            from twisted.internet import reactor
        pool = reactor.getThreadPool() if self._pool is None else self._pool
        return self._bound.admit(lambda: deferToThreadPool(reactor, pool, function, *args))
