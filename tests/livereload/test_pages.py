"""From the address of a page to the files that it may be made of."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.livereload.globs import Glob
from aiorest_gw.livereload.pages import UNIDENTIFIED, normal_path, page_of


class AddressTests(SynchronousTestCase):
    def test_an_address_leads_to_files(self):
        """E4: with query, fragment, a slash at the end, dots in names, and nothing at all."""
        for url, path, *files in (
            ("http://localhost:8080", "/", "index.html"),
            ("http://localhost:8080/", "/", "index.html"),
            ("http://localhost/?a=/b.html#/c.html", "/", "index.html"),
            ("https://host:8443/a/b", "/a/b", "a/b", "a/b/index.html", "a/b.html"),
            ("https://host/blog/?page=2", "/blog/", "blog/index.html", "blog.html"),
            ("http://host/v1.2", "/v1.2", "v1.2", "v1.2/index.html", "v1.2.html"),
            ("http://host/v1.2/", "/v1.2/", "v1.2/index.html", "v1.2.html"),
        ):
            page = page_of(url)
            self.assertEqual((path, tuple(files)), (page.path, page.files), url)

    def test_an_address_may_name_the_file_itself(self):
        for url, file in (
            ("http://localhost/index.html#x", "index.html"),
            ("http://host/v1.2/a.b.html", "v1.2/a.b.html"),
            ("http://host/a%20b/%C3%A4.html", "a b/\u00e4.html"),
            ("http://host/a%2520.html", "a%20.html"),
            ("http://host/%FF.html", "\udcff.html"),
            ("http://[::1]:8080/a.html;x", "a.html;x"),
            ("HTTP://HOST/A.HTML", "A.HTML"),
            ("http://user:secret@host/a.html", "a.html"),
            ("http://host//a.html", "a.html"),
        ):
            page = page_of(url)
            self.assertEqual((f"/{file}", file), (page.path, page.files[0]), url)
            self.assertTrue(page.is_made_of(file))

    def test_what_is_no_address_of_http_is_not_identified(self):
        for url in (
            None, "", "/", "index.html", "about:blank", "file:///site/index.html", "http:", "http://",
            "http:///a", "//host/a", "javascript:alert(1)", "http://[::1", "chrome://a/b",
            "http://host/" + "a" * 10_000,
        ):  # fmt: skip
            self.assertIs(UNIDENTIFIED, page_of(url), str(url)[:50])
        self.assertEqual("<unidentified>", UNIDENTIFIED.path)
        self.assertFalse(UNIDENTIFIED.is_known)

    @given(st.text() | st.text().map("http://host/".__add__) | st.binary().map(repr))
    def test_whatever_a_tab_says_is_a_page_or_none(self, url):
        page = page_of(url)
        self.assertEqual(page.is_known, page.path.startswith("/"))
        self.assertFalse(any(name.startswith("/") for name in page.files))


class MeaningTests(SynchronousTestCase):
    def test_a_page_is_made_of_its_own_file_alone(self):
        page = page_of("http://host/blog/first")
        for path in ("blog/first", "blog/first.html", "blog/first/index.html", "Blog/First.HTML"):
            self.assertTrue(page.is_made_of(path), path)
        for path in (
            "blog/first.md",
            "first.html",
            "index.html",
            "blog/index.html",
            "blog/first.html~",
        ):
            self.assertFalse(page.is_made_of(path), path)
        self.assertFalse(UNIDENTIFIED.is_made_of("<unidentified>"))

    def test_names_are_the_same_however_they_are_composed(self):
        """macOS tells the parts of a letter, and browsers the letter."""
        page = page_of("http://host/%C3%A4.html")
        self.assertTrue(page.is_made_of(normal_path(unicodedata.normalize("NFD", "\u00e4.html"))))
        page = page_of("http://host/a%CC%88.html")
        self.assertTrue(page.is_made_of("\u00e4.html"))

    def test_pages_are_named_by_the_files_that_they_may_be(self):
        for url, fitting, others in (
            ("http://host/", ("index.html", "*", "*.html", "**"), ("*/*", "blog/*", "index")),
            ("http://host/blog/", ("blog/*", "blog/index.html", "blog.html", "blog/**"), ("a/*",)),
            (
                "http://host/blog/a",
                ("blog/*", "blog/*.html", "blog/a/**", "**/a.html"),
                ("*", "b*"),
            ),
            ("http://host/blog/a/", ("blog/*", "**/index.html", "blog/a/*"), ("*",)),
        ):
            page = page_of(url)
            for pages in fitting:
                self.assertTrue(page.is_one_of(Glob(pages)), (url, pages))
            for pages in others:
                self.assertFalse(page.is_one_of(Glob(pages)), (url, pages))

    def test_a_page_that_is_not_known_is_one_of_all_and_of_no_others(self):
        self.assertTrue(UNIDENTIFIED.is_one_of(Glob("**")))
        self.assertFalse(UNIDENTIFIED.is_one_of(Glob("*")))
        self.assertFalse(UNIDENTIFIED.is_one_of(Glob("**/*")))
