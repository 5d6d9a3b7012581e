"""Who accepts a connection."""

import os

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.server.balance import ConnectionCounts, leaves_to_another


class BalanceTests(SynchronousTestCase):
    def test_few_connections_are_counted_out_exactly(self):
        self.assertFalse(leaves_to_another(0, [0, 0]))
        self.assertTrue(leaves_to_another(1, [0, 5]))
        self.assertFalse(leaves_to_another(1, [1, 5]))

    def test_of_many_an_eighth_more_is_as_good(self):
        self.assertFalse(leaves_to_another(1_125, [1_000]))
        self.assertTrue(leaves_to_another(1_126, [1_000]))

    def test_who_is_alone_accepts(self):
        self.assertFalse(leaves_to_another(1_000, []))

    @given(st.lists(st.integers(0, 10_000), min_size=1, max_size=8))
    def test_there_is_always_one_that_accepts(self, counts):
        leave = [
            leaves_to_another(own, counts[:place] + counts[place + 1 :])
            for place, own in enumerate(counts)
        ]
        self.assertIn(False, leave)


class ConnectionCountsTests(SynchronousTestCase):
    def test_processes_see_each_others_counts(self):
        made = ConnectionCounts(3)
        same = ConnectionCounts(3, os.dup(made.descriptor))
        self.assertEqual([], made.others(0))
        made.set(0, 5)
        same.set(2, 100_000)
        self.assertEqual([5, 100_000], same.others(1))
        self.assertEqual([100_000], made.others(0))

    def test_one_that_accepts_no_more_is_not_counted(self):
        counts = ConnectionCounts(2)
        counts.set(0, 0)
        counts.set(1, 0)
        counts.leave(0)
        self.assertEqual([], counts.others(1))
