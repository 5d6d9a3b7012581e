"""Where blocking views run, with real threads."""

import threading

from twisted.internet import reactor
from twisted.internet.defer import CancelledError
from twisted.trial.unittest import TestCase

from aiorest_gw import Limits
from aiorest_gw.errors import ServiceUnavailable
from aiorest_gw.server.threads import BlockingCalls


class Settings:
    limits = Limits(max_threads=2, max_waiting_calls=3)
    reactor = reactor


class BlockingCallsTests(TestCase):
    def setUp(self):
        self.calls = BlockingCalls(Settings)
        self.gate = threading.Event()
        self.addCleanup(self.calls.close)
        self.addCleanup(self.gate.set)

    async def test_a_call_runs_in_another_thread(self):
        there = await self.calls.run(threading.current_thread)
        self.assertIsNot(threading.current_thread(), there)
        self.assertTrue(there.daemon)

    async def test_an_error_comes_back(self):
        with self.assertRaises(ZeroDivisionError):
            await self.calls.run(lambda: 1 / 0)

    async def test_calls_that_wait_are_bounded(self):
        """One too many is refused at once, and the others are done."""
        waiting = [self.calls.run(self.gate.wait) for _ in range(5)]
        self.failureResultOf(self.calls.run(self.gate.wait), ServiceUnavailable)
        self.gate.set()
        self.assertEqual([True] * 5, [await one for one in waiting])
        self.assertEqual(1, await self.calls.run(lambda: 1))

    async def test_a_call_that_is_cancelled_before_its_turn_is_not_run(self):
        ran = []
        busy = [self.calls.run(self.gate.wait) for _ in range(2)]
        late = self.calls.run(lambda: ran.append(1))
        late.cancel()
        with self.assertRaises(CancelledError):
            await late
        self.gate.set()
        for one in busy:
            await one
        await self.calls.run(lambda: None)
        self.assertEqual([], ran)

    async def test_a_call_that_is_cancelled_before_its_turn_leaves_its_place(self):
        """Or requests that are long answered keep those of others out."""
        busy = [self.calls.run(self.gate.wait) for _ in range(5)]
        for late in busy[2:]:
            late.cancel()
            self.failureResultOf(late, CancelledError)
        again = [self.calls.run(lambda: "in") for _ in range(3)]
        self.failureResultOf(self.calls.run(lambda: None), ServiceUnavailable)
        self.gate.set()
        self.assertEqual(["in"] * 3, [await one for one in again])
        for one in busy[:2]:
            await one

    async def test_an_error_after_cancelling_is_logged(self):
        entered = threading.Event()

        def fail():
            entered.set()
            self.gate.wait()
            raise RuntimeError("late")

        late = self.calls.run(fail)
        late.addErrback(lambda _: None)
        await self.calls.run(entered.wait)
        late.cancel()
        self.gate.set()
        while not (logged := self.flushLoggedErrors(RuntimeError)):
            await self.calls.run(lambda: None)
        self.assertEqual(1, len(logged))

    async def test_closing_twice_is_no_error(self):
        await self.calls.run(lambda: None)
        self.calls.close()
        self.calls.close()
