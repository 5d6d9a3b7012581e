"""What networks do to clients: the scenarios that all clients pass."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import attrs

from aiorest_gw.testing import FlakyProxy
from aiorest_gw.testing.piping import Towards

__all__ = ["SCENARIOS", "Network", "Scenario"]

# Bytes within which a WebSocket and its session are opened, in either direction.
_OPENING = 900
# Bytes towards the client between two faults, at most.
_BETWEEN = 20_000
_DIRECTIONS: tuple[Towards, ...] = ("client", "server")
_STALLED: tuple[Towards | None, ...] = (*_DIRECTIONS, None)
# Seconds between two looks at what has passed.
_LOOK = 0.001


@attrs.frozen
class Network:
    """
    :param proxy: that the client's connections go through.
    :param chance: what it does by chance.
    :param faults: how many it should make.
    :param serves: tells whether the client is at work still.
    """

    proxy: FlakyProxy
    chance: random.Random
    faults: int
    serves: Callable[[], bool]

    def until(self, condition: Callable[[], bool]) -> bool:
        """Wait for something; False where the client has ended before."""
        while self.serves():
            if condition():
                return True
            time.sleep(_LOOK)
        return False

    def until_passed(self, size: int) -> bool:
        """Wait until so many more bytes have come to the client."""
        due = self.proxy.passed("client") + size
        return self.until(lambda: self.proxy.passed("client") >= due)

    def until_back(self, connections: int) -> bool:
        """Wait until the client has made another connection.

        :param connections: that there were before.
        """
        return self.until(lambda: self.proxy.connections > connections)

    def some_bytes(self, most: int = _BETWEEN) -> int:
        return self.chance.randrange(most)


def _is_good(network: Network) -> None:
    """Nothing happens."""


def _delays(network: Network) -> None:
    network.proxy.delay(0.01, jitter=0.02)


def _is_slow(network: Network) -> None:
    network.proxy.slow(400_000, towards="client")
    network.proxy.slow(100_000, towards="server")


def _cuts(network: Network) -> None:
    """At any byte of either direction: of what flows, and of what opens."""
    proxy = network.proxy
    for fault in range(network.faults):
        before = proxy.connections
        towards = network.chance.choice(_DIRECTIONS)
        opening = fault % 3 == 0
        if opening:
            # Where no connection is open, it is the next one that is cut.
            proxy.cut()
        # Towards the gateway there is less.
        most = _OPENING if opening else _BETWEEN if towards == "client" else _BETWEEN // 8
        proxy.cut(after=network.some_bytes(most), towards=towards)
        if not network.until_back(before + opening):
            return


def _stalls(network: Network) -> None:
    """Neither an end nor a reset is seen: the client has to find out."""
    for towards in _STALLED:
        if not network.until_passed(network.some_bytes()):
            return
        # The second one is a connection that is just being opened.
        for _ in range(1 if towards else 2):
            before = network.proxy.connections
            network.proxy.half_open(towards)
            if not network.until_back(before):
                return


def _duplicates(network: Network) -> None:
    """The client comes back, and the gateway has its connection still."""
    for _ in range(network.faults):
        if not network.until_passed(network.some_bytes()):
            return
        before = network.proxy.connections
        network.proxy.duplicate()
        if not network.until_back(before):
            return


@attrs.frozen
class Scenario:
    """
    :param act: does it, while the client is at work.
    :param silence: seconds after which the client should notice that nothing comes.
    :param loses: whether connections are lost.
    """

    act: Callable[[Network], None]
    silence: float = 30.0
    loses: bool = True


SCENARIOS = {
    "a good network": Scenario(_is_good, loses=False),
    "delays with jitter": Scenario(_delays, loses=False),
    "slow reading": Scenario(_is_slow, loses=False),
    # Node.js 20 does not tell that an opening was cut: its client has to notice.
    "cuts at any byte": Scenario(_cuts, silence=2.0),
    "half-open connections": Scenario(_stalls, silence=0.6),
    "duplicate connections": Scenario(_duplicates),
}
