"""What is sent, and on which terms, in the forms that an application may give them."""

from __future__ import annotations

from math import inf
from typing import Any

import attrs

from ..messages import Push
from ..wire.prepared import Prepared
from .entries import Policy

__all__ = ["Terms", "checked_name", "prepared", "terms_from"]


@attrs.frozen
class Terms:
    """On which a push is sent.

    :param policy: what becomes of it where too much waits for a client.
    :param key: of those that take each other's place (``Policy.COALESCE``).
    :param volatile: it is skipped for whoever is away, or does not read.
    :param ttl: seconds after which it need not be sent any more; None: it is always worth sending.
    """

    policy: Policy = Policy.CLOSE
    key: str | None = None
    volatile: bool = False
    ttl: float | None = None

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "policy", policy_from(self.policy))
        if self.policy is Policy.COALESCE and not isinstance(self.key, str):
            raise ValueError("policy='coalesce' needs a key, a text")
        ttl = self.ttl
        if ttl is not None and not (isinstance(ttl, (int, float)) and 0 < ttl < inf):
            raise ValueError(f"ttl should be seconds, more than 0, not {ttl!r}")
        if not isinstance(self.volatile, bool):
            raise ValueError(f"volatile should be True or False, not {self.volatile!r}")


def policy_from(given: Any) -> Policy:
    """A policy, or the one of a name.

    :raises ValueError: there is none.
    """
    try:
        return Policy(given)
    except ValueError:
        known = ", ".join(repr(policy.value) for policy in Policy)
        raise ValueError(f"there is no policy {given!r}; there are {known}") from None


_AS_USUAL = Terms()
_KEYS = {"event_name", "data"}
_TERMS = {"policy", "key", "volatile", "ttl"}


def prepared(message: Any) -> Prepared:
    """The push that an application means.

    :param message: a push, prepared or not; a dictionary with ``event_name`` and perhaps ``data`` and
        nothing else; or the ``data`` of a push without a name.
    """
    if isinstance(message, Prepared):
        return message
    if isinstance(message, Push):
        return Prepared(message)
    if isinstance(message, dict) and "event_name" in message and message.keys() <= _KEYS:
        return Prepared(Push(message["event_name"], message.get("data")))
    return Prepared(Push(None, message))


def checked_name(event_name: Any) -> Any:
    """The name of a push, where that and its data are given one by one.

    :raises TypeError: it is a whole message.
    """
    whole = (
        isinstance(event_name, dict) and "event_name" in event_name and event_name.keys() <= _KEYS
    )
    if whole or isinstance(event_name, Push):
        raise TypeError(
            "give the name and the data of a push, such as 'said', 1, and not a message"
        )
    return event_name


def terms_from(given: dict[str, Any]) -> Terms:
    """Terms from keywords; a policy may be given by its name.

    :raises TypeError: a keyword is none of theirs.
    :raises ValueError: there is no such policy.
    """
    if not given:
        return _AS_USUAL
    unknown = given.keys() - _TERMS
    if unknown:
        raise TypeError(
            f"a push has no {unknown.pop()!r}; there are policy, key, volatile, ttl, receipt"
        )
    return Terms(**given)
