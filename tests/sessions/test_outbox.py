"""What is on its way to one client: order, bounds, policies, what is told."""

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.sessions.entries import Ending, Entry, Outcome, Policy
from aiorest_gw.sessions.outbox import Outbox


def make(most=5, octets=1_000, retains=True):
    return Outbox(most, octets, retains, lambda missed: Entry(f"missed {missed}", 10))


def push(body, policy=Policy.DROP_OLDEST, size=10, **options):
    return Entry(body, size, policy, **options)


def taken(outbox, now=0.0):
    """Everything that is to be sent now, as it is sent."""
    bodies = []
    while (entry := outbox.take(now)) is not None:
        bodies.append(entry.body)
    return bodies


class OutboxTests(SynchronousTestCase):
    def fill(self, outbox, bodies, policy=Policy.DROP_OLDEST, **options):
        return [outbox.put(push(body, policy, **options)) for body in bodies]

    def test_messages_leave_in_order_and_are_numbered_without_gaps(self):
        outbox = make()
        self.fill(outbox, "abc")
        self.assertEqual([1, 2, 3], [outbox.take(0).seq for _ in "abc"])
        self.assertEqual(4, outbox.number(b"d"))
        self.assertTrue(outbox.idle)
        self.assertIsNone(outbox.take(0))

    def test_nothing_overtakes_what_waits(self):
        """G1: a message that comes while others wait goes behind them."""
        outbox = make()
        self.fill(outbox, "ab")
        late = push("late")
        self.assertEqual(0, outbox.number(b"late"))
        outbox.put(late)
        self.assertEqual(["a", "b", "late"], taken(outbox))

    def test_another_connection_gets_again_what_was_not_acknowledged_and_then_the_rest(self):
        """G2: a failed write puts nothing out of order."""
        outbox = make()
        self.fill(outbox, "abc")
        taken(outbox)
        outbox.acknowledge(1)
        self.fill(outbox, "d")
        outbox.rewind(1)
        self.assertEqual(0, outbox.number(b"x"))
        self.assertEqual([("b", 2), ("c", 3), ("d", 4)],
                         [(e.body, e.seq) for e in (outbox.take(0) for _ in "bcd")])  # fmt: skip
        outbox.rewind(3)
        self.assertEqual(["d"], taken(outbox))
        outbox.acknowledge(4)
        self.assertEqual((0, 0), (len(outbox), outbox.octets))

    def test_what_was_acknowledged_is_not_there_to_be_sent_again(self):
        outbox = make()
        self.fill(outbox, "abc")
        taken(outbox)
        outbox.acknowledge(2)
        outbox.acknowledge(1)
        self.assertEqual(2, outbox.acknowledged)
        self.assertRaises(ValueError, outbox.rewind, 1)
        self.assertRaises(ValueError, outbox.rewind, 4)
        self.assertRaises(ValueError, outbox.acknowledge, 4)
        outbox.rewind(2)
        self.assertEqual(["c"], taken(outbox))

    def test_full_outbox_drops_the_oldest_and_tells_how_many(self):
        outbox = make()
        self.assertEqual([True] * 8, self.fill(outbox, "abcdefgh"))
        self.assertEqual(["missed 3", *"defgh"], taken(outbox))
        self.assertEqual(3, outbox.dropped)

    def test_full_outbox_drops_the_newest_where_that_is_asked(self):
        outbox = make()
        self.fill(outbox, "abcdefgh", Policy.DROP_NEWEST)
        self.assertEqual([*"abcde", ], taken(outbox))  # fmt: skip
        outbox.acknowledge(2)
        self.assertEqual(["missed 3"], taken(outbox))
        self.fill(outbox, "i", Policy.DROP_NEWEST)
        self.assertEqual(["i"], taken(outbox))

    def test_the_notice_stands_where_the_dropped_ones_were(self):
        outbox = make(most=4)
        outbox.put(Entry("answer", 10))
        self.fill(outbox, "abcde")
        self.assertEqual(["answer", "missed 2", *"cde"], taken(outbox))

    def test_notices_do_not_fill_the_outbox_of_one_who_acknowledges_nothing(self):
        outbox = make()
        self.fill(outbox, "abcde")
        taken(outbox)
        for _ in range(1_000):
            self.fill(outbox, "x")
            self.assertEqual([], taken(outbox))
        self.assertEqual(5, len(outbox))
        outbox.acknowledge(1)
        self.assertEqual(["missed 1000"], taken(outbox))

    def test_a_push_takes_the_place_of_those_with_its_key(self):
        outbox = make()
        told = []
        outbox.put(push("a1", Policy.COALESCE, key="a", told=told.append))
        self.fill(outbox, "b")
        outbox.put(push("a2", Policy.COALESCE, key="a"))
        outbox.put(push("c", Policy.COALESCE, key="c"))
        [(tell, ending)] = outbox.told
        self.assertIs(Outcome.DROPPED, ending.outcome)
        self.assertEqual(["b", "a2", "c"], taken(outbox))
        outbox.put(push("a3", Policy.COALESCE, key="a"))
        self.assertEqual(["a3"], taken(outbox))
        self.assertEqual(0, outbox.dropped)

    def test_a_push_that_replaces_another_and_still_does_not_fit_is_dropped(self):
        outbox = make(octets=50)
        outbox.put(Entry("answer", 40))
        outbox.put(push("a1", Policy.COALESCE, key="a"))
        outbox.put(push("a2", Policy.COALESCE, key="a", size=20))
        outbox.put(push("a3", Policy.COALESCE, key="a"))
        self.assertEqual(["answer", "missed 1", "a3"], taken(outbox))

    def test_a_push_keeps_its_place_where_the_one_that_replaces_it_does_not_fit(self):
        outbox, told = make(octets=50), []
        for body, size in (("answer", 35), ("a1", 10)):
            policy = None if body == "answer" else Policy.COALESCE
            outbox.put(Entry(body, size, policy, "a", told=told.append))
        outbox.put(push("a2", Policy.COALESCE, key="a", size=20))
        self.assertEqual([], outbox.told)
        self.assertEqual(["answer", "a1", "missed 1"], taken(outbox))

    def test_a_push_that_replaces_another_needs_only_the_rest_of_its_room(self):
        outbox = make(octets=50)
        outbox.put(push("a1", Policy.COALESCE, key="a", size=15))
        self.fill(outbox, "bcd")
        outbox.put(push("a2", Policy.COALESCE, key="a", size=25))
        self.assertEqual(["missed 1", *"cd", "a2"], taken(outbox))

    def test_what_may_not_be_dropped_closes_where_there_is_no_room(self):
        outbox = make()
        told = []
        self.fill(outbox, "abcd", Policy.CLOSE)
        self.assertTrue(outbox.put(Entry("answer", 10)))
        self.assertFalse(outbox.put(push("e", Policy.CLOSE, told=told.append)))
        self.assertTrue(outbox.put(push("f")))  # dropped, as there is nothing that may be
        self.assertTrue(outbox.put(Entry("another", 10)))  # there is always room for answers
        self.assertEqual([*"abcd", "answer"], taken(outbox))
        outbox.acknowledge(2)
        self.assertEqual(["missed 1", "another"], taken(outbox))
        self.assertEqual(1, len(outbox.told))

    def test_bytes_are_bounded_but_one_message_always_has_room(self):
        outbox = make(octets=100)
        self.fill(outbox, "abc", size=40)
        self.assertEqual(80, outbox.octets)
        self.assertEqual(["missed 1", *"bc"], taken(outbox))
        self.assertEqual(0, outbox.number(b"d" * 40))
        outbox.acknowledge(3)
        self.assertEqual(4, outbox.number(b"l" * 5_000))
        self.assertEqual(0, outbox.number(b"e"))

    def test_nothing_is_dropped_for_one_that_does_not_fit_anyway(self):
        outbox = make(octets=100)
        self.fill(outbox, "ab", size=40)
        self.fill(outbox, "c", size=101)
        self.assertEqual(["a", "b", "missed 1"], taken(outbox))

    def test_endings_are_told_once(self):
        outbox, told = make(), []
        self.fill(outbox, "abcdef", told=told.append)
        taken(outbox)
        outbox.acknowledge(3)
        outbox.close("the session has ended")
        outcomes = [ending.outcome for _, ending in outbox.told]
        self.assertEqual([Outcome.DROPPED, *[Outcome.DELIVERED] * 2, *[Outcome.EXPIRED] * 3],
                         outcomes)  # fmt: skip

    def test_what_is_too_late_is_not_sent(self):
        outbox = make()
        self.fill(outbox, "a", expires=5.0, told=print)
        self.fill(outbox, "b")
        late = push("c", expires=5.0, told=print)
        outbox.put(late)
        outbox.expire(late)
        outbox.expire(late)
        self.assertEqual(["b"], taken(outbox, now=5.0))
        self.assertEqual([Ending(Outcome.EXPIRED, "its time was over")] * 2,
                         [ending for _, ending in outbox.told])  # fmt: skip

    def test_what_was_not_acknowledged_is_handed_over_at_the_end(self):
        outbox = make()
        self.fill(outbox, "abcd")
        outbox.take(0), outbox.take(0)
        outbox.acknowledge(1)
        self.assertEqual(["b", "c", "d"], [entry.body for entry in outbox.close("")])
        self.assertEqual((0, 0, []), (len(outbox), outbox.octets, taken(outbox)))

    def test_without_acknowledgements_nothing_is_held_that_was_taken(self):
        outbox = make(retains=False)
        self.fill(outbox, "abcdefg", told=print)
        self.assertEqual(["missed 2", *"cdefg"], taken(outbox))
        self.assertEqual((0, 0, True), (len(outbox), outbox.octets, outbox.idle))
        self.assertIs(Outcome.WRITTEN, outbox.told[-1][1].outcome)


