"""Timers that are one timer of the reactor."""

import weakref

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.server.logs import CappedLog
from aiorest_gw.server.timers import Timers


class TimersTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.timers = Timers(lambda: self.clock, CappedLog(self.clock.seconds))
        self.called = []

    def note(self, name):
        self.called.append((name, round(self.clock.seconds(), 3)))

    def test_none_is_early_and_none_much_late(self):
        for seconds in (0.05, 0.1, 0.31, 25):
            self.timers.call_later(seconds, self.note, seconds)
        for _ in range(3_000):
            self.clock.advance(0.01)
        self.assertEqual([0.05, 0.1, 0.31, 25], [name for name, _ in self.called])
        for due, at in self.called:
            self.assertTrue(due <= at < due + 0.11, (due, at))

    def test_those_of_one_time_are_one_of_the_reactors(self):
        self.clock.advance(0.5)
        for name in range(50):
            self.timers.call_later(1, self.note, name)
        self.assertEqual(1, len(self.clock.getDelayedCalls()))
        self.clock.advance(1)
        self.assertEqual([(name, 1.5) for name in range(50)], self.called)

    def test_what_is_cancelled_is_not_called_and_leaves_nothing(self):
        one, other = (self.timers.call_later(1, self.note, name) for name in "ab")
        one.cancel()
        one.cancel()
        self.clock.advance(1)
        self.assertEqual([("b", 1)], self.called)
        other.cancel()
        self.timers.call_later(5, self.note, "c").cancel()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual({}, self.timers._batches)

    def test_what_is_cancelled_is_not_held_for_others_of_its_time(self):
        held = []
        for kept in (True, False):
            timer = self.timers.call_later(5, self.note, kept)
            held.append(weakref.ref(timer))
            if not kept:
                timer.cancel()
        del timer
        self.assertEqual([True, False], [timer() is not None for timer in held])

    def test_one_that_is_far_off_is_a_timer_as_any_other(self):
        for seconds in (1e9, 1e308, float("inf")):
            self.timers.call_later(seconds, self.note, seconds).cancel()
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_one_may_cancel_and_set_others(self):
        def act(name):
            self.note(name)
            other.cancel()
            self.timers.call_later(0, self.note, "again")

        self.timers.call_later(1, act, "first")
        other = self.timers.call_later(1, self.note, "other")
        self.clock.advance(1)
        self.clock.advance(0)
        self.assertEqual([("first", 1), ("again", 1)], self.called)

    def test_one_that_fails_harms_no_other(self):
        self.timers.call_later(1, lambda: 1 / 0)
        self.timers.call_later(1, self.note, "other")
        self.clock.advance(1)
        self.assertEqual([("other", 1)], self.called)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_many_take_turns_with_whoever_else_is_to_be_served(self):
        def act(name):
            self.note(name)
            self.clock.rightNow += 0.0003

        for name in range(6):
            self.timers.call_later(1, act, name)
        self.clock.callLater(1, self.note, "served")
        self.clock.advance(1)
        self.assertEqual([0, 1, "served", 2, 3, 4, 5], [name for name, _ in self.called])
