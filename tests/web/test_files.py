"""Pages from a folder: the right one, in the right form, and none from outside of it."""

import gzip
import os
import resource
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.internet.defer import Deferred

from aiorest_gw.errors import ConfigurationError
from aiorest_gw.web.files import Pages, pages_of

from .asking import SiteTestCase

LARGE = os.urandom(3_000_000)


class PagesTests(SiteTestCase):
    def status(self, target):
        return self.get(target)[0]

    def test_a_file_is_served_as_what_it_is(self):
        self.write("style.css", "a{}")
        self.gateway()
        status, headers, body = self.get("/style.css")
        self.assertEqual(
            (200, b"a{}", "text/css; charset=utf-8"), (status, body, headers["Content-Type"])
        )
        self.assertEqual("nosniff", headers["X-Content-Type-Options"])
        self.assertIn("connect-src 'self' ws://example.com", headers["Content-Security-Policy"])
        self.assertEqual("3", headers["Content-Length"])

    def test_head_is_told_the_same(self):
        self.write("a.txt", "a" * 2_000)
        self.write("large.bin", LARGE)
        self.gateway()
        for target in ("/a.txt", "/large.bin", "/nothing", "/", "/a.txt/"):
            with_body, without = self.get(target), self.get(target, method="HEAD")
            told = [
                sorted((k, v) for k, v in one[1].items() if k not in ("Date", "Allow"))
                for one in (with_body, without)
            ]
            if with_body[0] != 426:
                self.assertEqual((with_body[0], told[0]), (without[0], told[1]))
            self.assertEqual(b"", without[2])

    def test_what_cannot_be_opened_now_is_not_said_to_be_missing(self):
        """As many files are open as the process may have."""
        self.write("a.txt")
        self.write("large.bin", LARGE)
        self.gateway()
        self.assertEqual(200, self.status("/large.bin"))
        connection = self.open()
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, most[1]))
        answers = [connection.get(target)[0] for target in ("/a.txt", "/large.bin", "/nothing")]
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
        self.assertEqual([503, 503, 404], answers)
        self.assertEqual([200, 200], [self.status("/a.txt"), self.status("/large.bin")])

    def test_other_methods_are_told_which_there_are(self):
        self.write("a.txt")
        self.gateway()
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW", "get"):
            status, headers, _ = self.get("/a.txt", method=method)
            self.assertEqual((405, "GET, HEAD"), (status, headers["Allow"]))
            self.assertEqual(404, self.get("/nothing", method=method)[0])

    def test_a_folder_is_its_index_and_has_a_slash(self):
        self.write("blog/index.html", "<p>blog")
        (self.site / "empty").mkdir()
        self.gateway()
        self.assertEqual(b"<p>blog", self.get("/blog/")[2])
        status, headers, _ = self.get("/blog?a=1")
        self.assertEqual((301, "/blog/?a=1"), (status, headers["Location"]))
        self.assertEqual(
            [404, 404, 404], [self.status(one) for one in ("/empty", "/empty/", "//blog")]
        )

    def test_the_sites_own_words_for_what_is_missing(self):
        self.write("404.html", "<p>gone")
        self.gateway()
        status, headers, body = self.get("/nothing")
        self.assertEqual(
            (404, b"<p>gone", "text/html; charset=utf-8"), (status, body, headers["Content-Type"])
        )

    def test_who_works_on_a_site_may_open_a_page_before_it_is_there(self):
        self.gateway(
            site=Pages(self.site, developing=True, transform=lambda html: html + b"<!--->")
        )
        for target, file in (("/", b"index.html"), ("/blog/a.html", b"blog/a.html")):
            status, headers, body = self.get(target, Accept="text/html")
            self.assertEqual(
                (404, "text/html; charset=utf-8"), (status, headers["Content-Type"]), target
            )
            self.assertIn(b"<code>%s</code>" % file, body)
            self.assertTrue(body.endswith(b"<!--->"))
        self.write("404.html", "<p>gone")
        self.assertEqual(b"<p>gone<!--->", self.get("/b", Accept="text/html")[2])

    def test_who_works_on_a_site_gets_no_page_in_place_of_a_script_or_a_socket(self):
        self.gateway(site=Pages(self.site, developing=True))
        self.assertEqual(b"Not Found\n", self.get("/a.js", Accept="*/*")[2])
        self.assertEqual(426, self.status("/"))

    def test_everybody_else_is_told_of_no_files(self):
        self.gateway()
        self.assertEqual((404, b"Not Found\n"), self.get("/a.html", Accept="text/html")[::2])

    def test_a_page_that_was_made_up_is_the_first_page_but_the_socket_is_the_socket(self):
        self.write("index.html", "<p>app")
        self.gateway(site=Pages(self.site, single_page=True), path="/api")
        html = {"Accept": "text/html"}
        self.assertEqual((200, b"<p>app"), self.get("/users/7", **html)[::2])
        self.assertEqual(404, self.get("/app.js", **html)[0])
        self.assertEqual(426, self.get("/api", **html)[0])

    def test_pages_that_are_made_up_fill_no_memory(self):
        self.write("index.html", "<p>" + "x" * 2_000)
        self.gateway(site=Pages(self.site, single_page=True))
        for number in range(50):
            self.get(f"/users/{number}", Accept="text/html", Accept_Encoding="gzip")
        pages = self.factory.web.site.resource.pages
        self.assertEqual(1, len(pages._kept._files))

    def test_who_has_it_is_told_so_and_parts_are_sent(self):
        self.write("a.txt", "0123456789")
        self.write("large.bin", LARGE)
        self.gateway()
        tag = self.get("/a.txt")[1]["ETag"]
        self.assertEqual((304, b""), self.get("/a.txt", If_None_Match=tag)[::2])
        self.assertEqual((206, b"234"), self.get("/a.txt", Range="bytes=2-4")[::2])
        self.assertEqual((206, LARGE[5:9]), self.get("/large.bin", Range="bytes=5-8")[::2])
        self.assertEqual((206, LARGE[-2:]), self.get("/large.bin", Range="bytes=-2")[::2])
        for wrong in ("bytes=10-", "bytes=99999999999999999999-", "bytes=" + "9" * 5_000 + "-"):
            self.assertEqual(416, self.get("/a.txt", Range=wrong)[0])
        for all_of_it in (
            "bytes=" + ",".join(["0-"] * 1_000),
            "bytes=5-2",
            "items=1-2",
            "bytes=-" + "9" * 5_000,
        ):
            self.assertIn(self.get("/a.txt", Range=all_of_it)[2], (b"0123456789",), all_of_it)

    def test_unmet_conditions_with_what_was_asked_before(self):
        self.write("a.txt", "0123456789")
        self.gateway()
        connection = self.open()
        first = connection.get("/a.txt")
        for _ in range(2):
            self.assertEqual(412, connection.get("/a.txt", If_Match='"x"')[0])
            self.assertEqual(206, connection.get("/a.txt", Range="bytes=0-1")[0])
            again = connection.get("/a.txt")
            self.assertEqual(
                (first[0], first[1].items(), first[2]), (again[0], again[1].items(), again[2])
            )

    def test_what_is_written_anew_is_served_anew(self):
        path = self.write("a.txt", "old")
        self.gateway()
        old = self.get("/a.txt")
        self.write("a.txt", "new", age=5)
        new = self.get("/a.txt")
        self.assertEqual((b"old", b"new"), (old[2], new[2]))
        self.assertNotEqual(old[1]["ETag"], new[1]["ETag"])
        path.unlink()
        self.assertEqual(404, self.status("/a.txt"))

    def test_what_is_written_twice_in_one_moment_is_seen(self):
        path = self.write("a.txt")
        self.gateway()
        connection = self.open()
        for number in range(300):
            path.write_text(f"{number:05}")
            self.assertEqual(f"{number:05}".encode(), connection.get("/a.txt")[2])

    def test_an_error_in_a_transform_is_told_as_none_of_the_clients(self):
        self.write("index.html", "<p>x")
        self.write("a.txt", "a")

        def fails(html):
            raise ValueError("a mistake")

        self.gateway(site=Pages(self.site, transform=fails))
        connection = self.open()
        connection.ask("/").ask("/a.txt")
        found = connection.answers()
        self.assertEqual(
            [(500, b"Internal Server Error\n"), (200, b"a")], [(s, b) for s, _, b in found]
        )
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_what_is_transformed_is_compressed_and_tagged_as_such(self):
        self.write("index.html", "<p>" + "x" * 2_000)
        self.write("index.html.gz", gzip.compress(b"other"))
        made = []

        def transform(html):
            made.append(html)
            return html + b"%d" % len(made)

        self.gateway(site=Pages(self.site, transform=transform))
        _, first, _ = self.get("/")
        _, headers, body = self.get("/", Accept_Encoding="gzip")
        self.assertTrue(gzip.decompress(body).endswith(b"x1"))
        self.assertEqual("gzip", headers["Content-Encoding"])
        self.factory.web.site.resource.pages.forget()
        self.assertNotEqual(first["ETag"], self.get("/")[1]["ETag"])

    def test_no_folder_and_no_policy_are_told(self):
        self.write("file")
        for wrong in (self.site / "file", self.site / "nothing", 5, "a\0b"):
            self.assertIn("folder", str(self.assertRaises(ConfigurationError, pages_of, wrong)))
        self.assertRaises(ConfigurationError, pages_of, Pages(self.site, policy="a\nb"))