class Promise(RuleBasedStateMachine):
    """A client that is there or not, that is cut off, and that loses what was on its way."""

    def __init__(self):
        super().__init__()
        self.outbox = make(most=8, octets=300)
        self.count = 0
        self.there = False
        self.on_the_way = deque()
        self.received = []
        self.numbers = []

    def deliver_all(self):
        while self.there and (entry := self.outbox.take(0.0)) is not None:
            body = int(entry.body) if isinstance(entry.body, bytes) else entry.body
            self.on_the_way.append((entry.seq, body))

    @rule(policy=st.sampled_from([*Policy]), size=st.integers(1, 90), quick=st.booleans())
    def send(self, policy, size, quick):
        self.count += 1
        entry = Entry(self.count, size, policy, key=f"k{self.count % 3}")
        if quick and self.there and (seq := self.outbox.number(b"%d" % self.count)):
            self.on_the_way.append((seq, self.count))
        else:
            self.outbox.put(entry)
            self.deliver_all()

    @precondition(lambda self: self.on_the_way)
    @rule()
    def arrive(self):
        seq, body = self.on_the_way.popleft()
        if seq == len(self.numbers) + 1:
            self.numbers.append(seq)
            self.received.append(body)

    @rule()
    def acknowledge(self):
        self.outbox.acknowledge(len(self.numbers))
        self.deliver_all()

    @rule()
    def cut(self):
        self.there = False
        self.on_the_way.clear()

    @rule()
    def come_back(self):
        self.there = True
        self.on_the_way.clear()
        self.outbox.rewind(len(self.numbers))
        self.deliver_all()

    @invariant()
    def what_arrives_is_in_order_and_once(self):
        pushes = [body for body in self.received if isinstance(body, int)]
        assert pushes == sorted(set(pushes)), pushes

    @invariant()
    def bounds_hold(self):
        assert len(self.outbox) <= 2 * 8
        assert self.outbox.octets <= 300 + 8 * 10 or len(self.outbox) <= 2

    def teardown(self):
        """In the end all has arrived, or was told as missed, taken the place of, or refused."""
        self.come_back()
        while self.on_the_way:
            self.arrive()
            self.acknowledge()
        assert not len(self.outbox) and self.outbox.idle
        missed = sum(int(b.split()[1]) for b in self.received if isinstance(b, str))
        assert missed == self.outbox.dropped
        assert self.outbox.seq == len(self.numbers)


class PromiseTests(SynchronousTestCase):
    def test_whatever_happens_all_arrives_in_order_and_once_or_is_told(self):
        run_state_machine_as_test(
            Promise, settings=settings(max_examples=100, stateful_step_count=50, deadline=None)
        )
