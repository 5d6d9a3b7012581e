"""Latencies in bounded memory, and what is told of them."""

import random
import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.command.histogram import Histogram
from aiorest_gw.command.measured import Measured
from aiorest_gw.command.outcomes import Outcome

LATENCIES = some.lists(some.floats(1e-6, 3_600), min_size=1, max_size=100)
# However busy the machine is.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def filled(latencies):
    histogram = Histogram()
    for one in latencies:
        histogram.add(one)
    return histogram


class HistogramTests(SynchronousTestCase):
    @patient
    @given(LATENCIES, some.floats(0, 100))
    def test_a_percentile_is_wrong_by_no_more_than_one_percent(self, latencies, percent):
        found = filled(latencies).percentile(percent)
        ordered = sorted(latencies)
        # The latency of that rank, and where the rank is a matter of rounding, its neighbours.
        rank = percent / 100 * len(ordered)
        low = ordered[max(0, int(rank - 1e-6) - 1)]
        high = ordered[min(len(ordered) - 1, int(rank + 1e-6))]
        self.assertGreaterEqual(found, low * 0.99)
        self.assertLessEqual(found, high * 1.01)

    @patient
    @given(LATENCIES)
    def test_the_longest_and_the_mean_are_exact(self, latencies):
        histogram = filled(latencies)
        self.assertEqual(max(latencies), histogram.most)
        self.assertEqual(max(latencies), histogram.percentile(100))
        self.assertAlmostEqual(sum(latencies) / len(latencies), histogram.mean)

    def test_what_is_beyond_all_sizes_is_counted_too(self):
        histogram = filled([0.0, 1e-9, 1e6, 1e9])
        self.assertEqual((4, 1e9), (histogram.count, histogram.most))
        self.assertLessEqual(histogram.percentile(50), 1e-6)

    def test_it_takes_no_more_room_for_a_hundred_thousand(self):
        histogram = filled([0.5])
        before = sys.getsizeof(histogram._buckets)
        chance = random.Random(5)
        for _ in range(100_000):
            histogram.add(chance.expovariate(10))
        self.assertEqual(before, sys.getsizeof(histogram._buckets))
        self.assertLess(before, 16_384)
        self.assertTrue(0.067 < histogram.percentile(50) < 0.071)

    def test_of_none_all_is_zero(self):
        histogram = Histogram()
        self.assertEqual((0, 0, 0), (histogram.mean, histogram.percentile(99), histogram.most))


class MeasuredTests(SynchronousTestCase):
    def test_answers_behind_the_end_count_for_latency_and_not_for_the_rate(self):
        measured = Measured(2.0)
        for at in (0.0, 1.0, 1.99, 2.5):
            measured.add(200, 0.1, at)
        self.assertEqual((4, 4, 1.5), (measured.requests, measured.latencies.count, measured.rate))

    def test_the_outcome_is_the_worst_that_happened(self):
        for statuses, outcome in (
            ((), Outcome.DONE),
            ((200, 201), Outcome.DONE),
            ((200, 404), Outcome.REFUSED),
            ((404, 500), Outcome.FAILED),
            ((404, 500, "unanswered"), Outcome.TIMEOUT),
            (("lost", 500), Outcome.NO_CONNECTION),
        ):
            measured = Measured(1.0)
            for status in statuses:
                measured.add(status, 0.1, 0.5)
            self.assertEqual(outcome, measured.outcome(), statuses)

    def test_one_that_was_cut_short_is_told_by_the_time_that_it_had(self):
        measured = Measured(100.0)
        for at in (0.5, 1.5, 2.5):
            measured.add(200, 0.1, at)
        measured.seconds = 3.0
        self.assertEqual((1.0, [1, 1, 1]), (measured.rate, measured.full_bins))
