"""Pages of a folder, served by programs for asyncio and by those on Twisted's reactors."""

import asyncio
import http.client
from pathlib import Path

import uvloop
from twisted.trial.unittest import SynchronousTestCase

import aiorest_gw
from aiorest_gw import ConfigurationError, PageServer
from aiorest_gw.web.files import Pages

from ..end_to_end.gateways import run

# Seconds after which a test has failed.
PATIENCE = 20
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
TWISTED_PROGRAM = """
import sys
from urllib.request import urlopen
{install}
from twisted.internet.task import react
from twisted.internet.threads import deferToThread
from aiorest_gw import PageServer

async def main(reactor):
    async with PageServer(sys.argv[1]) as server:
        page = await deferToThread(lambda: urlopen(server.url).read())
        print(type(reactor).__name__, page.decode())

react(main)
"""


def get(port, path="/", headers=None):
    """What a browser is answered, which runs in another thread."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class PageServerTestCase(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        (self.folder / "index.html").write_text("<p>hello</p>")


class AsyncioTests(PageServerTestCase):
    def run_loop(self, coroutine):
        with asyncio.Runner(loop_factory=self.loop_factory) as runner:
            return runner.run(asyncio.wait_for(coroutine, PATIENCE))

    loop_factory = staticmethod(asyncio.new_event_loop)

    def asked(self, *asked, **options):
        """What is answered to requests."""

        async def main():
            async with PageServer(self.folder, **options) as server:
                self.assertEqual(f"http://localhost:{server.port}/", server.url)
                return [await asyncio.to_thread(get, server.port, *request) for request in asked]

        return self.run_loop(main())

    def test_its_pages_are_there_while_the_block_lasts(self):
        page, missing = self.asked(("/",), ("/nothing.html",))
        self.assertEqual((200, b"<p>hello</p>"), page)
        self.assertEqual(404, missing[0])

    def test_one_server_follows_another_in_one_process(self):
        for _ in range(2):
            self.assertEqual(200, self.asked(("/",))[0][0])

    def test_a_large_file_is_compressed_while_others_are_served(self):
        (self.folder / "large.txt").write_text("large " * 100_000)
        [(status, body)] = self.asked(("/large.txt", {"Accept-Encoding": "gzip"}))
        self.assertEqual((200, b"\x1f\x8b"), (status, body[:2]))
        self.assertLess(len(body), 10_000)

    def test_there_is_no_websocket(self):
        [(status, _)] = self.asked(("/", HANDSHAKE))
        self.assertEqual(404, status)

    def test_a_folder_without_a_page_of_its_own_is_no_websocket_either(self):
        (self.folder / "index.html").unlink()
        self.assertEqual(404, self.asked(("/",))[0][0])

    def test_nothing_of_the_gateways_own_is_among_the_pages(self):
        self.assertEqual(404, self.asked(("/aiorest-gw.js",))[0][0])

    def test_how_a_site_is_served_may_be_told(self):
        self.folder = Pages(self.folder, transform=lambda page: page.replace(b"hello", b"bye"))
        self.assertEqual([(200, b"<p>bye</p>")], self.asked(("/",)))

    def test_limits_are_those_of_a_gateway(self):
        [(status, _)] = self.asked(("/",), max_connections=1)
        self.assertEqual(200, status)
        for misspelt in ({"max_conections": 1}, {"prot": 8080}):
            with self.assertRaises(ConfigurationError):
                PageServer(self.folder, **misspelt)

    def test_on_this_machine_it_answers_under_no_others_name(self):
        """DNS rebinding: a page from elsewhere would else read what is here."""
        self.assertEqual(403, self.asked(("/", {"Host": "evil.example"}))[0][0])

    def test_whoever_keeps_a_connection_open_does_not_keep_it_from_ending(self):
        async def main():
            async with PageServer(self.folder) as server:
                reader, writer = await asyncio.open_connection("localhost", server.port)
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                await reader.readuntil(b"</p>")
            self.assertEqual(b"", await reader.read())
            writer.close()

        self.run_loop(main())

    def test_a_port_that_is_taken_is_told_and_ends_no_program(self):
        async def main():
            async with PageServer(self.folder) as first:
                with self.assertRaises(ConfigurationError) as caught:
                    async with PageServer(self.folder, port=first.port):
                        self.fail("it cannot be entered")
                return str(caught.exception)

        self.assertIn("Address already in use; choose another port", self.run_loop(main()))

    def test_a_folder_that_is_not_there_is_told_at_once(self):
        with self.assertRaises(ConfigurationError) as caught:
            PageServer("nowhere")
        self.assertIn("nowhere", str(caught.exception))

    def test_before_and_behind_the_block_it_has_no_address(self):
        server = PageServer(self.folder)
        with self.assertRaises(RuntimeError):
            print(server.url)


class UVLoopTests(AsyncioTests):
    loop_factory = staticmethod(uvloop.new_event_loop)


class TwistedTests(PageServerTestCase):
    def program(self, install):
        path = self.folder / "program.py"
        path.write_text(TWISTED_PROGRAM.format(install=install))
        done = run(["python", str(path.resolve()), str(self.folder.resolve())], self.folder)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout.strip()

    def test_it_runs_on_the_reactor_that_is_installed(self):
        for name in ("epoll", "select"):
            install = f"from twisted.internet import {name}reactor; {name}reactor.install()"
            self.assertRegex(self.program(install), f"(?i)^{name}reactor <p>hello</p>$")

    def test_it_runs_on_asyncios_reactor(self):
        said = self.program("from twisted.internet import asyncioreactor; asyncioreactor.install()")
        self.assertEqual("AsyncioSelectorReactor <p>hello</p>", said)

    def test_the_name_is_public(self):
        self.assertIs(PageServer, aiorest_gw.PageServer)
        self.assertIn("PageServer", aiorest_gw.__all__)
