"""What clients would like."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.weights import weights


class WeightTests(SynchronousTestCase):
    def test_each_is_wanted_as_much_as_it_says(self):
        """RFC 9110 sections 12.5.1 and 12.5.3."""
        for text, expected in (
            ("", {}),
            ("compress, gzip", {"compress": 1, "gzip": 1}),
            ("compress;q=0.5, gzip;q=1.0", {"compress": 0.5, "gzip": 1}),
            ("gzip;q=1.0, identity; q=0.5, *;q=0", {"gzip": 1, "identity": 0.5, "*": 0}),
            ("audio/*; q=0.2, audio/basic", {"audio/*": 0.2, "audio/basic": 1}),
            ("text/html;level=1;q=0.4", {"text/html": 0.4}),
            (" GZIP \t; Q=0.001 ,, ", {"gzip": 0.001}),
        ):
            self.assertEqual(expected, weights(text), text)

    def test_a_weight_that_is_none_is_no_wish(self):
        for text in ("gzip;q=", "gzip;q=2", "gzip;q=-1", "gzip;q=1.5", "gzip;q=nan", "gzip;q=1e0"):
            self.assertEqual({"gzip": 0}, weights(text), text)

    def test_of_two_words_the_first_counts(self):
        self.assertEqual({"gzip": 0}, weights("gzip;q=0, gzip"))

    @settings(max_examples=200, deadline=None)
    @given(st.text(st.sampled_from("gzip,;=q01.* \t"), max_size=40))
    def test_whatever_is_sent_weighs_between_nothing_and_one(self, text):
        for name, weight in weights(text).items():
            self.assertTrue(name)
            self.assertTrue(0 <= weight <= 1)
