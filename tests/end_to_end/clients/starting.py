"""How the clients' processes are told what to do."""

from __future__ import annotations

import sys

import attrs

from aiorest_gw.client import Patience

from .workload import Workload

__all__ = ["Order"]


@attrs.frozen
class Order:
    """
    :param url: of the gateway.
    :param name: of the client; its token too.
    :param workload: that it is sent.
    :param silence: seconds after which it should notice that nothing comes.
    :param seconds: within which it has to be done.
    :param moves: its session is lost, and goes on at another gateway.
    """

    url: str
    name: str
    workload: Workload
    silence: float
    seconds: float
    moves: bool = False

    @classmethod
    def of_process(cls, answers: bool = True) -> Order:
        """What stands in the command's arguments.

        :param answers: whether the client answers requests of the gateway.
        """
        url, name, steps, silence, seconds, moves = sys.argv[1:]
        workload = Workload(int(steps), answers)
        return cls(url, name, workload, float(silence), float(seconds), moves == "moves")

    def arguments(self) -> list[str]:
        """What a process is started with."""
        numbers = (self.workload.steps, self.silence, self.seconds)
        return [self.url, self.name, *map(str, numbers), "moves" if self.moves else "stays"]

    @property
    def patience(self) -> Patience:
        half = self.silence / 2
        return Patience(
            first_attempts=None,
            first_wait=0.02,
            longest_wait=0.2,
            opening=self.silence + 1,
            heartbeat=half,
            silence=half,
        )
