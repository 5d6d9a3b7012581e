"""How many connections there may be, in all and from one address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ..limits import Limits
from ..wire.budgets import TokenBucket
from ..wire.proxies import TrustedProxies, parse_address

__all__ = ["Admission"]

# Connections over the limit are kept until their handshake was answered with the reason; this many.
_TO_BE_REFUSED = 1_000
# Addresses whose rate is remembered; more than these are limited by the number of connections alone.
_RATES = 10_000


class Admission:
    """Counts the connections.

    :param seconds: the time.
    :param trusted_proxies: whose connections are not counted by address, since they stand for many
        clients.
    """

    def __init__(
        self, limits: Limits, trusted_proxies: TrustedProxies, seconds: Callable[[], float]
    ) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()
        self._total = 0
        self._trusted = trusted_proxies
        self._seconds = seconds
        self._rates: dict[str, TokenBucket] = {}

    @property
    def total(self) -> int:
        return self._total

    def trust(self, proxies: TrustedProxies) -> None:
        """Others are trusted from now on."""
        self._trusted = proxies

    def overrun(self) -> bool:
        """Whether so many connections wait to be refused that one more has to be cut off."""
        return self._total >= self._limits.max_connections + _TO_BE_REFUSED

    def enter(self, address: str | None) -> tuple[int, str] | None:
        """Count a connection in; each must :meth:`leave` again, the refused ones too.

        :param address: the peer's IP address; None of a UNIX socket.
        :returns: the HTTP status and the reason to refuse it with, or None.
        """
        self._total += 1
        if address is not None:
            self._by_address[address] += 1
        if self._total > self._limits.max_connections:
            return 503, "Too many connections"
        most = self._limits.max_connections_per_address
        too_many = 0 < most < self._by_address.get(address or "", 0)
        if too_many and not self._is_uncounted(address or ""):
            return 429, "Too many connections from this address"
        if address is not None and not self._in_rate(address):
            return 429, "Too many connections from this address in a second"
        return None

    def _in_rate(self, address: str) -> bool:
        if not self._limits.connections_per_second or self._is_uncounted(address):
            return True
        now = self._seconds()
        bucket = self._rates.get(address)
        if bucket is None:
            if len(self._rates) >= _RATES:
                self._rates = {a: b for a, b in self._rates.items() if not b.full(now)}
            bucket = TokenBucket(self._limits.connections_per_second, now)
            if len(self._rates) < _RATES:
                self._rates[address] = bucket
        return bucket.take(1, now)

    def origin(self, address: str | None) -> str | None:
        """The address that a client is counted under, or None."""
        return None if address is None or self._is_uncounted(address) else address

    def leave(self, address: str | None) -> None:
        """Count a connection out."""
        self._total -= 1
        if address is not None:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _is_uncounted(self, text: str) -> bool:
        address = parse_address(text)
        return address is not None and (address.is_loopback or self._trusted.trust(text))
