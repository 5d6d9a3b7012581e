"""A loop in the place of a reactor: timers, threads, time."""

import asyncio
import threading

from twisted.internet.interfaces import IDelayedCall
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.server.loops import LoopReactor, loop_of


class LoopReactorTests(SynchronousTestCase):
    def setUp(self):
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)
        self.reactor = LoopReactor(self.loop)
        self.called = []

    def run_until_called(self, count):
        async def wait():
            while len(self.called) < count:
                await asyncio.sleep(0)

        self.loop.run_until_complete(asyncio.wait_for(wait(), 20))

    def test_it_is_found_as_the_loop_of_a_reactor_is(self):
        self.assertIs(self.loop, loop_of(self.reactor))
        self.assertLessEqual(self.loop.time(), self.reactor.seconds())

    def test_calls_come_later_in_their_order(self):
        self.reactor.callLater(0.002, self.called.append, "b")
        call = self.reactor.callLater(0.001, self.called.append, "a")
        self.assertTrue(call.active())
        self.run_until_called(2)
        self.assertEqual(["a", "b"], self.called)
        self.assertFalse(call.active())

    def test_what_is_cancelled_is_not_called(self):
        call = self.reactor.callLater(0, self.called.append, "a")
        call.cancel()
        self.assertFalse(call.active())
        self.reactor.callLater(0.001, self.called.append, "b")
        self.run_until_called(1)
        self.assertEqual(["b"], self.called)

    def test_what_is_set_back_is_called_once_and_later(self):
        call = self.reactor.callLater(0, self.called.append, "a")
        call.reset(0.002)
        self.reactor.callLater(0.001, self.called.append, "b")
        self.run_until_called(2)
        self.assertEqual(["b", "a"], self.called)

    def test_it_has_what_twisted_web_asks_of_a_delayed_call(self):
        call = self.reactor.callLater(0, self.called.append, "a")
        for name in ("active", "cancel", "reset"):
            self.assertIn(name, IDelayedCall)
            self.assertTrue(callable(getattr(call, name)))

    def test_other_threads_have_things_called_in_its_own(self):
        def tell():
            self.called.append(threading.get_ident())

        thread = threading.Thread(target=self.reactor.callFromThread, args=(tell,))
        thread.start()
        self.run_until_called(1)
        thread.join()
        self.assertEqual([threading.get_ident()], self.called)
