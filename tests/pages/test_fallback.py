"""Addresses that an application makes up."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.fallback import falls_back, is_navigation
from aiorest_gw.pages.paths import locate

# As Chromium sends them, without and with Fetch Metadata.
PAGE = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
NAVIGATION = {**PAGE, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
SCRIPT = {"accept": "*/*", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"}


class NavigationTests(SynchronousTestCase):
    def test_a_browser_on_its_way_to_a_page_is_one(self):
        for asked in (
            PAGE,
            NAVIGATION,
            {"sec-fetch-mode": "navigate"},
            {"accept": "TEXT/HTML;q=0.1"},
        ):
            self.assertTrue(is_navigation(asked), asked)

    def test_what_a_page_or_a_program_fetches_is_none(self):
        for asked in (
            {}, SCRIPT, {"accept": "*/*"}, {"accept": "text/*"}, {"accept": "application/json"},
            {"accept": "text/html;q=0"}, {"accept": "text/html", "sec-fetch-mode": "cors"},
            {"accept": "text/htmlx"},
        ):  # fmt: skip
            self.assertFalse(is_navigation(asked), asked)


class FallbackTests(SynchronousTestCase):
    def falls_back(self, path, asked):
        return falls_back(locate(path), asked)

    def test_an_address_of_the_application_gets_it(self):
        for path in ("/", "/users/7", "/users/", "/a/b/c"):
            for asked in (PAGE, NAVIGATION):
                self.assertTrue(self.falls_back(path, asked), path)

    def test_what_is_fetched_stays_missing(self):
        for path in ("/users/7", "/app.js", "/"):
            for asked in (SCRIPT, {}, {"accept": "*/*"}):
                self.assertFalse(self.falls_back(path, asked), path)

    def test_a_file_that_is_gone_stays_so_for_a_browser_too(self):
        for path in ("/old.html", "/plan.pdf", "/photo.JPG", "/assets/app.3f2a9c1b.js"):
            for asked in (PAGE, NAVIGATION):
                self.assertFalse(self.falls_back(path, asked), path)

    def test_a_dot_in_an_address_is_believed_of_a_browser_that_navigates(self):
        for path in ("/users/jane.doe", "/docs/v1.2", "/a.unknown"):
            self.assertTrue(self.falls_back(path, NAVIGATION), path)
            self.assertFalse(self.falls_back(path, PAGE), path)
