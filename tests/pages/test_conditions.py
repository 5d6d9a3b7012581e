"""Requests with conditions."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.conditions import Validators, range_holds, unmet

NOW = Validators('"xyzzy"', 784_111_777)
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
THEN = "Sun, 06 Nov 1994 08:49:37 GMT"
AFTER = "Sun, 06 Nov 1994 08:49:38 GMT"


class UnmetTests(SynchronousTestCase):
    def unmet(self, now=NOW, **asked):
        return unmet({name.replace("_", "-"): value for name, value in asked.items()}, now)

    def test_without_conditions_it_is_sent(self):
        self.assertIsNone(self.unmet())

    def test_who_has_it_is_told_so(self):
        """RFC 9110 section 13.1.2; ``W/`` makes no difference."""
        for known in (
            '"xyzzy"', 'W/"xyzzy"', '"r2d2xxxx", "xyzzy", "c3piozzzz"', "*", " * ", '"a,b" , "xyzzy"',
        ):  # fmt: skip
            self.assertEqual(304, self.unmet(if_none_match=known), known)

    def test_who_has_another_gets_it(self):
        for known in (
            '"other"',
            "",
            "xyzzy",
            '"xyzz',
            "**",
            '"*"',
            '"xyzzy-gzip"',
            '"XYZZY"',
            'xyzzy"',
        ):
            self.assertIsNone(self.unmet(if_none_match=known), known)

    def test_who_has_it_since_it_was_changed_is_told_so(self):
        self.assertEqual(304, self.unmet(if_modified_since=THEN))
        self.assertEqual(304, self.unmet(if_modified_since=AFTER))
        self.assertIsNone(self.unmet(if_modified_since=BEFORE))
        for wrong in ("", "now", "1994-11-06"):
            self.assertIsNone(self.unmet(if_modified_since=wrong), wrong)

    def test_a_tag_counts_more_than_a_date(self):
        """RFC 9110 section 13.1.3."""
        self.assertIsNone(self.unmet(if_none_match='"other"', if_modified_since=AFTER))
        self.assertEqual(304, self.unmet(if_none_match='"xyzzy"', if_modified_since=BEFORE))

    def test_who_wants_a_state_that_is_no_more_is_refused(self):
        """RFC 9110 section 13.1.1: compared strongly."""
        for wanted in ('"other"', 'W/"xyzzy"', "", "xyzzy"):
            self.assertEqual(412, self.unmet(if_match=wanted), wanted)
        for wanted in ('"xyzzy"', '"other", "xyzzy"', "*"):
            self.assertIsNone(self.unmet(if_match=wanted), wanted)
        self.assertEqual(412, self.unmet(if_unmodified_since=BEFORE))
        self.assertIsNone(self.unmet(if_unmodified_since=THEN))
        self.assertIsNone(self.unmet(if_unmodified_since="never"))

    def test_they_are_heeded_in_their_order(self):
        """RFC 9110 section 13.2.2."""
        self.assertIsNone(self.unmet(if_match='"xyzzy"', if_unmodified_since=BEFORE))
        self.assertEqual(412, self.unmet(if_match='"other"', if_none_match='"xyzzy"'))
        self.assertEqual(304, self.unmet(if_match='"xyzzy"', if_none_match='"xyzzy"'))
        self.assertEqual(412, self.unmet(if_unmodified_since=BEFORE, if_modified_since=AFTER))
        self.assertEqual(304, self.unmet(if_unmodified_since=THEN, if_modified_since=THEN))

    def test_without_a_date_dates_are_ignored(self):
        now = Validators('"xyzzy"', None)
        self.assertIsNone(self.unmet(now, if_modified_since=AFTER))
        self.assertIsNone(self.unmet(now, if_unmodified_since=BEFORE))


class RangeHoldsTests(SynchronousTestCase):
    def test_a_part_fits_to_the_same_state_alone(self):
        """RFC 9110 section 13.1.5: compared strongly, and a date exactly."""
        for text in ('"xyzzy"', THEN):
            self.assertTrue(range_holds({"if-range": text}, NOW), text)
        for text in ('W/"xyzzy"', '"other"', BEFORE, AFTER, "", "*", '"xyzzy", "other"'):
            self.assertFalse(range_holds({"if-range": text}, NOW), text)

    def test_without_the_condition_it_is_sent(self):
        self.assertTrue(range_holds({}, NOW))

    def test_without_a_date_none_is_the_same(self):
        for text in ("", THEN, "now"):
            self.assertFalse(range_holds({"if-range": text}, Validators('"xyzzy"', None)), text)
