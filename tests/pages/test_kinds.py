"""What a file is, and how long a browser keeps it."""

import re

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages import kinds
from aiorest_gw.pages.kinds import is_known, kind_of

FOR_EVER = "public, max-age=31536000, immutable"


class KindTests(SynchronousTestCase):
    def test_browsers_are_told_the_type_that_they_run_and_show(self):
        for name, content_type in (
            ("index.html", "text/html; charset=utf-8"),
            ("INDEX.HTM", "text/html; charset=utf-8"),
            ("site.css", "text/css; charset=utf-8"),
            ("app.js", "text/javascript; charset=utf-8"),
            ("app.mjs", "text/javascript; charset=utf-8"),
            ("robots.txt", "text/plain; charset=utf-8"),
            ("README.md", "text/markdown; charset=utf-8"),
            ("table.csv", "text/csv; charset=utf-8"),
            ("app.wasm", "application/wasm"),
            ("font.woff2", "font/woff2"),
            ("a.avif", "image/avif"),
            ("a.webp", "image/webp"),
            ("a.JPG", "image/jpeg"),
            ("favicon.ico", "image/vnd.microsoft.icon"),
            ("film.mp4", "video/mp4"),
            ("plan.pdf", "application/pdf"),
            ("site.webmanifest", "application/manifest+json"),
            ("archive.tar.gz", "application/gzip"),
        ):
            self.assertEqual(content_type, kind_of(name).content_type, name)

    def test_json_and_xml_tell_their_encoding_themselves(self):
        """RFC 8259 section 11 and RFC 7303 section 3.2."""
        for name, content_type in (
            ("data.json", "application/json"),
            ("app.js.map", "application/json"),
            ("logo.svg", "image/svg+xml"),
            ("feed.xml", "application/xml"),
        ):
            self.assertEqual(content_type, kind_of(name).content_type, name)

    def test_what_is_not_known_is_bytes(self):
        for name in ("LICENSE", "a.unknown", ".html", "a.", "", "a.html.", "a.html\n", "a.jſ"):
            kind = kind_of(name)
            self.assertEqual("application/octet-stream", kind.content_type, name)
            self.assertEqual((False, "no-cache"), (kind.compressible, kind.caching))
            self.assertFalse(is_known(name), name)
        self.assertTrue(is_known("a.html"))

    def test_text_shrinks_and_pictures_do_not(self):
        for name in ("a.html", "a.js", "a.css", "a.json", "a.svg", "a.wasm", "a.xml", "a.ttf"):
            self.assertTrue(kind_of(name).compressible, name)
        for name in ("a.png", "a.jpg", "a.woff2", "a.mp4", "a.pdf", "a.zip", "a.gz"):
            self.assertFalse(kind_of(name).compressible, name)

    def test_only_html_takes_a_script_element(self):
        self.assertTrue(kind_of("a.html").is_page)
        for name in ("a.xhtml", "a.svg", "a.md", "a", "a.js"):
            self.assertFalse(kind_of(name).is_page, name)

    def test_pages_scripts_and_styles_are_asked_for_each_time(self):
        for name in ("index.html", "app.js", "site.css", "data.json", "feed.xml", "a.pdf"):
            self.assertEqual("no-cache", kind_of(name).caching, name)

    def test_pictures_and_fonts_are_kept_for_hours(self):
        for name in ("a.png", "a.svg", "a.woff2", "a.mp4", "favicon.ico"):
            self.assertEqual("public, max-age=14400", kind_of(name).caching, name)

    def test_what_has_a_fingerprint_is_kept_for_ever(self):
        for name in ("app.3f2a9c1b.js", "index-BxYz12Ab.css", "logo.3f2a9c1b.png"):
            self.assertEqual(FOR_EVER, kind_of(name).caching, name)

    def test_pages_and_unknown_files_are_never_kept_for_ever(self):
        for name in ("index.3f2a9c1b.html", "a.3f2a9c1b.unknown"):
            self.assertEqual("no-cache", kind_of(name).caching, name)

    def test_while_developing_nothing_is_kept_unasked(self):
        for name in ("index.html", "a.png", "app.3f2a9c1b.js", "LICENSE"):
            kind = kind_of(name, developing=True)
            self.assertEqual("no-cache", kind.caching, name)
            self.assertEqual(kind_of(name).content_type, kind.content_type)

    def test_every_row_is_a_type_of_its_own_extension(self):
        for extension, kind in kinds._KINDS.items():
            self.assertRegex(extension, r"\A[0-9a-z]+\Z")
            self.assertTrue(
                re.fullmatch(r"[a-z]+/[a-z0-9.+-]+(; charset=utf-8)?", kind.content_type)
            )
            self.assertEqual(
                kind.content_type.startswith("text/"), kind.content_type.endswith("utf-8")
            )
