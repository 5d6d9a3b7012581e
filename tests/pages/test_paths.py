"""Which file a request may ask for."""

import ntpath
import posixpath
from pathlib import PureWindowsPath
from urllib.parse import quote

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.paths import Location, PathRefused, locate

ESCAPES = st.sampled_from(
    ["/", "\\", ".", "..", "%2e", "%2E%2e", "%2f", "%5c", "%255c", "%00", "%c0%ae", "%ef%bc%8e", ":",
     "%", "~1", "nul", "CON.", " ", "%20", ";", "a", "\u00fc", "?", "#", ".well-known"]
)  # fmt: skip
PATHS = st.one_of(
    st.lists(ESCAPES, max_size=12).map(lambda parts: "/" + "".join(parts)),
    st.text(max_size=40).map(lambda text: "/" + quote(text, safe="/")),
    st.text(max_size=40),
)


class LocateTests(SynchronousTestCase):
    def refused(self, path):
        return self.assertRaises(PathRefused, locate, path).status

    def test_a_path_is_the_names_of_folders_and_a_file(self):
        for path, segments in (
            ("/index.html", ("index.html",)),
            ("/blog/2024/first.html", ("blog", "2024", "first.html")),
            ("/gr%C3%BC%C3%9Fe/%E4%BD%A0%E5%A5%BD.html", ("grüße", "你好.html")),
            ("/a%20b/100%25.html", ("a b", "100%.html")),
            ("/a+b@c,d;e=f&g!h'(i)*~$[j]{k}|^`", ("a+b@c,d;e=f&g!h'(i)*~$[j]{k}|^`",)),
            ("/v1.2/jane.doe", ("v1.2", "jane.doe")),
            ("/a..b/c...d", ("a..b", "c...d")),
            ("/console/nullable.html", ("console", "nullable.html")),
            ("/%61bc", ("abc",)),
        ):
            self.assertEqual(Location(segments, False), locate(path), path)
            self.assertEqual(Location(segments, False), locate(path.encode()), path)

    def test_a_slash_at_the_end_asks_for_the_folder(self):
        self.assertEqual(Location((), True), locate("/"))
        self.assertEqual(Location(("blog",), True), locate(b"/blog/"))
        self.assertEqual(Location(("blog",), False), locate("/blog"))

    def test_a_query_is_no_part_of_it(self):
        self.assertEqual(Location(("a",), False), locate("/a?../../etc/passwd"))
        self.assertEqual(Location((), True), locate("/?livereload=1"))

    def test_escapes_are_read_once(self):
        self.assertEqual(("a%2fb",), locate("/a%252fb").segments)
        self.assertEqual(("%2e%2e",), locate("/%252e%252e").segments)
        self.assertEqual(("%2e%2e%2f",), locate("/%252e%252e%252f").segments)

    def test_nobody_leaves_the_folder(self):
        for path in (
            "/..", "/../", "/../etc/passwd", "/a/../../b", "/.", "/./a", "/a/.", "/a/..",
            "/%2e%2e/", "/%2e%2e%2fetc", "/%2E%2E/etc", "/.%2e/etc", "/%2e./etc", "/a/%2e",
            "/..%2fetc", "/a%2fb", "/a%2F", "/%2f", "/%2fetc%2fpasswd", "/a/..%2f..%2fb",
            "/..\\etc", "/..%5cetc", "/a\\b", "/a%5Cb", "/%5c%5chost%5cshare", "/\\host",
            "/..;/manager", "/..;a=b/x", "/....//", "/.../", "/..%00/", "/..%0d", "/..%20", "/..%09",
        ):  # fmt: skip
            self.assertEqual(404, self.refused(path), path)

    def test_utf_8_is_read_strictly(self):
        """Overlong forms, surrogates, cut characters and other encodings."""
        for path in (
            "/%c0%ae%c0%ae/", "/%c0%af", "/%e0%80%ae", "/%f0%80%80%af", "/%c1%9c", "/%ed%a0%80",
            "/%ff", "/%e4", "/%f4%90%80%80", "/%fc%80%80%80%80%ae",
        ):  # fmt: skip
            self.assertEqual(404, self.refused(path), path)

    def test_broken_escapes_name_nothing(self):
        for path in ("/%", "/a%", "/%2", "/%zz", "/%u002e%u002e/", "/%%32%65", "/%2 e", "/%+2"):
            self.assertIn(self.refused(path), (400, 404), path)
        self.assertEqual(404, self.refused("/%zz"))

    def test_control_characters_are_in_no_name(self):
        for path in ("/a%00", "/a.html%00.png", "/%0a", "/a%0d%0ab", "/%1b", "/%7f", "/%c2%85"):
            self.assertEqual(404, self.refused(path), path)

    def test_dots_of_full_width_are_letters(self):
        """No file system takes them for dots, and the names of books may begin with them."""
        for name in ("．．", "‥", "…and more.html", "Ａ／Ｂ.html"):
            self.assertEqual((name,), locate("/" + quote(name, safe="")).segments)

    def test_what_is_hidden_stays_so(self):
        for path in (
            "/.git/config", "/.env", "/a/.htpasswd", "/%2egit/config", "/.git", "/a/.b/c", "/.%67it",
            # HFS+ finds .git by these.
            "/%e2%80%8c.git/config", "/%ef%bb%bf.env", "/.g%e2%80%8cit", "/%e2%80%8d",
            # And NTFS by its short name.
            "/GIT~1/config", "/git~1", "/SECRET~2.TXT",
        ):  # fmt: skip
            self.assertEqual(404, self.refused(path), path)

    def test_well_known_is_there_to_be_read(self):
        """RFC 8615: at the top, and nowhere else."""
        found = locate("/.well-known/security.txt")
        self.assertEqual((".well-known", "security.txt"), found.segments)
        self.assertTrue(locate("/%2Ewell-known/").folder)
        for path in (
            "/a/.well-known/x", "/.Well-Known/x", "/.well-known/.git", "/.well-known/../.git",
            "/.well-known/.well-known", "/.well-known./x",
        ):  # fmt: skip
            self.assertEqual(404, self.refused(path), path)

    def test_what_windows_reads_in_another_way_is_there_nowhere(self):
        for path in (
            "/C:/Windows", "/c:", "/C%3a/x", "/a.html:stream", "/a.php::$DATA", "/a.html.", "/a./b",
            "/a.html%20", "/a%20/b", "/con", "/CON.html", "/a/nul", "/nul.tar.gz", "/aux.css",
            "/COM1", "/com1.js", "/lpt9.txt", "/COM%C2%B9", "/prn", "/CONIN$", "/conout$", "/nul%20.x",
        ):  # fmt: skip
            self.assertEqual(404, self.refused(path), path)

    def test_empty_names_are_none(self):
        """Also they would make a redirect to another host."""
        for path in ("//", "//evil.example", "//evil.example/..", "/a//b", "/a//", "///"):
            self.assertEqual(404, self.refused(path), path)

    def test_a_name_is_no_longer_than_a_file_system_has(self):
        self.assertEqual(("x" * 255,), locate("/" + "x" * 255).segments)
        self.assertEqual(404, self.refused("/" + "x" * 256))
        self.assertEqual(404, self.refused("/" + "%C3%BC" * 128))

    def test_what_is_no_path_of_http_is_a_bad_request(self):
        for path in (
            "", "*", "index.html", "http://example.com/", "example.com:443", "?a", "\\a", "/a b",
            "/a#b", "/a\r\nX: y", "/a\n", "/\x00", "/ü", "/\ud800", "/\x7f",
        ):  # fmt: skip
            self.assertEqual(400, self.refused(path), path)
        self.assertEqual(400, self.refused("/ü".encode()))
        self.assertEqual(400, self.refused(b"/\xff"))

    @settings(max_examples=200, deadline=None)
    @given(PATHS)
    @example("/a%5c..%5c..%5cb")
    @example("/C%3a")
    @example("/nul.")
    def test_whatever_is_asked_stays_below_the_folder(self, path):
        try:
            segments = locate(path).segments
        except PathRefused as refused:
            self.assertIn(refused.status, (400, 404))
            return
        for flavour, folder in ((posixpath, "/srv/site"), (ntpath, "C:\\srv\\site")):
            joined = flavour.normpath(flavour.join(folder, *segments))
            self.assertEqual(flavour.join(folder, *segments), joined)
            self.assertEqual(folder, flavour.commonpath([folder, joined]))
        for segment in segments:
            self.assertFalse(PureWindowsPath(segment).is_reserved(), segment)
            self.assertNotIn("\x00", segment)


