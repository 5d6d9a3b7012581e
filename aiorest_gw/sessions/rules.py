"""Who may read and write which topics, and how much is kept of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from ..errors import ConfigurationError
from .engine import Retention
from .entries import Policy
from .terms import policy_from

__all__ = ["TopicRule", "TopicRules", "checked_topic", "wrong_in_topic"]

_LONGEST = 255
# What a name cannot hold: control characters, and the wildcards of rules.
_NOT_IN_NAME = re.compile(r"[\x00-\x1f\x7f*?#]")
May = bool | Callable[[Any, str], Any]


def wrong_in_topic(name: Any) -> str | None:
    """Why something is no name of a topic; None where it is one."""
    if not isinstance(name, str) or not name or len(name) > _LONGEST:
        return f"A topic's name has 1 to {_LONGEST} characters."
    if _NOT_IN_NAME.search(name) or name.startswith("~"):
        return "A topic's name holds no control characters nor *, ? and #, and begins with no ~."
    if name != name.strip() or not all(part.strip(".") for part in name.split("/")):
        return "A topic's name has no blanks at its ends, and no empty, . or .. parts."
    return None


def checked_topic(name: Any) -> str:
    """The name of a topic that an application gives, where it is one.

    :raises ValueError: it is not.
    """
    wrong = wrong_in_topic(name)
    if wrong is not None:
        raise ValueError(f"{repr(name)[:100]} is no name of a topic: {wrong}")
    return str(name)


@attrs.frozen
class TopicRule:
    """What holds for the topics of a pattern.

    :param pattern: a name; ``*`` stands for one part between slashes, ``**`` at the end for all that
        follow.
    :param read: whether clients may subscribe and read the history: for all, or a function of session
        and topic, which may be awaited.
    :param write: whether clients may publish, likewise.
    :param history: publications that are kept.
    :param history_seconds: for how long.
    :param history_size: bytes of them together, at most.
    :param presence: whether clients that may read see who is there.
    :param policy: what becomes of a publication where too much waits for a subscriber.
    :raises ConfigurationError: the pattern is none.
    """

    pattern: str
    read: May = False
    write: May = False
    history: int = 100
    history_seconds: float = 300.0
    history_size: int = 1_048_576
    presence: bool = True
    policy: Policy = Policy.CLOSE
    fits: Callable[[str], Any] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        parts = self.pattern.split("/") if isinstance(self.pattern, str) else []
        name = "/".join("x" if part in ("*", "**") else part for part in parts)
        if not parts or wrong_in_topic(name) or "**" in parts[:-1] or "{" in name:
            raise ConfigurationError(
                "a pattern of topics is parts between slashes, of which each may be *, and the last **; "
                f"not {self.pattern!r}"
            )
        numbers = (self.history, self.history_seconds, self.history_size)
        whole = isinstance(self.history, int) and isinstance(self.history_size, int)
        if not whole or not all(isinstance(n, (int, float)) and n >= 0 for n in numbers):
            raise ConfigurationError(
                f"the history of {self.pattern!r} should be numbers, 0 or more, not {numbers!r}"
            )
        for name in ("read", "write"):
            may = getattr(self, name)
            if not isinstance(may, bool) and not callable(may):
                raise ConfigurationError(f"{name} should be True, False or a function, not {may!r}")
        try:
            object.__setattr__(self, "policy", policy_from(self.policy))
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        words = {"*": "[^/]+", "**": ".+"}
        text = "/".join(words.get(part) or re.escape(part) for part in parts)
        object.__setattr__(self, "fits", re.compile(text).fullmatch)

    @property
    def retention(self) -> Retention:
        """How much is kept."""
        return Retention(self.history, self.history_seconds, self.history_size)


_NO_RULE = TopicRule("**")


class TopicRules:
    """Rules in order: of those whose patterns fit, the first holds.

    Where none fits, clients may neither read nor write.
    """

    def __init__(self, rules: Iterable[TopicRule] = ()) -> None:
        self._rules = tuple(rules)
        for rule in self._rules:
            if not isinstance(rule, TopicRule):
                raise ConfigurationError(f"topics should be a list of TopicRule, not {rule!r}")

    def rule(self, topic: str) -> TopicRule:
        """The rule that holds for a topic."""
        return next((rule for rule in self._rules if rule.fits(topic)), _NO_RULE)
