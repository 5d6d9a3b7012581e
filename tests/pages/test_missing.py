"""What is told of an address that has no page yet."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.missing import missing_page
from aiorest_gw.pages.paths import locate


class MissingPageTests(SynchronousTestCase):
    def assert_names(self, file, path):
        self.assertIn(f"<code>{file}</code>", missing_page(locate(path)).decode())

    def test_the_file_that_would_be_the_page_is_named(self):
        self.assert_names("index.html", "/")
        self.assert_names("blog/index.html", "/blog/")
        self.assert_names("blog/index.html", "/blog")
        self.assert_names("blog/first.html", "/blog/first.html")
        self.assert_names("größe.html", "/gr%C3%B6%C3%9Fe.html")

    def test_nothing_in_an_address_is_taken_for_markup(self):
        self.assert_names("&lt;script&gt;.html", "/%3Cscript%3E.html")
