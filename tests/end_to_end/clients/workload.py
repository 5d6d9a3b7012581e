"""What each client is sent and asks, and what it saw of that."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import attrs

__all__ = ["AT_ONCE", "Seen", "Workload"]

# Requests that are open at the same time.
AT_ONCE = 16
# Of each step; what they are together is a step's size.
_PUSHES, _PUBLICATIONS, _REQUESTS, _PARTS, _ASKED = 20, 10, 5, 4, 1
_STEP = _PUSHES + _PUBLICATIONS + _REQUESTS + _PARTS + _ASKED
# Of what is wrong no more is told.
_MOST_TOLD = 5


@attrs.frozen
class Workload:
    """
    :param steps: it has, of 40 messages each.
    :param answers: whether the client is asked by the gateway.
    """

    steps: int
    answers: bool = True

    @classmethod
    def of(cls, messages: int) -> Workload:
        """So many messages, or a few less."""
        return cls(max(1, messages // _STEP))

    @property
    def requests(self) -> int:
        return self.steps * _REQUESTS

    @property
    def parts(self) -> int:
        return self.steps * _PARTS

    @property
    def asked(self) -> int:
        return self.steps * _ASKED * self.answers

    def begin(self) -> dict[str, int]:
        """What the application is asked for."""
        return {
            "steps": self.steps,
            "pushes": _PUSHES,
            "publications": _PUBLICATIONS,
            "asked": _ASKED * self.answers,
        }

    def expected(self) -> dict[str, Any]:
        """What a client has to have seen that lost nothing."""
        return {
            "pushes": self.steps * _PUSHES,
            "publications": self.steps * _PUBLICATIONS,
            "answers": self.requests,
            "unknown": 0,
            "parts": self.parts,
            "asked": self.asked,
            "wrong": [],
            "lost": [],
        }


@attrs.define
class Seen:
    """What one client saw.

    :param workload: that it should see.
    :ivar unknown: requests of which nobody knows whether they ran.
    """

    workload: Workload
    pushes: int = 0
    publications: int = 0
    answers: int = 0
    unknown: int = 0
    parts: int = 0
    asked: Counter[int] = attrs.field(factory=Counter)
    opened: int = 0
    resumed: int = 0
    lost: list[str] = attrs.field(factory=list)
    wrong: list[str] = attrs.field(factory=list)
    failure: str = ""

    def push(self, number: int) -> None:
        self._next("push", number, self.pushes)
        self.pushes += 1

    def publication(self, number: int, offset: int | None) -> None:
        self._next("publication", number, self.publications)
        self.publication_at(offset)

    def publication_at(self, offset: int | None) -> None:
        """One that says nothing of its own number."""
        self._next("offset", offset, self.publications + 1)
        self.publications += 1

    def answer(self, asked: int, answered: Any) -> None:
        self._next("answer", answered, asked)
        self.answers += 1

    def part(self, number: int) -> None:
        self._next("part", number, self.parts)
        self.parts += 1

    def ask(self, number: int) -> int:
        """The gateway asks for a number."""
        self.asked[number] += 1
        if self.asked[number] > 1:
            self._tell(f"request {number} of the gateway ran {self.asked[number]} times")
        return number

    def _next(self, kind: str, came: Any, due: int) -> None:
        if came != due:
            self._tell(f"{kind} {came} came where {due} is the next")

    def _tell(self, wrong: str) -> None:
        if len(self.wrong) < _MOST_TOLD:
            self.wrong.append(wrong)

    def state(self, state: Any, reason: str) -> None:
        """Takes what ``on_state`` tells."""
        self.opened += state.value == "open"

    def resume(self) -> None:
        self.resumed += 1

    def loss(self, loss: Any) -> None:
        self.lost.append(f"{loss.topic or 'session'}: {loss.reason}")

    @property
    def all_came(self) -> bool:
        """Whether what the application sends by itself is here."""
        due = self.workload.expected()
        came = {"pushes": self.pushes, "publications": self.publications, "asked": len(self.asked)}
        return all(came[kind] >= due[kind] for kind in came)

    def print(self) -> None:
        """Tell it to whoever started this process."""
        told = attrs.asdict(self, filter=lambda field, _: field.name != "workload")
        json.dump(told | {"asked": len(self.asked)}, sys.stdout)
        print(flush=True)
