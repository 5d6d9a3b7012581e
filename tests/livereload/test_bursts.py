"""Changes that come together are given together, and the last is never lost."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.errors import ConfigurationError
from aiorest_gw.livereload.bursts import EVERYTHING, Bursts


class BurstTests(SynchronousTestCase):
    def test_nothing_is_given_before_it_is_quiet(self):
        bursts = Bursts()
        self.assertIsNone(bursts.due())
        self.assertEqual((), bursts.take(0.0))
        bursts.add("a", 10.0)
        self.assertEqual(10.05, bursts.due())
        self.assertEqual((), bursts.take(10.04))
        bursts.add("b", 10.04)
        self.assertEqual((), bursts.take(10.08))
        self.assertEqual(("a", "b"), bursts.take(10.09))
        self.assertIsNone(bursts.due())
        self.assertEqual((), bursts.take(11.0))

    def test_each_path_is_given_once_where_it_changed_last(self):
        bursts = Bursts()
        for path in ("a", "b", "c", "a", "b", "b"):
            bursts.add(path, 0.0)
        self.assertEqual(("c", "a", "b"), bursts.take(1.0))

    def test_the_last_write_of_a_burst_counts(self):
        """E8: execlib took the first, and what was written later stayed unseen."""
        bursts = Bursts()
        bursts.add("a", 0.0)
        self.assertEqual(("a",), bursts.take(0.05))
        bursts.add("a", 0.06)
        self.assertEqual(0.11, bursts.due())
        self.assertEqual(("a",), bursts.take(0.11))

    def test_a_stream_that_never_ends_gives_what_there_is(self):
        bursts, given = Bursts(), []
        for step in range(300):
            now = step / 100
            bursts.add(f"{step}", now)
            given.append((now, bursts.take(now)))
        times = [now for now, paths in given if paths]
        self.assertEqual([1.0, 2.01], times)
        self.assertEqual(101, len(given[100][1]))

    def test_of_too_many_paths_is_told_that_everything_changed(self):
        bursts = Bursts(most_paths=3)
        for path in "abc":
            bursts.add(path, 0.0)
        self.assertEqual(("a", "b", "c"), bursts.take(1.0))
        for path in "abcabcd":
            bursts.add(path, 2.0)
        bursts.add("e", 2.0)
        self.assertEqual(2.05, bursts.due())
        self.assertIs(EVERYTHING, bursts.take(2.05))
        bursts.add("a", 3.0)
        self.assertEqual(("a",), bursts.take(4.0))

    def test_who_cannot_tell_what_changed_says_everything(self):
        bursts = Bursts()
        bursts.add("a", 0.0)
        bursts.add(EVERYTHING, 0.01)
        self.assertEqual((), bursts.take(0.05))
        self.assertIs(EVERYTHING, bursts.take(0.06))
        self.assertIsNone(bursts.due())

    def test_a_timer_that_is_early_by_an_error_of_rounding_is_in_time(self):
        bursts = Bursts()
        bursts.add("a", 0.1)
        self.assertLess(0.15, bursts.due())
        self.assertEqual(("a",), bursts.take(0.15))

    def test_times_that_make_no_sense_are_refused(self):
        for numbers in ((-1, 1), (2, 1), (0.05, float("inf")), (float("nan"), 1), (0.05, 1, 0)):
            self.assertRaises(ConfigurationError, Bursts, *numbers)

    @given(
        st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 40)), max_size=60),
        st.integers(1, 8),
    )
    def test_every_change_is_given_after_it_and_soon(self, changes, most_paths):
        """Whatever comes when: with a timer that is set anew after each change and each take."""
        bursts, now, open_since, open_paths = Bursts(0.05, 0.2, most_paths), 0.0, 0.0, set()

        def take(at):
            taken = bursts.take(at)
            if taken is not EVERYTHING:
                self.assertEqual(len(set(taken)), len(taken))
                self.assertEqual(open_paths, set(taken))
            self.assertLessEqual(at, open_since + 0.2 + 1e-9)
            open_paths.clear()

        for path, wait in changes:
            now += wait / 200
            due = bursts.due()
            if due is not None and due <= now:
                take(due)
            if not open_paths:
                open_since = now
            open_paths.add(path)
            bursts.add(path, now)
        if bursts.due() is not None:
            take(bursts.due())
        self.assertIsNone(bursts.due())
        self.assertEqual(set(), open_paths)
