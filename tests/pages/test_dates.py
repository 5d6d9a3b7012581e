"""HTTP's dates."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.dates import http_date, read_date

WHEN = 784_111_777


class DateTests(SynchronousTestCase):
    def test_each_form_is_read(self):
        """RFC 9110 section 5.6.7."""
        for text in (
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ):
            self.assertEqual(WHEN, read_date(text), text)

    def test_one_form_is_written(self):
        self.assertEqual("Sun, 06 Nov 1994 08:49:37 GMT", http_date(WHEN))
        self.assertEqual("Sun, 06 Nov 1994 08:49:37 GMT", http_date(WHEN + 0.999))
        self.assertEqual("Wed, 31 Dec 1969 23:59:59 GMT", http_date(-0.5))

    def test_years_of_two_digits_begin_with_1970(self):
        self.assertEqual(0, read_date("Thursday, 01-Jan-70 00:00:00 GMT"))
        last = read_date("Tue, 31 Dec 2069 23:59:59 GMT")
        self.assertEqual(last, read_date("Tuesday, 31-Dec-69 23:59:59 GMT"))

    def test_a_leap_second_is_one(self):
        after = read_date("Sun, 01 Jan 2017 00:00:00 GMT")
        self.assertEqual(after, read_date("Sat, 31 Dec 2016 23:59:60 GMT"))

    def test_what_is_no_date_is_none(self):
        for text in (
            "", "0", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 0000 00:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT\n", "Sun, ٠٦ Nov 1994 08:49:37 GMT", "Sun Nov 06 08:49:37 94",
            "Fri, 31 Dec 9999 23:59:60 GMT",
        ):  # fmt: skip
            self.assertIsNone(read_date(text), text)

    @settings(max_examples=200, deadline=None)
    @given(st.integers(0, 253_402_300_799))
    def test_what_is_written_is_read_again(self, seconds):
        self.assertEqual(seconds, read_date(http_date(seconds)))
