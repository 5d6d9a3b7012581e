"""A script element in a page."""

from time import process_time

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.injection import LIVERELOAD_ELEMENT, has_livereload, with_script
from tests.pages.test_markup import PIECES

ELEMENT = b"<script src=/x></script>"
PAGES = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=20).map(b"".join))


class WithScriptTests(SynchronousTestCase):
    def assert_at_mark(self, page):
        """It is put where a bar stands."""
        self.assertEqual(page.replace(b"|", ELEMENT), with_script(page.replace(b"|", b""), ELEMENT))

    def test_it_is_the_last_of_the_head(self):
        for page in (
            b"<!doctype html><html><head><title>a</title>|</head><body></body></html>",
            b"<head>|</HEAD><body></head></body>",
            b"<head><!-- </head> --><style>/*</head>*/</style>|</head>",
            b"<head><title></head></title><script>'</head>'</script>|</head>",
            b"<head><meta content='</head>'>|</head >",
            b"\xef\xbb\xbf<head>|</head>",
            "<head><title>Grüße</title>|</head>".encode("latin-1"),
            "<head><title>表示</title>|</head>".encode("shift_jis"),
        ):
            self.assert_at_mark(page)

    def test_it_is_the_last_of_the_body_of_a_page_without_a_head(self):
        for page in (
            b"<p>a<p>b|</body></html>",
            b"<body><textarea></body></textarea>|</body>",
            b"<body><template></body></template><svg><style/></svg>|</body><p>",
            b"<body>|</body><!-- a",
        ):
            self.assert_at_mark(page)

    def test_it_is_the_end_of_a_page_without_either(self):
        for page in (b"|", b"text|", b"<p>text</p>|", b"<p>1 < 2|", b"<!-- a -->|"):
            self.assert_at_mark(page)

    def test_no_base_sends_the_browser_to_another_host_for_it(self):
        self.assert_at_mark(b"<head><title>a</title>|<base href='https://cdn.example/'></head>")
        self.assert_at_mark(b"<head><template><base href='x'></template>|</head>")

    def test_what_is_not_closed_does_not_swallow_it(self):
        for page in (
            b"<p>a|<!-- b", b"<p>a|<script>b", b"<p>a|<p title='b", b"<p>a|</", b"<p>a|<svg><path d=''>",
            b"<p>a|<template><p>b", b"|<title>a",
        ):  # fmt: skip
            self.assert_at_mark(page)

    def test_utf_16_is_left_alone(self):
        for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"):
            page = "<head></head>".encode(encoding)
            self.assertEqual(page, with_script(page, ELEMENT), encoding)

    def test_it_is_put_into_a_page_once(self):
        page = with_script(b"<head></head>", LIVERELOAD_ELEMENT)
        self.assertEqual(b"<head>" + LIVERELOAD_ELEMENT + b"</head>", page)
        self.assertEqual(page, with_script(page, LIVERELOAD_ELEMENT))

    @settings(max_examples=200, deadline=None)
    @given(PAGES)
    def test_every_byte_of_the_page_stays_in_its_order(self, page):
        made = with_script(page, ELEMENT)
        places = range(len(page) + 1)
        if made == page:
            wide = page[:2] in (b"\xff\xfe", b"\xfe\xff") or 0 in page[:2]
            self.assertTrue(wide or has_livereload(page))
        else:
            self.assertIn(made, [page[:place] + ELEMENT + page[place:] for place in places])

    @settings(max_examples=200, deadline=None)
    @given(PAGES)
    def test_it_is_found_again_in_whatever_page(self, page):
        made = with_script(page, LIVERELOAD_ELEMENT)
        self.assertEqual(made, with_script(made, LIVERELOAD_ELEMENT))

    def test_a_hostile_page_costs_the_time_of_its_length(self):
        """No page of this size takes seconds, as each would if its bytes were read again and again."""
        for piece in (
            b"<", b"</", b"<!", b"<!--", b"<a", b"<a b='", b'<a b="', b"<p a ", b"a=", b"<script>", b"<script><!--",
            b"<script><!--<script>", b"<title>", b"<svg>", b"<template>", b"/livereload.js", b"<p a=b'",
        ):  # fmt: skip
            page = b"<p " + piece * (400_000 // len(piece))
            for html in (page, page[3:], page[3:] + b"/livereload.js"):
                started = process_time()
                with_script(html, LIVERELOAD_ELEMENT)
                self.assertLess(process_time() - started, 5, piece)


class HasLivereloadTests(SynchronousTestCase):
    def test_a_page_that_brings_its_own_is_known(self):
        for page in (
            LIVERELOAD_ELEMENT,
            b"<script src='http://localhost:35729/livereload.js?snipver=1'></script>",
            b"<p><SCRIPT async src=livereload.js></SCRIPT>",
            b'<script src="/js/zlivereload.js"></script>',
            b"<script>document.write('<script src=\"http://' + location.host.split(':')[0] +"
            b" ':35729/livereload.js?snipver=1\"></' + 'script>')</script>",
        ):
            self.assertTrue(has_livereload(page), page)
            self.assertEqual(page, with_script(page, LIVERELOAD_ELEMENT))

    def test_a_page_that_tells_of_it_has_none(self):
        for page in (
            b"", b"<p>Put /livereload.js into your page",
            b"<!-- <script src='/livereload.js'></script> -->",
            b"<pre>&lt;script src='/livereload.js'&gt;</pre>",
            b"<a href='/livereload.js'>it</a><script src='/other.js'></script>",
            b"<textarea><script src='/livereload.js'></script></textarea>",
            b"<script src='/mylivereload.js'></script>",
            b"<script src='/livereload.js'>",
        ):  # fmt: skip
            self.assertFalse(has_livereload(page), page)
