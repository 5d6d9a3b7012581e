"""What an application gives its channels is checked when it gives it, and told in its words."""

from __future__ import annotations

from typing import Any

from ..sessions.entries import Policy
from ..sessions.surroundings import Surroundings
from .messages import PageMessage

__all__ = [
    "checked_dispatcher",
    "checked_dispatchers",
    "checked_message",
    "checked_policy",
    "checked_surroundings",
    "is_made",
    "policy_of_message",
]

_POLICIES = {
    known: policy
    for policy in Policy
    if policy is not Policy.CLOSE
    for known in (policy, policy.value)
}


def checked_policy(given: Any) -> Policy:
    """A policy, or the one of a name.

    :raises ValueError: there is none, or it closes.
    """
    try:
        return _POLICIES[given]
    except (KeyError, TypeError):
        if given in (Policy.CLOSE, Policy.CLOSE.value):
            wrong = "a channel closes no page"
        else:
            wrong = f"there is no policy {given!r}"
        known = ", ".join(repr(name) for name in _POLICIES if isinstance(name, str))
        raise ValueError(f"{wrong}: the policies of a channel are {known}") from None


def policy_of_message(given: Any, key: Any, otherwise: Policy) -> Policy:
    """The policy of one message.

    :param otherwise: what holds where none is given.
    :raises ValueError: there is no such policy, or it needs another key.
    """
    if given is None:
        return otherwise
    policy = checked_policy(given)
    if policy is Policy.COALESCE and not isinstance(key, str):
        raise ValueError(f"policy='coalesce' needs a key, a text, not {key!r}")
    return policy


def checked_message(value: Any) -> PageMessage:
    """
    :raises TypeError: it is none.
    """
    if not isinstance(value, PageMessage):
        raise TypeError(f"what is sent to a page is a PageMessage, not {value!r:.100}")
    return value


def checked_dispatcher(value: Any) -> Any:
    """
    :raises TypeError: it is no channel.
    """
    if not is_made(value, "submit", "__aenter__", "__aexit__"):
        raise TypeError(
            "a channel is a FrontEndWebSocketDispatcher, or has a submit(message) and can be "
            f"entered with async with: {value!r} is not"
        )
    return value


def checked_dispatchers(hub: Any, messages: Any) -> None:
    """
    :raises TypeError: the hub has no channels, or ``messages`` takes none of what pages say.
    """
    if not is_made(hub, "get_dispatcher", "__aenter__", "__aexit__"):
        raise TypeError(f"hub should be a FrontEndDispatcher, not {hub!r:.100}")
    if not is_made(messages, "submit", "register_handler"):
        raise TypeError(
            f"messages should be a MessageFromFrontEndDispatcher, not {messages!r:.100}"
        )


def checked_surroundings(value: Any) -> Surroundings | None:
    """
    :raises TypeError: they are none.
    """
    if value is not None and not is_made(value, "now", "later", "waiting"):
        raise TypeError(
            "surroundings should be manager.surroundings, loop_surroundings(loop) or "
            f"reactor_surroundings(reactor), not {value!r}"
        )
    found: Surroundings | None = value
    return found


def is_made(value: Any, *methods: str) -> bool:
    """Whether it is an object that has these methods, and not a class of such."""
    return not isinstance(value, type) and all(
        callable(getattr(value, name, None)) for name in methods
    )
