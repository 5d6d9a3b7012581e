"""What a flood did to the gateway, and whether that is within its bounds; as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .bystanders import Seen
from .kinds import KIB, MIB, Flood

__all__ = ["HEAD", "Outcome", "legend"]

# Milliseconds that nobody may have to wait longer, whoever floods.
_STALL = 20.0
# How much longer the pings of idle connections may take, and what counts as nothing (milliseconds).
_SLOWER = 3.0
_NOTHING = 1.0

HEAD = f"{'flood':17}{'sent MiB':>10}  {'ended by':34}{'memory':>19}{'stall ms':>10}{'idle p99 ms':>20}"


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of a flood.

    :param sent: octets.
    :param connections: of it, most at the same time.
    :param ends: of its connections: how many ended by which status, close code or else.
    :param grown: octets of the gateway's memory at its most, above what it had before.
    :param calm: what bystanders saw without it; ``flooded`` likewise with it.
    :param words: the last that the gateway wrote to its log.
    """

    name: str
    flood: Flood
    sent: int
    connections: int
    ends: dict[str, int]
    grown: int
    calm: Seen
    flooded: Seen
    words: str

    @property
    def broken(self) -> list[str]:
        """The bounds that are broken."""
        flood = self.flood
        found = []
        if self._memory > flood.memory:
            found.append(f"memory > {_octets(flood.memory)}")
        if self.flooded.stall > _STALL:
            found.append(f"stall > {_STALL:.0f} ms")
        if flood.calm and self.flooded.ping_p99 > _SLOWER * max(self.calm.ping_p99, _NOTHING):
            found.append(f"idle p99 > {_SLOWER:.0f} x")
        if self.words:
            found.append("it logged: " + self.words[:100])
        return found

    @property
    def _memory(self) -> float:
        return self.grown / self.connections if self.flood.each else self.grown

    def line(self) -> str:
        memory = _octets(self._memory) + (" each" if self.flood.each else "")
        ends = ", ".join(f"{end} x {count}" for end, count in self._most_frequent())
        pings = f"{self.calm.ping_p99:.2f} -> {self.flooded.ping_p99:.2f}"
        line = (
            f"{self.name:17}{self.sent / MIB:>10.1f}  {ends[:33]:34}{memory:>19}"
            f"{self.flooded.stall:>10.1f}{pings:>20}"
        )
        return line + "".join(f"  BROKEN: {bound}" for bound in self.broken)

    def _most_frequent(self) -> Iterable[tuple[str, int]]:
        return sorted(self.ends.items(), key=lambda pair: -pair[1])


def _octets(size: float) -> str:
    return f"{size / MIB:.2f} MiB" if size >= MIB else f"{size / KIB:.1f} KiB"


def legend() -> str:
    return (
        f"Bounds: memory {_octets(64 * KIB)} a connection for headers, {_octets(2 * MIB)} for bombs, "
        "eight times the message for JSON, ten times for one text with escapes and the widest "
        "characters, five times for what is inflated, 3 and 5 MiB for answers of "
        f"1 MiB and 64 of 64 KiB that are not read, else {_octets(MIB)} a connection that floods; stall "
        f"{_STALL:.0f} ms; under slowloris pings of idle connections in {_SLOWER:.0f} x their time, or "
        f"{_SLOWER * _NOTHING:.0f} ms. What is taken off a stall is the time that the server or the one "
        "who asks waited for a core that another process had."
    )