class FormTests(SiteTestCase):
    def test_compressed_files_beside_are_sent_to_who_takes_them(self):
        self.write("a.js", "x" * 2_000)
        self.write("a.js.br", b"br", age=5)
        self.write("a.js.gz", b"gz", age=15)
        self.gateway()
        self.assertEqual(b"br", self.get("/a.js", Accept_Encoding="gzip, br")[2])
        # The other one is older than the file.
        self.assertEqual(
            b"x" * 2_000, gzip.decompress(self.get("/a.js", Accept_Encoding="gzip")[2])
        )

    def test_a_large_one_that_is_exchanged_is_found_anew(self):
        self.write("a.js", "x" * 2_000)
        self.write("a.js.br", LARGE, age=5)
        self.gateway()
        self.assertEqual(LARGE, self.download("/a.js"))
        self.write("a.js.br", LARGE[::-1], age=4)
        self.assertEqual(LARGE[::-1], self.download("/a.js"))
        (self.site / "a.js.br").unlink()
        self.assertEqual(b"x" * 2_000, self.download("/a.js"))

    def download(self, target):
        return self.get(target, Accept_Encoding="br")[2]

    def test_a_large_page_is_compressed_once_for_all_who_wait(self):
        self.write("a.js", "x" * 100_000)
        self.gateway()
        calls, waiting = [], Deferred()

        class Threads:
            def run(self, function):
                calls.append(function)
                return waiting

            def close(self):
                """Nothing to close."""

        self.factory.blocking_calls = Threads()
        connections = [self.open().ask("/a.js", Accept_Encoding="gzip") for _ in range(3)]
        self.assertEqual(b"a", self.get_small())
        connections[1].cut()
        waiting.callback(calls[0]())
        for connection in (connections[0], connections[2]):
            [(_, headers, body)] = connection.answers()
            self.assertEqual(
                ("gzip", b"x" * 100_000), (headers["Content-Encoding"], gzip.decompress(body))
            )
        self.assertEqual(1, len(calls))
        self.assertEqual("gzip", self.get("/a.js", Accept_Encoding="gzip")[1]["Content-Encoding"])
        self.assert_nothing_is_left()

    def get_small(self):
        self.write("a.txt", "a")
        return self.get("/a.txt", Accept_Encoding="gzip")[2]

    def test_where_no_thread_is_free_it_is_sent_as_it_is(self):
        self.write("a.js", "x" * 50_000)
        self.gateway()

        class Full:
            def run(self, function):
                deferred = Deferred()
                deferred.errback(RuntimeError("full"))
                return deferred

            def close(self):
                """Nothing to close."""

        self.factory.blocking_calls = Full()
        _, headers, body = self.get("/a.js", Accept_Encoding="gzip")
        self.assertEqual((b"x" * 50_000, None), (body, headers["Content-Encoding"]))


