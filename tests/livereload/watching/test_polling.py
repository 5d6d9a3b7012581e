"""What is found by looking."""

import os

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from .contract import OnReactor, WatcherContract


class PollingTests(WatcherContract, TestCase):
    kind = "polling"

    def setUp(self):
        super().setUp()
        self.reactor = Clock()

    async def until(self, condition):
        for _ in range(3):
            if condition():
                return
            self.reactor.advance(1)
        self.assertTrue(condition(), self.heard.paths)

    async def meanwhile(self, function):
        function()

    def test_a_change_is_found_within_a_second(self):
        self.write("a.html")
        self.watch()
        self.write("a.html")
        self.reactor.advance(0.99)
        self.assertEqual(set(), self.told())
        self.reactor.advance(0.01)
        self.assertEqual({"a.html"}, self.told())
        self.reactor.advance(1)
        self.assertEqual(1, len(self.heard.paths))

    def test_a_file_in_place_of_another_of_the_same_size_and_time_is_found(self):
        self.write("a.html", "one")
        self.write("b.html", "two")
        self.watch()
        found = (self.folder / "a.html").stat()
        os.utime(self.folder / "b.html", ns=(found.st_atime_ns, found.st_mtime_ns))
        (self.folder / "b.html").rename(self.folder / "a.html")
        self.reactor.advance(1)
        self.assertEqual({"a.html", "b.html"}, self.told())

    def test_a_file_that_becomes_readable_is_found(self):
        self.write("a.html")
        (self.folder / "a.html").chmod(0o200)
        self.watch()
        (self.folder / "a.html").chmod(0o644)
        self.reactor.advance(1)
        self.assertEqual({"a.html"}, self.told())


class BusyClock(Clock):
    """A tenth of a millisecond passes whenever somebody asks for the time."""

    def seconds(self):
        self.rightNow += 0.0001
        return self.rightNow


class SlicesTests(WatcherContract, TestCase):
    kind = "polling"

    def setUp(self):
        super().setUp()
        self.reactor = BusyClock()

    async def until(self, condition):
        while not condition():
            self.reactor.advance(0.1)

    async def meanwhile(self, function):
        function()

    def test_many_files_are_looked_at_in_turns_with_others(self):
        for number in range(500):
            self.write(f"{number % 10}/{number}")
        self.watch()
        for number in range(500):
            self.write(f"{number % 10}/{number}")
        turns = []
        while len(self.heard.paths) < 500:
            told = len(self.heard.paths)
            self.reactor.advance(0.001)
            if len(self.heard.paths) > told:
                turns.append(len(self.heard.paths) - told)
        self.assertLessEqual(max(turns), 50)
        self.assertGreater(len(turns), 10)

    def test_it_may_be_stopped_between_two_turns(self):
        for number in range(500):
            self.write(f"{number}")
        self.watch()
        self.write("400")
        self.reactor.advance(1)
        self.watcher.stop()
        self.assertEqual([], self.reactor.getDelayedCalls())
        self.reactor.advance(10)
        self.assertEqual(set(), self.told())


class PollingForRealTests(OnReactor, TestCase):
    kind = "polling"
    setUp = WatcherContract.setUp
    watch = WatcherContract.watch
    write = WatcherContract.write
    told = WatcherContract.told
    until_told = WatcherContract.until_told

    async def test_a_change_is_found(self):
        self.watch()
        self.write("deep/a.html")
        await self.until_told("deep/a.html")
