"""The suite's reports to verdicts, and those to a table and a status."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import attrs

from .cases import INFORMATIONAL, Group

__all__ = ["Outcome", "Verdict", "conforms", "read_verdicts", "table"]


class Verdict(Enum):
    """Of one case, worst last."""

    OK = "OK"
    INFORMATIONAL = "informational"
    NON_STRICT = "non-strict"
    FAILED = "failed"


# Everything else that the suite says of a behaviour or a close is a failure.
_WORDS = {
    "OK": Verdict.OK,
    "INFORMATIONAL": Verdict.INFORMATIONAL,
    "NON-STRICT": Verdict.NON_STRICT,
}
_ORDER = list(Verdict)


@attrs.frozen
class Outcome:
    """What came of one group on one endpoint.

    :param verdicts: of each case that was run.
    :param seconds: how long it took.
    :param complaint: what else went wrong, in one line; empty if nothing.
    """

    endpoint: str
    group: Group
    verdicts: Mapping[str, Verdict]
    seconds: float
    complaint: str = ""

    def counts(self) -> Counter[Verdict]:
        """How many cases are of each verdict; what was not run has failed."""
        counts = Counter(self.verdicts.values())
        counts[Verdict.FAILED] += max(self.group.count - len(self.verdicts), 0)
        return counts

    def bad(self) -> list[str]:
        """The cases that are neither OK nor known to have no pass mark."""
        return [
            f"{case}: {verdict.value}"
            for case, verdict in self.verdicts.items()
            if verdict is not (Verdict.INFORMATIONAL if case in INFORMATIONAL else Verdict.OK)
        ]


def read_verdicts(index: str) -> dict[str, Verdict]:
    """The verdict of each case: the worse of what is said of its behaviour and of its close.

    :param index: the suite's ``index.json`` of one server.
    """
    (cases,) = json.loads(index).values()
    return {name: _worst(case["behavior"], case["behaviorClose"]) for name, case in cases.items()}


def _worst(*words: str) -> Verdict:
    return max((_WORDS.get(word, Verdict.FAILED) for word in words), key=_ORDER.index)


def conforms(outcomes: Iterable[Outcome]) -> bool:
    """Whether every case was run and none is worse than it can be."""
    return all(
        len(outcome.verdicts) == outcome.group.count and not outcome.bad() and not outcome.complaint
        for outcome in outcomes
    )


def table(outcomes: Iterable[Outcome]) -> str:
    """A row for each endpoint, with the seconds of the suite's processes in sum."""
    columns: dict[str, list[Any]] = {}
    for outcome in outcomes:
        row = columns.setdefault(outcome.endpoint, [0, Counter(), 0.0])
        row[0] += outcome.group.count
        row[1] += outcome.counts()
        row[2] += outcome.seconds
    words = [verdict.value for verdict in Verdict]
    lines = [f"{'':8}{'cases':>8}" + "".join(f"{word:>15}" for word in words) + f"{'seconds':>10}"]
    for endpoint, (cases, counts, seconds) in columns.items():
        numbers = "".join(f"{counts[verdict]:>15}" for verdict in Verdict)
        lines.append(f"{endpoint:8}{cases:>8}{numbers}{seconds:>10.0f}")
    return "\n".join(lines)