class OutsideTests(SiteTestCase):
    """Nothing is served from outside of the folder, and nothing that is hidden or no file."""

    def setUp(self):
        super().setUp()
        self.write("index.html", "<p>home")
        self.write("in/a.txt", "inside")
        self.outside = self.site.parent / (self.site.name + "-outside")
        self.outside.mkdir()
        (self.outside / "secret.txt").write_text("secret")
        self.gateway()

    def assert_missing(self, *targets):
        for target in targets:
            status, _, body = self.get(target)
            self.assertIn(status, (400, 404), target)
            self.assertNotIn(b"secret", body)

    def test_no_path_leads_out(self):
        name = self.outside.name
        up = ("..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..%00", "%c0%ae%c0%ae", "%e0%80%ae.", "..;", "..%5c", "\\..",
              "....//", ".%00.", "%uff0e%uff0e", "..%c0%af", "..%2f", "%2e%2e%2f", "in/../..", "in%2f..%2f..")  # fmt: skip
        self.assert_missing(*(f"/{one}/{name}/secret.txt" for one in up))
        self.assert_missing(
            f"/{self.outside.absolute()}/secret.txt", f"//{name}/secret.txt", "/in/a.txt%00", "/in/a.txt%00.html",
            "/in/a.txt/", "/in/a.txt/..", "/in//a.txt", "/./in/a.txt", "/in/a.txt.", "/in/a.txt%20", "/in/a.txt::$DATA",
            "/in%5ca.txt", "/%2fin/a.txt", "/C:/x", "/%", "/%zz", "/%ff", "/" + "a" * 300, "/" + "a/" * 3_000,
        )  # fmt: skip

    def test_an_absolute_target_is_its_path(self):
        self.assertEqual(b"inside", self.get("http://example.com/in/a.txt")[2])
        self.assertEqual(400, self.get("http://other.example/in/a.txt")[0])
        self.assertEqual(400, self.get("file:///etc/passwd")[0])

    def test_links_within_are_followed_and_links_out_are_not(self):
        (self.site / "within.txt").symlink_to("in/a.txt")
        (self.site / "out.txt").symlink_to((self.outside / "secret.txt").absolute())
        (self.site / "out").symlink_to(self.outside.absolute())
        (self.site / "loop").symlink_to("loop")
        (self.site / "nowhere").symlink_to("nothing")
        self.assertEqual(b"inside", self.get("/within.txt")[2])
        self.assert_missing("/out.txt", "/out/secret.txt", "/out/", "/loop", "/nowhere")

    def test_a_folder_that_becomes_a_link_leads_nowhere(self):
        self.assertEqual(b"inside", self.get("/in/a.txt")[2])
        (self.outside / "a.txt").write_text("secret")
        (self.site / "in").rename(self.site / "was")
        (self.site / "in").symlink_to(self.outside.absolute())
        self.assert_missing("/in/a.txt")

    def test_a_link_that_comes_between_finding_and_opening_is_not_followed(self):
        self.write("in/large.bin", LARGE)
        self.assertEqual(200, self.get("/in/large.bin", method="HEAD")[0])
        pages = self.factory.web.site.resource.pages
        [file] = [kept.files[None] for kept, _ in pages._kept._files.values() if kept.files]
        (self.site / "in").rename(self.outside / "moved")
        (self.site / "in").symlink_to((self.outside / "moved").absolute())
        # The very same file, but the way to it leads out of the folder.
        self.assertIsNone(file.open())

    def test_hidden_files_are_not_there_but_well_known_ones(self):
        for name in (
            ".env",
            ".git/config",
            "in/.hidden",
            ".well-known/security.txt",
            ".well-known/.x",
        ):
            self.write(name, "secret")
        self.assert_missing(
            "/.env", "/.git/config", "/in/.hidden", "/.well-known/.x", "/%2eenv", "/.git/"
        )
        self.assertEqual(b"secret", self.get("/.well-known/security.txt")[2])
        (self.site / "seen").symlink_to(".env")
        self.assert_missing("/seen")

    def test_what_is_no_file_is_not_there(self):
        """To open a pipe would wait for who writes to it."""
        os.mkfifo(self.site / "pipe")
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        here = os.getcwd()
        os.chdir(self.site)
        self.addCleanup(os.chdir, here)
        listening.bind("socket")
        os.chdir(here)
        (self.site / "null").symlink_to("/dev/null")
        self.assert_missing("/pipe", "/socket", "/null")

    def test_what_becomes_a_pipe_is_not_opened(self):
        path = self.write("large.bin", LARGE)
        self.get("/large.bin", method="HEAD")
        pages = self.factory.web.site.resource.pages
        [file] = [kept.files[None] for kept, _ in pages._kept._files.values() if kept.files]
        path.unlink()
        os.mkfifo(path)
        self.assertIsNone(file.open())
        self.assertEqual(404, self.get("/large.bin")[0])

    def test_a_file_of_the_future_tells_no_date(self):
        """RFC 9110 section 8.8.2.1."""
        path = self.write("later.css", "a{}")
        os.utime(path, (4_000_000_000, 4_000_000_000))
        self.gateway()
        status, headers, _ = self.get("/later.css")
        self.assertEqual(200, status)
        self.assertNotIn("Last-Modified", headers)
        self.assertIn("ETag", headers)

    def test_what_may_not_be_read_is_not_there(self):
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        folder.chmod(0o755)
        for name, mode in (("open.txt", 0o644), ("closed.txt", 0)):
            (folder / name).write_text(name)
            (folder / name).chmod(mode)
        self.gateway(site=folder)
        if os.geteuid() == 0:  # who may read everything
            os.seteuid(65_534)
            self.addCleanup(os.seteuid, 0)
        self.assertEqual((200, 404), (self.get("/open.txt")[0], self.get("/closed.txt")[0]))

    def test_a_site_may_be_a_link_that_is_switched(self):
        for name in ("one", "two"):
            self.write(f"{name}/index.html", f"<p>{name}")
            self.write(f"{name}/large.bin", name.encode() * 500_000)
        current = self.site / "current"
        current.symlink_to("one")
        self.gateway(site=current)
        self.assertEqual(b"<p>one", self.get("/")[2])
        following = self.site / "following"
        following.symlink_to("two")
        following.rename(current)
        self.assertEqual(b"<p>two", self.get("/")[2])
        self.assertEqual(404, self.get("/two/index.html")[0])
        (self.site / "two").rename(self.site / "three")
        self.assertEqual(426, self.get("/")[0])
