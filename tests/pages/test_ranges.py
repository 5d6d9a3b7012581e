"""Parts of a document."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.ranges import ByteRange, RangeNotSatisfiable, asked_range

NUMBERS = st.one_of(st.just(""), st.integers(0, 10**25).map(str), st.text("0123456789", max_size=5))


class RangeTests(SynchronousTestCase):
    def test_one_part_is_sent(self):
        """RFC 9110 section 14.1.2, of a document of 10,000 bytes."""
        for text, start, length in (
            ("bytes=0-499", 0, 500),
            ("bytes=500-999", 500, 500),
            ("bytes=-500", 9_500, 500),
            ("bytes=9500-", 9_500, 500),
            ("bytes=0-0", 0, 1),
            ("bytes=-1", 9_999, 1),
            ("bytes=0-", 0, 10_000),
            ("bytes=9999-99999999999999999999999", 9_999, 1),
            ("bytes=-99999999999999999999999", 0, 10_000),
            ("Bytes= 0-499 ,", 0, 500),
            ("bytes=" + "0" * 5_000 + "7-7", 7, 1),
        ):
            self.assertEqual(ByteRange(start, length), asked_range(text, 10_000), text)

    def test_it_says_which_part_it_is(self):
        self.assertEqual("bytes 42-1233/1234", asked_range("bytes=42-", 1_234).told(1_234))

    def test_a_part_behind_the_end_is_refused(self):
        for text in ("bytes=10000-", "bytes=10000-10001", "bytes=-0", "bytes=" + "9" * 5_000 + "-"):
            self.assertRaises(RangeNotSatisfiable, asked_range, text, 10_000)
        self.assertRaises(RangeNotSatisfiable, asked_range, "bytes=0-", 0)
        self.assertRaises(RangeNotSatisfiable, asked_range, "bytes=-0", 0)

    def test_the_last_bytes_of_nothing_are_all_of_it(self):
        self.assertIsNone(asked_range("bytes=-5", 0))

    def test_what_is_no_range_is_ignored(self):
        for text in (
            "", "bytes", "bytes=", "bytes=-", "bytes=,", "bytes=a-b", "bytes=5-4", "bytes=5", "bytes=1 -2",
            "bytes=--5", "bytes=+1-2", "bytes=1-2-3", "bytes=0x1-2", "items=0-4", "0-4", "bytes =0-4",
            "bytes=٠-٤", "bytes=0-4;", "bytes=20000-19999",
        ):  # fmt: skip
            self.assertIsNone(asked_range(text, 10_000), text)

    def test_several_parts_are_answered_with_the_whole(self):
        for text in ("bytes=500-600,601-999", "bytes=0-0,-1", "bytes=" + "0-," * 5_000 + "0-"):
            self.assertIsNone(asked_range(text, 10_000), text)

    @settings(max_examples=200, deadline=None)
    @given(NUMBERS, NUMBERS, st.integers(0, 10**12))
    def test_no_part_is_larger_than_the_document(self, first, last, size):
        try:
            part = asked_range(f"bytes={first}-{last}", size)
        except RangeNotSatisfiable:
            return
        if part is not None:
            self.assertGreaterEqual(part.start, 0)
            self.assertGreaterEqual(part.length, 1)
            self.assertLessEqual(part.start + part.length, size)

    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=30), st.integers(0, 100))
    def test_whatever_is_sent_is_a_range_or_none(self, text, size):
        try:
            asked_range(f"bytes={text}", size)
        except RangeNotSatisfiable:
            pass
