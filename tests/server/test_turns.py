"""Who waits for a turn, and for how long everybody else waits."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.server.turns import Turns


class OnceClock(Clock):
    """A clock that calls what is due when it is told to, and what that asks for not before the next time."""

    def go(self):
        due, self.calls = self.calls, []
        for call in due:
            call.func()


class TurnsTests(SynchronousTestCase):
    def setUp(self):
        self.clock = OnceClock()
        self.turns = Turns(lambda work: self.clock.callLater(0, work), self.clock.seconds)
        self.done = []

    def wait(self, name, seconds=0.0):
        def work():
            self.clock.rightNow += seconds
            self.done.append(name)

        return self.turns.wait(work)

    def test_turns_come_later_and_in_order(self):
        for name in "abc":
            self.wait(name)
        self.assertEqual([], self.done)
        self.clock.go()
        self.assertEqual(["a", "b", "c"], self.done)
        self.assertEqual([], self.clock.calls)

    def test_however_many_wait_others_are_served_in_between(self):
        """A few milliseconds are for all of them together; none is forgotten."""
        for number in range(20):
            self.wait(number, seconds=0.001)
        rounds = 0
        while self.clock.calls:
            before = len(self.done)
            self.clock.go()
            rounds += 1
            self.assertLessEqual(len(self.done) - before, 5)
        self.assertEqual(list(range(20)), self.done)
        self.assertGreaterEqual(rounds, 4)

    def test_who_comes_again_waits_for_the_next_time(self):
        def again():
            self.done.append("again")
            self.turns.wait(again)

        self.turns.wait(again)
        self.wait("other")
        self.clock.go()
        self.assertEqual(["again", "other"], self.done)
        self.clock.go()
        self.assertEqual(["again", "other", "again"], self.done)

    def test_who_has_gone_has_no_turn(self):
        self.wait("gone").cancel()
        self.wait("there")
        self.clock.go()
        self.assertEqual(["there"], self.done)

    def test_one_that_fails_keeps_nobody_from_his_turn(self):
        def fail():
            raise ValueError("wrong")

        self.turns.wait(fail)
        self.wait("next")
        self.assertRaises(ValueError, self.clock.go)
        self.clock.go()
        self.assertEqual(["next"], self.done)
