"""What is kept in memory."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.engines.memory import MemoryEngine
from aiorest_gw.sessions.engine import Position

from .contract import EngineContract
from .late import LateEngine


class MemoryEngineTests(EngineContract, SynchronousTestCase):
    def make_engine(self, **options):
        self.clock = Clock()
        return MemoryEngine(self.clock.seconds, **options)

    def make_another(self, engine):
        return engine.sibling()

    def now(self):
        return self.clock.seconds()

    def later(self, seconds):
        self.clock.advance(seconds)

    def resolve(self, awaitable):
        return self.successResultOf(awaitable)

    def test_topics_are_bounded_and_a_forgotten_one_begins_anew(self):
        self.engine = self.make_engine(most=3)
        [first] = self.publish("a", 1)
        self.do(self.engine.subscribe("b"))
        self.publish("b", 1)
        for topic in "cdef":
            self.publish(topic, 1)
        self.assertEqual(1, self.history("b").position.offset)
        again = self.history("a", Position(first.epoch, 1))
        self.assertFalse(again.complete)
        self.assertNotEqual(first.epoch, self.publish("a", 2)[0].epoch)

    def test_to_be_asked_for_makes_no_topic(self):
        self.engine = self.make_engine(most=3)
        [first] = self.publish("a", 1)
        for number in range(10):
            self.history(f"unknown {number}")
        self.assertTrue(self.history("a", first).complete)


class LateEngineTests(EngineContract, SynchronousTestCase):
    """The contract does not ask that anything has ended at once."""

    def make_engine(self):
        self.clock = Clock()
        return LateEngine(self.clock)

    def make_another(self, engine):
        return engine.sibling()

    def now(self):
        return self.clock.seconds()

    def later(self, seconds):
        self.clock.advance(seconds)

    def resolve(self, awaitable):
        self.assertNoResult(awaitable)
        for _ in range(2):
            self.clock.advance(0)
        return self.successResultOf(awaitable)
