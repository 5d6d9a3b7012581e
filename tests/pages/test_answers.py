"""Answers to requests for a page that is there."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.answers import Representation, answer, file_tag, moved
from aiorest_gw.pages.kinds import kind_of
from aiorest_gw.pages.paths import locate

PAGE = Representation(10_000, 784_111_777.25, "abc", kind_of("index.html"))
PACKED = Representation(900, 784_111_777.25, "abc", kind_of("index.html"), "gzip")
PICTURE = Representation(500, None, "abc", kind_of("a.png"))


class AnswerTests(SynchronousTestCase):
    def ask(self, found=PAGE, method="GET", **asked):
        self.answer = answer(
            method, {name.replace("_", "-"): value for name, value in asked.items()}, found
        )
        self.headers = dict(self.answer.headers)
        self.assertEqual(len(self.headers), len(self.answer.headers))
        return self.answer.status

    def sent(self):
        return self.answer.start, self.answer.length, self.answer.has_body

    def test_a_page_is_sent_with_all_that_tells_of_it(self):
        self.assertEqual(200, self.ask())
        self.assertEqual((0, 10_000, True), self.sent())
        self.assertEqual(
            {
                "ETag": '"abc"',
                "Cache-Control": "no-cache",
                "Vary": "Accept-Encoding",
                "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
                "Content-Type": "text/html; charset=utf-8",
                "Content-Length": "10000",
                "Accept-Ranges": "bytes",
            },
            self.headers,
        )

    def test_head_is_told_the_same_without_the_page(self):
        self.ask()
        headers = self.answer.headers
        self.assertEqual(200, self.ask(method="HEAD"))
        self.assertEqual((headers, False), (self.answer.headers, self.answer.has_body))
        self.assertEqual(200, self.ask(method="HEAD", range="bytes=0-4"))
        self.assertEqual((headers, False), (self.answer.headers, self.answer.has_body))

    def test_what_is_compressed_has_another_tag(self):
        self.ask(PACKED)
        self.assertEqual(
            ('"abc-gzip"', "gzip"), (self.headers["ETag"], self.headers["Content-Encoding"])
        )
        self.assertEqual((0, 900, True), self.sent())
        self.assertEqual(304, self.ask(PACKED, if_none_match='"abc-gzip"'))
        self.assertEqual(200, self.ask(PACKED, if_none_match='"abc"'))

    def test_what_does_not_shrink_is_the_same_for_all(self):
        self.ask(PICTURE)
        self.assertNotIn("Vary", self.headers)
        self.assertNotIn("Last-Modified", self.headers)
        self.assertEqual("public, max-age=14400", self.headers["Cache-Control"])

    def test_who_has_it_gets_no_page(self):
        """RFC 9110 section 15.4.5."""
        for method in ("GET", "HEAD"):
            for found in (PAGE, PACKED):
                self.assertEqual(304, self.ask(found, method, if_none_match="*"))
                self.assertEqual((0, 0, False), self.sent())
                self.assertEqual({"ETag", "Cache-Control", "Vary"}, set(self.headers))
        self.assertEqual(304, self.ask(if_modified_since="Sun, 06 Nov 1994 08:49:37 GMT"))

    def test_who_wants_another_state_is_refused(self):
        self.assertEqual(412, self.ask(if_match='"other"', range="bytes=0-4"))
        self.assertEqual((0, 0, False), self.sent())
        self.assertEqual({"Content-Length": "0"}, self.headers)

    def test_a_part_is_sent_where_it_is_asked_for(self):
        """RFC 9110 section 15.3.7."""
        self.assertEqual(206, self.ask(range="bytes=-500"))
        self.assertEqual((9_500, 500, True), self.sent())
        self.assertEqual("bytes 9500-9999/10000", self.headers["Content-Range"])
        self.assertEqual("500", self.headers["Content-Length"])
        self.assertEqual('"abc"', self.headers["ETag"])

    def test_a_part_of_another_state_is_not_sent(self):
        self.assertEqual(206, self.ask(range="bytes=0-4", if_range='"abc"'))
        self.assertEqual(200, self.ask(range="bytes=0-4", if_range='"other"'))
        self.assertEqual(200, self.ask(range="bytes=99999-", if_range='"other"'))
        self.assertEqual((0, 10_000, True), self.sent())

    def test_a_part_of_the_compressed_page_is_one_of_what_is_sent(self):
        self.assertEqual(206, self.ask(PACKED, range="bytes=800-", if_range='"abc-gzip"'))
        self.assertEqual("bytes 800-899/900", self.headers["Content-Range"])
        self.assertEqual(200, self.ask(PACKED, range="bytes=800-", if_range='"abc"'))

    def test_a_part_that_is_not_there_is_refused_with_the_size(self):
        self.assertEqual(416, self.ask(range="bytes=10000-"))
        self.assertEqual({"Content-Range": "bytes */10000", "Content-Length": "0"}, self.headers)
        self.assertFalse(self.answer.has_body)

    def test_who_has_it_gets_no_part_either(self):
        self.assertEqual(304, self.ask(if_none_match='"abc"', range="bytes=0-4"))

    def test_several_parts_or_none_get_the_whole(self):
        for text in ("bytes=0-0,-1", "bytes=5-4", "lines=1-2"):
            self.assertEqual(200, self.ask(range=text), text)

    def test_pages_are_read_and_not_written(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"):
            self.assertEqual(405, self.ask(method=method, if_match='"other"'))
            self.assertEqual({"Allow": "GET, HEAD", "Content-Length": "0"}, self.headers)

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from(["GET", "HEAD", "POST"]),
        st.dictionaries(
            st.sampled_from(
                [
                    "range",
                    "if-range",
                    "if-match",
                    "if-none-match",
                    "if-modified-since",
                    "if-unmodified-since",
                ]
            ),  # fmt: skip
            st.one_of(
                st.sampled_from(
                    ['"abc"', "*", "bytes=0-", "bytes=-9", "bytes=7-99", "bytes=99999-"]
                ),
                st.text(max_size=20),
            ),
        ),
        st.integers(0, 100),
    )
    def test_whatever_is_asked_no_byte_is_sent_that_is_not_there(self, method, asked, size):
        found = answer(method, asked, Representation(size, 0.0, "abc", kind_of("a.txt")))
        self.assertIn(found.status, (200, 206, 304, 405, 412, 416))
        self.assertLessEqual(found.start + found.length, size)
        told = dict(found.headers).get("Content-Length")
        self.assertEqual(None if found.status == 304 else str(found.length), told)
        self.assertEqual(found.has_body, method == "GET" and found.status in (200, 206))


class FileTagTests(SynchronousTestCase):
    def test_it_differs_with_size_and_time(self):
        tags = {
            file_tag(size, time) for size in (0, 1, 16) for time in (0, 1, 1_700_000_000 * 10**9)
        }
        self.assertEqual(9, len(tags))
        for tag in tags:
            self.assertRegex(tag, r"\A[0-9a-f]+-[0-9a-f]+\Z")


class MovedTests(SynchronousTestCase):
    def test_a_folder_without_its_slash_is_elsewhere(self):
        """And may be a file tomorrow."""
        found = moved(locate("/blog"), "page=2")
        self.assertEqual((301, False), (found.status, found.has_body))
        self.assertEqual(
            {"Location": "/blog/?page=2", "Cache-Control": "no-cache", "Content-Length": "0"},
            dict(found.headers),
        )
