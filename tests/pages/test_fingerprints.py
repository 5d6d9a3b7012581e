"""Names of files that never change."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.fingerprints import has_fingerprint


class FingerprintTests(SynchronousTestCase):
    def test_what_builders_write_is_one(self):
        for name in (
            "app.3f2a9c1b.js", "app-3f2a9c1b.css", "index.3f2a9c1b.min.js", "app.3f2a9c1b.js.map",
            "main.3f2a9c1b.chunk.js", "vendors~main.0123abcd45ef6789abcd.js",
            "base.27e20196a850.css", "main.min.5d41402abc4b2a76b9719d911017c592.css",
            "application-" + "6d58c9e6" * 8 + ".js", "logo-6d58c9e6.svg", "inter.3f2a9c1b.woff2",
            "index-BxYz12Ab.css", "index-D4x0TqZ9.js", "chunk-5XHUL2BB.js", "main-A2B7CDE5.css",
        ):  # fmt: skip
            self.assertTrue(has_fingerprint(name), name)

    def test_versions_words_dates_and_numbers_are_none(self):
        for name in (
            "index.html", "jquery-3.7.1.min.js", "bootstrap.bundle.min.js", "chapter-12345678.html",
            "photo-20240131.jpg", "scan-20240131123456.png", "app.v2.js", "react.production.min.js",
            "site-deadbeef.css", "house-facade01.jpg", "count-decade20.csv", "x-abcdef12.js",
            "holiday-Picture1.jpg", "photo-iPhone13.jpg", "buy-MacBook2.png", "for-Win32Api.js",
            "app-typescript.js", "IMG-20240131.JPG", "PLAN-CHAPTER2.PDF", "app-Production.js",
            "some-BxYz12Abc.js", "app.3f2a9c1.js", "v1.2-g3f2a9c1.zip", "app_3f2a9c1b.js",
            "3f2a9c1b.js", "-3f2a9c1b.js", ".3f2a9c1b.js", "app.3f2a9c1b", "3f2a9c1b-app.js", "",
            "app.3f2a9c1b.js\n", "app.٣f٢a٩c١b.js",
        ):  # fmt: skip
            self.assertFalse(has_fingerprint(name), name)

    def test_a_uuid_names_a_thing_whose_picture_may_change(self):
        self.assertFalse(has_fingerprint("550e8400-e29b-41d4-a716-4466554a0b1c.jpg"))
        self.assertFalse(has_fingerprint("avatar-550e8400-e29b-41d4-a716-4466554a0b1c.min.js"))
