"""What is kept in memory."""

import gc
import weakref

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.engines.memory import MemoryEngine
from aiorest_gw.sessions.engine import Position, Retention

from .contract import EngineContract
from .late import LateEngine


class OnClock:
    """Engines in memory, on a clock; mixed into test cases."""

    def make_another(self, engine):
        return engine.sibling()

    def now(self):
        return self.clock.seconds()

    def later(self, seconds):
        self.clock.advance(seconds)

    def call_later(self, seconds, function):
        return self.clock.callLater(seconds, function)


class MemoryEngineTests(OnClock, EngineContract, SynchronousTestCase):
    def make_engine(self, **options):
        self.clock = Clock()
        return MemoryEngine(self.clock.seconds, **options)

    def resolve(self, awaitable):
        return self.successResultOf(awaitable)

    def test_topics_are_bounded_and_a_forgotten_one_begins_anew(self):
        self.engine = self.gateway(self.make_engine(most=3)).engine
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
        self.engine = self.gateway(self.make_engine(most=3)).engine
        [first] = self.publish("a", 1)
        for number in range(10):
            self.history(f"unknown {number}")
        self.assertTrue(self.history("a", first).complete)

    def kept(self, *topics):
        return ["".join(push.data[0] for push in self.history(topic).pushes) for topic in topics]

    def fill(self, topic, *letters, seconds=1_000):
        retention = Retention(100, seconds)
        self.publish(topic, *(letter * 1_000 for letter in letters), retention=retention)

    def test_all_topics_together_have_a_size_and_the_oldest_of_the_most_silent_goes_first(self):
        self.engine = self.gateway(self.make_engine(), octets=12_500).engine
        self.fill("a", "a")
        self.fill("b", *"bcd")
        self.assertEqual(["a", "bcd"], self.kept("a", "b"))
        self.fill("a", "e")
        self.assertEqual(["ae", "bcd"], self.kept("a", "b"))
        self.fill("c", *"fg")
        self.assertEqual(["ae", "d", "fg"], self.kept("a", "b", "c"))
        self.publish("c", "x" * 20_000)
        self.assertEqual(["", "", ""], self.kept("a", "b", "c"))
        self.fill("b", "h")
        self.assertEqual((["h"], 4), (self.kept("b"), self.history("b").position.offset))

    def test_what_many_tiny_ones_take_beside_their_bytes_is_counted(self):
        self.engine = self.gateway(self.make_engine(), octets=100_000).engine
        for number in range(1_000):
            self.publish(f"topic {number % 50}", number)
        kept = sum(len(self.history(f"topic {number}").publications) for number in range(50))
        self.assertTrue(100 < kept < 300, kept)

    def test_what_is_too_old_is_let_go_of_though_nobody_asks_for_it(self):
        for number in range(50):
            self.fill(f"short {number}", *"abc", seconds=30)
        self.fill("long", "a", seconds=100)
        topics = self.engine._memory.topics
        for seconds, least, most in ((29, 300_000, 400_000), (3, 2_000, 3_000), (70, 0, 0)):
            for _ in range(seconds):
                self.later(1)
            self.assertTrue(least <= topics.held <= most, (seconds, topics.held))
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual(3, self.history("short 7").position.offset)

    def test_a_gateway_that_stops_leaves_that_to_another(self):
        self.fill("a", "a", seconds=30)
        self.engine.stop()
        self.assertEqual(1, len(self.clock.getDelayedCalls()))
        self.later(31)
        self.assertEqual(0, self.engine._memory.topics.held)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_what_was_decoded_is_not_kept(self):
        class Data(dict):
            """It can be told whether one is there."""

        data = Data(a=1)
        there = weakref.ref(data)
        self.publish("a", data)
        del data
        gc.collect()
        self.assertIsNone(there())
        self.assertEqual([{"a": 1}], [push.data for push in self.history("a").pushes])


class LateEngineTests(OnClock, EngineContract, SynchronousTestCase):
    """The contract does not ask that anything has ended at once."""

    def make_engine(self):
        self.clock = Clock()
        return LateEngine(self.clock)

    def resolve(self, awaitable):
        self.assertNoResult(awaitable)
        for _ in range(2):
            self.clock.advance(0)
        return self.successResultOf(awaitable)
