"""Asks a gateway as fast as it answers, or at a rate, over many connections; and measures it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from itertools import cycle, islice
from math import ceil
from typing import Any

import attrs

from ..client.aio import CommandFailed, ConnectionLost, GatewayClient, State
from .measured import Measured

__all__ = ["Load", "Plan"]

# Connections that are opened at the same time.
_OPENING = 50
# Seconds that a timer is late without anybody's fault: what is sent so late counts from then.
_GRAIN = 0.002
# Seconds that one waits who could not ask.
_PAUSE = 0.1


@attrs.frozen
class Plan:
    """
    :param client: the arguments of each client.
    :param request: those of each request.
    :param connections: how many.
    :param in_flight: requests that are open on each at most.
    :param rate: requests a second on all of them; None: as fast as they are answered.
    :param duration: seconds that are measured.
    :param warm_up: seconds before, that are not.
    :param timeout: seconds that an answer is waited for, when no more is asked.
    """

    client: dict[str, Any]
    request: dict[str, Any]
    connections: int
    in_flight: int
    rate: float | None
    duration: float
    warm_up: float
    timeout: float


class Load:
    """
    :param plan: what is done.
    :ivar measured: so far.
    :ivar stopped: set it to end early.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._clients: list[GatewayClient] = []
        self._open: set[asyncio.Task[None]] = set()
        self._begin = self._end = 0.0
        self.measured = Measured(plan.duration)
        self.stopped = asyncio.Event()

    async def connect(self) -> None:
        """Open all connections.

        :raises CommandError: one of them cannot be opened.
        """
        gate = asyncio.Semaphore(_OPENING)

        async def connect(client: GatewayClient) -> None:
            async with gate:
                await client.connect()

        self._clients = [GatewayClient(**self._plan.client) for _ in range(self._plan.connections)]
        await asyncio.gather(*map(connect, self._clients))
        for client in self._clients:
            client.on_state(self._state_changed)

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(client.close() for client in self._clients))

    async def run(self, tell: Callable[[float], None]) -> None:
        """Ask until the time is over, or :attr:`stopped` is set.

        :param tell: is told now and then for how many seconds it was measured; less than 0 while it
            warms up.
        """
        plan = self._plan
        self._begin = time.monotonic() + plan.warm_up
        self._end = self._begin + plan.duration
        if plan.rate is None:
            for client in self._clients:
                for _ in range(plan.in_flight):
                    self._start(self._ask_again_and_again(client))
        else:
            self._start(self._ask_at_rate(plan.rate))
        cpu = time.process_time()
        while (now := time.monotonic()) < self._end and not self.stopped.is_set():
            if now < self._begin:
                cpu = time.process_time()
            tell(now - self._begin)
            await self._wait(min(0.1, self._end - now))
        self.measured.cpu = time.process_time() - cpu
        self.measured.seconds = max(0.0, min(time.monotonic(), self._end) - self._begin)
        await self._finish()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stopped.wait()
        except TimeoutError:
            return

    async def _finish(self) -> None:
        """Wait for the answers that are due still; unless somebody does not want to."""
        ending = asyncio.ensure_future(self._until_none_is_open())
        stopping = asyncio.ensure_future(self.stopped.wait())
        await asyncio.wait(
            {ending, stopping}, timeout=self._plan.timeout, return_when=asyncio.FIRST_COMPLETED
        )
        if self._open and not self.stopped.is_set():
            self.measured.answered["unanswered"] = len(self._open)
        stopping.cancel()
        for task in self._open:
            task.cancel()
        await ending

    async def _until_none_is_open(self) -> None:
        while self._open:
            await asyncio.wait(self._open)

    def _start(self, asking: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(asking)
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        return task

    async def _ask_again_and_again(self, client: GatewayClient) -> None:
        while (now := time.monotonic()) < self._end and not self.stopped.is_set():
            await self._ask(client, now)

    async def _ask_at_rate(self, rate: float) -> None:
        """Ask when it is due, whether those before are answered or not; but for a bound of those."""
        room = asyncio.Semaphore(self._plan.connections * self._plan.in_flight)
        began, sent = time.monotonic(), 0
        most = ceil((self._end - began) * rate)
        try:
            for client in islice(cycle(self._clients), most):
                due = began + sent / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if not await self._has_room(room):
                    break
                task = self._start(self._ask(client, due))
                task.add_done_callback(lambda _: room.release())
                sent += 1
        finally:
            until = min(time.monotonic(), self._end)
            self.measured.unsent = max(0, int((until - began) * rate) - sent)

    async def _has_room(self, room: asyncio.Semaphore) -> bool:
        """Whether one more may be open before the time is over; then it is."""
        if not room.locked():
            return await room.acquire()
        try:
            async with asyncio.timeout(self._end - time.monotonic()):
                return await room.acquire()
        except TimeoutError:
            return False

    async def _ask(self, client: GatewayClient, due: float) -> None:
        """
        :param due: when it should be sent. From then on its latency counts, or what waited behind a slow
            answer would look fast (coordinated omission).
        """
        sent = time.monotonic()
        since = sent if sent - due < _GRAIN else due
        status: int | str = 200
        try:
            await client.request(**self._plan.request)
        except CommandFailed as error:
            status = error.code
        except ConnectionLost:
            status = "lost"
        now = time.monotonic()
        if since >= self._begin:
            self.measured.add(status, now - since, now - self._begin)
        if status == "lost":
            await asyncio.sleep(_PAUSE)

    def _state_changed(self, state: State, reason: str) -> None:
        if state is State.LOST:
            self.measured.disconnections += 1