class AsFolderTests(SynchronousTestCase):
    def test_it_is_the_same_path_with_a_slash_at_its_end(self):
        self.assertEqual("/blog/", locate("/blog").as_folder())
        self.assertEqual("/gr%C3%BC%C3%9Fe/a%20b/", locate("/gr%c3%bc%C3%9Fe/a%20b").as_folder())
        self.assertEqual("/a%2520b/", locate("/a%2520b").as_folder())

    def test_the_query_goes_with_it(self):
        self.assertEqual("/blog/?page=2&q=%20", locate("/blog").as_folder("page=2&q=%20"))
        self.assertEqual("/blog/", locate("/blog").as_folder(""))

    def test_no_query_begins_a_header(self):
        for query in ("a\r\nSet-Cookie: b", "a\nb", "a b", "ü", "a\x00"):
            self.assertEqual("/blog/", locate("/blog").as_folder(query))

    @settings(max_examples=200, deadline=None)
    @given(PATHS, st.text(max_size=20))
    def test_it_leads_to_no_other_host(self, path, query):
        try:
            location = locate(path)
        except PathRefused:
            return
        target = location.as_folder(query)
        self.assertRegex(target, r"\A/(?:[!-.0-~][!-~]*)?\Z")
        self.assertNotIn("\\", target.partition("?")[0])
        self.assertEqual(Location(location.segments, True), locate(target))
