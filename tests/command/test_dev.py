"""``aiorest-gw dev``: its options, its mistakes, and whom it lets in."""

import atexit
import contextlib
import functools
import http.client
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from ..end_to_end.gateways import BIN, PATIENCE, environment, until
from .developing import Dev, save
from .shells import ShellTestCase

HELLO = {"command": "hello", "protocols": ["http://livereload.com/protocols/official-7"]}
# An opening handshake, from a page under a name that leads here (DNS rebinding).
OPENING = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Origin": "http://evil.example",
    "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}  # fmt: skip
SITE = {
    "index.html": "<!doctype html><title>Home</title><p>home",
    "look.css": "p {}",
    "deep/a.html": "a",
}
APPLICATION = """
from aiorest_gw import SimpleRouter

router = SimpleRouter()

@router.get("/hello")
def hello(request):
    return "hello"
"""
RULES = """
from aiorest_gw.livereload import Rules

def transform(path):
    if path.startswith("fails"):
        1 / 0
    return "look.css" if path.endswith(".scss") else path

rules = Rules(transform=transform)
"""


@functools.cache
def shared_dev():
    """One that tests share which change nothing."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    save(Path(folder.name), {f"site/{name}": text for name, text in SITE.items()})
    save(Path(folder.name), {"app.py": APPLICATION})
    dev = Dev(
        Path(folder.name), "site", "--app", "app:router", "--path", "/api", "--single-page",
        "--allow-host", "site.test", measured=True,
    )  # fmt: skip
    atexit.register(dev.close)
    return dev


class ServingTests(SynchronousTestCase):
    def setUp(self):
        self.dev = shared_dev()

    def get(self, path="/", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.dev.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def connect(self, path, origin=None):
        address = f"ws://127.0.0.1:{self.dev.port}{path}"
        return connect(address, origin=origin, open_timeout=PATIENCE)

    def assert_forbidden(self, path, origin):
        with self.assertRaises(InvalidStatus) as refused:
            self.connect(path, origin)
        self.assertEqual(403, refused.exception.response.status_code)

    def test_pages_come_with_the_script_that_reloads_them(self):
        status, page = self.get("/")
        self.assertEqual(
            (200, 1), (status, page.count('<script src="/livereload.js?port=&amp;snipver='))
        )
        self.assertEqual(200, self.get("/livereload.js")[0])
        self.assertEqual("p {}", self.get("/look.css")[1])

    def test_the_gateway_answers_on_the_same_port(self):
        with self.connect("/api") as gateway:
            gateway.send(json.dumps({"method": "GET", "url": "/hello"}))
            self.assertEqual("hello", json.loads(gateway.recv(PATIENCE))["data"])

    def test_where_the_site_and_the_gateway_are_is_told(self):
        self.assertIn(f"{self.dev.url} shows site", self.dev.output)
        self.assertIn(
            f"ws://127.0.0.1:{self.dev.port}/api is the gateway of app:router", self.dev.output
        )

    def test_a_page_of_its_own_may_connect(self):
        with self.connect("/livereload", f"http://127.0.0.1:{self.dev.port}") as tab:
            tab.send(json.dumps(HELLO))
            self.assertEqual("hello", json.loads(tab.recv(PATIENCE))["command"])

    def test_pages_of_other_origins_are_refused_on_both_sockets(self):
        for origin in ("http://evil.example", "http://127.0.0.1:1", "null"):
            self.assert_forbidden("/livereload", origin)
            self.assert_forbidden("/api", origin)

    def test_names_that_anybody_can_lead_here_are_refused_for_pages_and_sockets(self):
        self.assertEqual(403, self.get("/", Host="evil.example")[0])
        self.assertEqual(403, self.get("/livereload.js", Host="evil.example:80")[0])
        for path in ("/livereload", "/api"):
            self.assertEqual(403, self.get(path, Host="evil.example", **OPENING)[0])

    def test_own_names_are_served(self):
        for host in ("localhost", f"localhost:{self.dev.port}", "[::1]:80", "site.test"):
            self.assertEqual(200, self.get("/", Host=host)[0], host)

    def test_what_is_not_found_is_the_one_page_for_who_goes_there(self):
        status, page = self.get("/made/up", Accept="text/html")
        self.assertEqual((200, True), (status, "home" in page))
        self.assertEqual(404, self.get("/nothing.css")[0])


class ApplicationTests(SynchronousTestCase):
    def test_one_that_is_not_there_yet_is_loaded_when_it_is(self):
        folder = Path(self.mktemp())
        save(folder, {f"site/{name}": text for name, text in SITE.items()})
        dev = Dev(folder, "site", "--app", "app:router")
        self.addCleanup(dev.close)
        dev.tells("there is no module 'app'")
        dev.tells("is the gateway of app:router, as soon as that can be loaded")
        dev.save({"app.py": "1 +"})
        dev.tells("SyntaxError")
        dev.save({"app.py": APPLICATION})
        dev.tells("the application is loaded")
        with connect(f"ws://127.0.0.1:{dev.port}/") as gateway:
            gateway.send(json.dumps({"method": "GET", "url": "/hello"}))
            self.assertEqual("hello", json.loads(gateway.recv(PATIENCE))["data"])


class RulesTests(SynchronousTestCase):
    def test_rules_of_ones_own_have_their_say(self):
        folder = Path(self.mktemp())
        save(folder, {f"site/{name}": text for name, text in SITE.items()})
        save(folder, {"rules.py": RULES, "scss/look.scss": "1"})
        dev = Dev(folder, "site", "--watch", "scss", "--rules", "rules:rules")
        self.addCleanup(dev.close)
        with connect(f"ws://127.0.0.1:{dev.port}/livereload") as tab:
            tab.send(json.dumps(HELLO))
            tab.recv(PATIENCE)
            dev.save({"scss/look.scss": "2"})
            self.assertEqual("/look.css", json.loads(tab.recv(PATIENCE))["path"])
            dev.save({"site/fails.css": ""})
            told = json.loads(tab.recv(PATIENCE))
            self.assertEqual("alert", told["command"])
            self.assertIn("transform failed for 'fails.css': ZeroDivisionError", told["message"])


class RemovedTests(SynchronousTestCase):
    def test_a_folder_that_is_removed_and_made_again_is_shown_and_loaded(self):
        folder = Path(self.mktemp()).absolute()
        save(folder, {"index.html": "home", "app.py": APPLICATION})
        dev = Dev(folder, "--app", "app:router", "--on-change", "echo built in $(pwd)")
        self.addCleanup(dev.close)
        dev.tells("built in ")
        shutil.rmtree(folder)
        dev.tells("FileNotFoundError|no module")
        save(folder, {"index.html": "again", "app.py": APPLICATION})
        dev.tells("(?s)(FileNotFoundError|no module).*the application is loaded")
        with urllib.request.urlopen(dev.url) as page:
            self.assertIn(b"again", page.read())


class EndTests(SynchronousTestCase):
    def test_it_serves_on_where_nobody_reads_what_it_tells(self):
        folder = Path(self.mktemp())
        save(folder, SITE)
        command = [str(BIN / "aiorest-gw"), "dev", "--port", "0"]
        with subprocess.Popen(
            command, cwd=folder, env=environment(False), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            self.addCleanup(process.kill)
            port = re.search(r":(\d+)/ shows", process.stdout.readline())[1]
            process.stdout.close()
            with connect(f"ws://127.0.0.1:{port}/livereload") as tab:
                tab.send(json.dumps(HELLO))
                tab.recv(PATIENCE)
                for _ in range(2):
                    save(folder, {"look.css": ""})
                    self.assertEqual("/look.css", json.loads(tab.recv(PATIENCE))["path"])
            process.send_signal(signal.SIGINT)
            self.assertEqual((0, ""), (process.wait(PATIENCE), process.stderr.read()))

    def test_ctrl_c_twice_ends_it_where_the_application_hangs(self):
        folder = Path(self.mktemp())
        save(folder, {"site/index.html": "home", "app.py": APPLICATION})
        dev = Dev(folder, "site", "--app", "app:router")
        self.addCleanup(dev.close)
        dev.save({"app.py": "print('hangs', flush=True)\nwhile True:\n    pass\n"})
        dev.tells("hangs")
        interrupt = functools.partial(dev.process.send_signal, signal.SIGINT)
        until(lambda: interrupt() or dev.process.poll() is not None)

    def test_ctrl_c_and_sigterm_end_it_at_once_with_tabs_open(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            folder = Path(self.mktemp())
            save(folder, SITE)
            dev = Dev(folder)
            with connect(f"ws://127.0.0.1:{dev.port}/livereload"):
                self.assertEqual(0, dev.end(number), dev.output)
            self.assertNotIn("Traceback", dev.output)
            dev.close()


class StatusTests(SynchronousTestCase):
    """On a terminal."""

    def setUp(self):
        self.folder = Path(self.mktemp())
        save(self.folder, SITE)
        self.ours, theirs = pty.openpty()
        self.written = ""
        self.process = subprocess.Popen(
            [str(BIN / "aiorest-gw"), "dev", "--port", "0"], cwd=self.folder,
            env=environment(False, TERM="xterm", NO_COLOR="", FORCE_COLOR=""),
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.addCleanup(self.process.kill)

    def read_until(self, text):
        while text not in self.written:
            self.written += os.read(self.ours, 65536).decode()
        before, _, self.written = self.written.partition(text)
        return before

    def test_the_last_line_tells_how_many_tabs_there_are(self):
        self.read_until("http://127.0.0.1:")
        port = int(self.read_until("/ shows ."))
        self.read_until("0 tabs")
        with connect(f"ws://127.0.0.1:{port}/livereload") as tab:
            self.read_until("1 tab")
            tab.send(json.dumps(HELLO))
            tab.recv(PATIENCE)
            save(self.folder, {"look.css": "p { color: red }"})
            self.read_until("shown in 1 tab")
            self.read_until("1 tab")
        self.read_until("0 tabs")
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(0, self.process.wait(PATIENCE))
        with contextlib.suppress(OSError):
            while more := os.read(self.ours, 65536):
                self.written += more.decode()
        os.close(self.ours)
        # Nothing is left of it for the shell's prompt to stand behind.
        self.assertTrue(self.written.endswith("\r\x1b[2K"), self.written)


class MistakeTests(ShellTestCase):
    def dev(self, *arguments):
        done = self.run_command("dev", "--port", "0", *arguments)
        self.assertEqual("", done.stdout)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        return done.returncode, done.stderr

    def assert_told(self, status, told, *arguments):
        found, line = self.dev(*arguments)
        self.assertEqual((status, True), (found, told in line), line)

    def test_folders_that_there_are_not(self):
        self.assert_told(2, "'nowhere' is no folder", "nowhere")
        self.assert_told(2, "--watch: 'nowhere' is no folder", "docs", "--watch", "nowhere")
        self.assert_told(2, "'README.rst' is no folder", "README.rst")

    def test_misspelt_options(self):
        self.assert_told(2, "is --depends meant?", "--dependds", "a=b")
        self.assert_told(2, "is --on-change meant?", "--on-chnage=make")
        self.assert_told(2, "unrecognized arguments: more", "docs", "more")

    def test_applications_that_no_module_could_have(self):
        for target in ("app", "app.py", "app:", "./app.py:router"):
            self.assert_told(
                1, "should be of the form package.module:name", "docs", "--app", target
            )

    def test_ports_that_are_none_or_taken(self):
        self.assert_told(2, "'x' is no port", "--port", "x")
        self.assert_told(2, "'65536' is no port", "--port", "65536")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            self.assert_told(1, "choose another port with --port\n", "docs", "--port", port)
            endpoint = f"tcp:{port}:interface=127.0.0.1"
            self.assert_told(1, "choose another port\n", "docs", "--listen", endpoint)

    def test_rules_that_are_none(self):
        self.assert_told(1, "'x' is no rule: write files=pages", "--depends", "x")
        self.assert_told(1, "depends['[']", "--depends", "[=b")
        self.assert_told(
            1, "give either --rules or --depends", "--depends", "a=b", "--rules", "x:y"
        )
        self.assert_told(1, "No module named 'nowhere'", "--rules", "nowhere:rules")
        self.assert_told(1, "has no attribute 'nothing'", "--rules", "json:nothing")
        self.assert_told(1, "is no aiorest_gw.livereload.Rules", "--rules", "json:loads")

    def test_ways_of_watching_that_there_are_not(self):
        self.assert_told(2, "'polling'", "--watching", "fam")
