"""When a file that is being written is told of."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.livereload.watching.writing import OpenFiles


class OpenFilesTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.told = []
        self.open = OpenFiles(self.clock, self.told.append)

    def test_one_that_stays_open_is_told_of_once_a_second(self):
        for _ in range(4):
            self.open.add("a")
            self.clock.advance(0.4)
        self.assertEqual(["a"], self.told)
        self.clock.advance(1)
        self.assertEqual(["a", "a"], self.told)
        self.clock.advance(10)
        self.assertEqual(["a", "a"], self.told)

    def test_one_that_is_closed_needs_no_timer(self):
        self.open.add("a")
        self.open.add("b")
        self.assertIn("a", self.open)
        self.open.remove("a")
        self.assertEqual(1, len(self.clock.getDelayedCalls()))
        self.open.remove("b")
        self.open.remove("unknown")
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_who_is_told_may_end_it(self):
        self.open = OpenFiles(self.clock, lambda path: self.open.clear())
        self.open.add("a")
        self.clock.advance(1)
        self.assertEqual([], self.clock.getDelayedCalls())
