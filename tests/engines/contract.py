"""What every engine promises; a test case of an engine derives from this and makes one."""

from twisted.internet.defer import Deferred

from aiorest_gw import Push
from aiorest_gw.sessions.engine import Member, Position, Retention

_ALL = Retention(1_000, 1_000)


class EngineContract:
    """Mixed into a test case that has ``make_engine()``, ``later(seconds)`` and ``resolve(awaitable)``."""

    def setUp(self):
        super().setUp()
        self.engine = self.make_engine()
        self.delivered = []
        self.engine.start(self.delivered.append)

    def do(self, running):
        return self.resolve(Deferred.fromCoroutine(running))

    def publish(self, topic, *numbers, retention=_ALL):
        return [
            self.do(self.engine.publish(Push("n", number, topic), retention)) for number in numbers
        ]

    def history(self, topic, since=None, limit=1_000):
        return self.do(self.engine.history(topic, since, limit))

    def test_publications_are_numbered_from_1_without_gaps(self):
        places = self.publish("a", 1, 2, 3)
        self.assertEqual([1, 2, 3], [place.offset for place in places])
        self.assertEqual(1, len({place.epoch for place in places}))
        self.assertEqual([1], [place.offset for place in self.publish("b", 1)])

    def test_subscribed_topics_are_delivered_in_order_and_others_are_not(self):
        self.publish("a", 0)
        self.do(self.engine.subscribe("a"))
        self.publish("a", 1, 2)
        self.publish("b", 3)
        self.do(self.engine.unsubscribe("a"))
        self.publish("a", 4)
        self.assertEqual([Push("n", 1, "a", 2), Push("n", 2, "a", 3)], self.delivered)

    def test_history_is_what_was_published_with_its_place(self):
        *_, last = self.publish("a", 1, 2, 3)
        found = self.history("a")
        self.assertEqual([Push("n", n, "a", n) for n in (1, 2, 3)], list(found.pushes))
        self.assertEqual(last, found.position)

    def test_history_behind_a_place_is_complete_or_says_that_it_is_not(self):
        *_, last = self.publish("a", 1, 2, 3, 4, 5, retention=Retention(3, 1_000))
        for offset, complete, data in (
            (5, True, []), (4, True, [5]), (2, True, [3, 4, 5]), (1, False, [3, 4, 5]), (6, False, []),
        ):  # fmt: skip
            found = self.history("a", Position(last.epoch, offset))
            self.assertEqual(
                (complete, data), (found.complete, [p.data for p in found.pushes]), offset
            )
        self.assertFalse(self.history("a", Position("another", 4)).complete)
        self.assertFalse(self.history("a", Position(last.epoch, 3), limit=1).complete)
        self.assertEqual([4, 5], [p.data for p in self.history("a", None, 2).pushes])
        self.assertEqual([], list(self.history("a", None, 0).pushes))

    def test_history_has_an_age(self):
        self.publish("a", 1, retention=Retention(10, 5))
        self.later(3)
        self.publish("a", 2, retention=Retention(10, 5))
        self.later(3)
        found = self.history("a")
        self.assertEqual(([2], 2), ([push.data for push in found.pushes], found.position.offset))

    def test_history_has_a_size(self):
        self.do(self.engine.publish(Push("n", "x" * 600, "a"), Retention(10, 100, 1_000)))
        self.do(self.engine.publish(Push("n", "y" * 300, "a"), Retention(10, 100, 1_000)))
        self.do(self.engine.publish(Push("n", "z" * 300, "a"), Retention(10, 100, 1_000)))
        self.assertEqual(["y", "z"], [push.data[0] for push in self.history("a").pushes])
        self.do(self.engine.publish(Push("n", "x" * 2_000, "a"), Retention(10, 100, 1_000)))
        found = self.history("a")
        self.assertEqual(([], 4), (list(found.pushes), found.position.offset))

    def test_nothing_is_kept_where_nothing_is_to_be(self):
        self.do(self.engine.subscribe("a"))
        self.publish("a", 1, retention=Retention(0, 100))
        self.assertEqual(([], 1), (list(self.history("a").pushes), len(self.delivered)))

    def test_a_topic_that_nobody_has_published_in_has_a_place(self):
        before = self.history("a", None, 0).position
        self.assertEqual(0, before.offset)
        self.publish("a", 1)
        self.assertEqual(([1], True), (
            [p.data for p in self.history("a", before).pushes], self.history("a", before).complete))  # fmt: skip

    def test_members_enter_and_leave(self):
        ann, bob = Member("1", "ann", "Ann"), Member("2")
        for member in (ann, bob):
            self.do(self.engine.enter("a", member))
        self.assertEqual([ann, bob], list(self.do(self.engine.members("a"))))
        self.assertEqual([], list(self.do(self.engine.members("b"))))
        self.do(self.engine.leave("a", "1"))
        self.do(self.engine.leave("a", "1"))
        self.assertEqual([bob], list(self.do(self.engine.members("a"))))
