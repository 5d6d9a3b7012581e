"""What a bench has measured, and how it is told."""

from __future__ import annotations

from typing import Any

import attrs

from .histogram import Histogram
from .outcomes import Outcome

__all__ = ["PERCENTILES", "Measured"]

PERCENTILES = (50.0, 90.0, 99.0, 99.9)
# Of one core; what takes more is a bench that may be slower than its gateway.
_BUSY = 0.9
_BINS = 100


@attrs.define
class Measured:
    """
    :param seconds: that were to be measured; those that were, once it has ended.
    :ivar latencies: of all answers, those that are failures too.
    :ivar answered: requests by the status of their answers; ``"lost"`` and ``"unanswered"`` are those
        without one.
    :ivar unsent: requests that were due and not sent, as too many were open.
    :ivar disconnections: connections that were lost meanwhile.
    :ivar bins: answers that came in each hundredth of the time.
    :ivar cpu: seconds that the bench itself computed.
    """

    seconds: float
    latencies: Histogram = attrs.field(factory=Histogram)
    answered: dict[int | str, int] = attrs.field(factory=dict)
    unsent: int = 0
    disconnections: int = 0
    bins: list[int] = attrs.field(factory=lambda: [0] * _BINS)
    cpu: float = 0.0
    _planned: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._planned = self.seconds

    def add(self, status: int | str, latency: float, at: float) -> None:
        """An answer came, or there is none.

        :param latency: seconds from when it should have been sent.
        :param at: seconds since the measurement began.
        """
        self.answered[status] = self.answered.get(status, 0) + 1
        if not isinstance(status, int):
            return
        self.latencies.add(latency)
        if at < self._planned:
            self.bins[int(at / self._planned * _BINS)] += 1

    @property
    def bin_seconds(self) -> float:
        """That one of the bins stands for."""
        return self._planned / _BINS

    @property
    def full_bins(self) -> list[int]:
        """Those of the time that was measured to its end."""
        return self.bins[: int(self.seconds / self.bin_seconds + 1e-9)]

    @property
    def requests(self) -> int:
        """That were sent."""
        return sum(self.answered.values())

    @property
    def rate(self) -> float:
        """Answers that came in a second of the time that was measured."""
        return sum(self.bins) / self.seconds if self.seconds else 0.0

    @property
    def failures(self) -> dict[int | str, int]:
        """Those of :attr:`answered` that are no success."""
        return {
            status: count
            for status, count in self.answered.items()
            if not (isinstance(status, int) and 200 <= status < 300)
        }

    def outcome(self) -> Outcome:
        """What the shell is told: the worst that happened."""
        failures = self.failures
        if "lost" in failures:
            return Outcome.NO_CONNECTION
        if "unanswered" in failures:
            return Outcome.TIMEOUT
        if any(isinstance(status, int) and status >= 500 for status in failures):
            return Outcome.FAILED
        return Outcome.REFUSED if failures else Outcome.DONE

    def warnings(self) -> list[str]:
        """What makes the figures other than they look."""
        told = []
        if self.unsent:
            told.append(
                f"{self.unsent:,} requests were due and not sent, as all that may be open were: "
                "the rate is more than the gateway takes"
            )
        if self.seconds and self.cpu / self.seconds > _BUSY:
            told.append(
                "the bench itself was busy all the time: the gateway may be faster than this"
            )
        if self.disconnections:
            told.append(f"connections were lost {self.disconnections:,} times, and came back")
        return told

    def for_programs(self) -> dict[str, Any]:
        """All of it; times in seconds."""
        latencies = self.latencies
        return {
            "seconds": round(self.seconds, 3),
            "requests": self.requests,
            "requests_per_second": round(self.rate, 1),
            "statuses": {str(status): count for status, count in self.answered.items()},
            "failures": sum(self.failures.values()),
            "unsent": self.unsent,
            "disconnections": self.disconnections,
            "latency": {
                "mean": round(latencies.mean, 7),
                **{f"p{one:g}": round(latencies.percentile(one), 7) for one in PERCENTILES},
                "max": round(latencies.most, 7),
            },
            "bench_cpu": round(self.cpu / self.seconds, 3) if self.seconds else 0.0,
        }

    def rows(self) -> list[tuple[str, str]]:
        """For people: names and what they are."""
        latencies = self.latencies
        failures = ", ".join(f"{count:,} × {status}" for status, count in self.failures.items())
        busy = self.cpu / self.seconds if self.seconds else 0.0
        return [
            ("requests", f"{self.requests:,} in {self.seconds:.1f} s"),
            ("answers a second", f"{self.rate:,.0f}"),
            ("failures", failures or "none"),
            ("latency, mean", _milliseconds(latencies.mean)),
            *((f"p{one:g}", _milliseconds(latencies.percentile(one))) for one in PERCENTILES),
            ("max", _milliseconds(latencies.most)),
            ("CPU of the bench", f"{busy:.0%} of a core"),
        ]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1_000:,.2f} ms"
