"""Handlers against a real Chromium, in both worlds."""

import asyncio
import base64
import contextlib
import http.server
import json
import re
import socket
import ssl
import tempfile
import textwrap
import threading
import types
import unittest
import urllib.request
from pathlib import Path

from aiorest_gw.client import Patience, aio

from ..client.worlds import OnAsyncio, OnTwisted
from .browser import CHROMIUM, Chromium
from .certificates import make_certificate
from .gateways import run

LOADED, DIALOG, PAUSED = (
    "Page.loadEventFired",
    "Page.javascriptDialogOpening",
    "Fetch.requestPaused",
)
PAGE = b'<!doctype html><title>A page</title><meta name="description" content="of tests"><h1>Hello</h1>'
# Until a browser that was killed has been started again.
PATIENT = Patience(attempts=100, first_wait=0.1, longest_wait=0.5)


def command(method, session=None, **params):
    return {"method": method, "params": params} | ({"sessionId": session} if session else {})


def evaluate(expression, **more):
    return command("Runtime.evaluate", expression=expression, returnByValue=True, **more)


def value(answer):
    return answer["result"]["result"]["value"]


def new_page(port):
    """The address of a page that is opened now; a browser that was started again has no older one."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)["webSocketDebuggerUrl"]


class Pages(http.server.BaseHTTPRequestHandler):
    """Every address is a page."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args):
        """Nothing."""


@contextlib.contextmanager
def served():
    """The address of a server of pages."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def behind_tls(port, certificate, key):
    """The port of a front that speaks TLS and hands on what it gets, for one connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listening = socket.create_server(("127.0.0.1", 0))
    front = threading.Thread(target=_hand_on, args=(listening, context, port))
    front.start()
    try:
        yield listening.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        front.join()


def _hand_on(listening, context, port):
    with contextlib.suppress(OSError):
        accepted = context.wrap_socket(listening.accept()[0], server_side=True)
        with accepted, socket.create_connection(("127.0.0.1", port)) as behind:
            back = threading.Thread(target=_pump, args=(behind, accepted))
            back.start()
            _pump(accepted, behind)
            back.join()


def _pump(one, other):
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


class Promises:
    """What is promised of a browser."""

    def setUp(self):
        self.chromium = Chromium()
        self.addCleanup(lambda: self.chromium.kill())

    def page(self, **options):
        """A handler of a page of its own."""
        return self.handler(self.chromium.port, "browser", new_page, **options)

    async def open(self, page, address):
        """Go to a page, and await that it is loaded, through a temporary callback."""
        loaded, tell = self.something()
        await page.register_callback(LOADED, tell, temporary=True)
        await page.execute_command(command("Page.enable"))
        await page.execute_command(command("Page.navigate", url=address))
        self.assertEqual(LOADED, (await self.within(loaded))["method"])

    async def test_a_page_is_opened_and_asked_and_seen(self):
        with served() as address:
            async with self.page() as page:
                await self.open(page, address)
                self.assertEqual(
                    "A page", value(await page.execute_command(evaluate("document.title")))
                )
                picture = await page.execute_command(command("Page.captureScreenshot"))
                seen = base64.b64decode(picture["result"]["data"])
                self.assertEqual(b"\x89PNG", seen[:4])
                self.assertLess(0, await page.ping())
                failed = await self.failed(page.execute_command(command("Page.nothing")))
                self.assertEqual(-32601, failed.code)

    async def failed(self, awaitable):
        with self.assertRaises(self.client.CommandFailed) as raised:
            await awaitable
        return raised.exception

    async def test_a_port_and_the_id_of_a_page_lead_to_it(self):
        async with self.handler(self.chromium.port) as browser:
            created = await browser.execute_command(
                command("Target.createTarget", url="about:blank")
            )
            target = created["result"]["targetId"]
            async with self.handler(self.chromium.port, target) as page:
                self.assertEqual(2, value(await page.execute_command(evaluate("1 + 1"))))
        with self.assertRaises(self.client.ConnectionFailed):
            await self.handler(self.chromium.port, "nothing").connect()

    async def test_a_callback_answers_a_dialog(self):
        page = self.page(on_connect=[command("Page.enable")])
        dialogs = []

        async def accept(event):
            dialogs.append(page.dialog["params"]["message"])
            await page.execute_command(command("Page.handleJavaScriptDialog", accept=True))

        await page.register_callback(DIALOG, accept)
        for number in range(3):
            answer = await page.execute_command(evaluate(f"confirm('{number}?')"))
            self.assertIs(True, value(answer))
            self.assertEqual({}, page.dialog)
        self.assertEqual(["0?", "1?", "2?"], dialogs)

    async def test_two_hundred_commands_run_side_by_side(self):
        page = self.page()
        asked = (page.execute_command(evaluate(f"{number} * 2")) for number in range(200))
        answers = await self.together(*asked)
        self.assertEqual([*range(0, 400, 2)], [value(answer) for answer in answers])
        several = await page.execute_commands([evaluate(f"{number}") for number in range(200)])
        self.assertEqual([*range(200)], [value(answer) for answer in several])

    async def test_it_goes_on_after_the_browser_was_killed_and_started_again(self):
        """Commands in flight fail at once; the next one waits for the browser, and events come again."""
        page = self.page(on_connect=[command("Page.enable")], patience=PATIENT)
        never = evaluate("new Promise(() => {})", awaitPromise=True)
        running = [
            self.started(page.execute_command(never, timeout=None)),
            self.started(page.execute_commands([never, never], timeout=None)),
        ]
        self.assertEqual(2, value(await page.execute_command(evaluate("1 + 1"))))
        loaded, tell = self.something()
        await page.register_callback(LOADED, tell, temporary=True)
        self.chromium.kill()
        for one in running:
            with self.assertRaises(self.client.ConnectionLost):
                await self.within(one)
        self.chromium = Chromium(self.chromium.port)
        self.assertEqual(4, value(await page.execute_command(evaluate("2 + 2"), timeout=20)))
        # Page.enable was sent again, or nothing would be heard of this.
        await page.execute_command(command("Page.navigate", url="data:text/html,x"))
        self.assertEqual(LOADED, (await self.within(loaded))["method"])

    async def test_a_callback_lets_requests_go_on_and_answers_others(self):
        page = self.page(on_connect=[command("Fetch.enable")])
        body = base64.b64encode(b"<title>Ours</title>").decode()

        async def paused(event):
            request = {"requestId": event["params"]["requestId"]}
            if event["params"]["request"]["url"].endswith("/ours"):
                answer = {"responseCode": 200, "body": body}
                await page.execute_command(command("Fetch.fulfillRequest", **request, **answer))
            else:
                await page.execute_command(command("Fetch.continueRequest", **request))

        await page.register_callback(PAUSED, paused)
        with served() as address:
            for path, title in (("", "A page"), ("ours", "Ours"), ("again", "A page")):
                await self.open(page, address + path)
                self.assertEqual(
                    title, value(await page.execute_command(evaluate("document.title")))
                )

    async def test_pages_share_a_connection_in_sessions(self):
        async with self.handler(self.chromium.port) as browser:
            sessions = [await self.attached(browser) for _ in range(2)]
            heard = {session: self.something() for session in sessions}
            for session, (_, tell) in heard.items():
                await browser.register_callback(LOADED, tell, True, session_id=session)
                await browser.execute_command(command("Page.enable", session))
            for session in reversed(sessions):
                url = f"data:text/html,<title>{session}</title>"
                await browser.execute_command(command("Page.navigate", session, url=url))
                event = await self.within(heard[session][0])
                self.assertEqual(session, event["sessionId"])
                title = await browser.execute_command(
                    evaluate("document.title") | {"sessionId": session}
                )
                self.assertEqual(session, value(title))

    async def attached(self, browser):
        target = await browser.execute_command(command("Target.createTarget", url="about:blank"))
        attach = command(
            "Target.attachToTarget", flatten=True, targetId=target["result"]["targetId"]
        )
        return (await browser.execute_command(attach))["result"]["sessionId"]

    async def test_over_tls(self):
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            certificate, key = make_certificate(folder)
            path = new_page(self.chromium.port).partition("/devtools")[2]
            port = stack.enter_context(behind_tls(self.chromium.port, certificate, key))
            address = f"wss://localhost:{port}/devtools{path}"
            async with self.handler(ws_address=address, tls=self.trusting(certificate)) as page:
                text = value(await page.execute_command(evaluate("'x'.repeat(3e6)")))
                self.assertEqual(3_000_000, len(text))


without_browser = unittest.skipIf(CHROMIUM is None, "no Chromium here")


@without_browser
class TwistedTests(Promises, OnTwisted):
    timeout = 60


@without_browser
class AsyncioTests(Promises, OnAsyncio):
    pass


ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", re.M)


def documented(port):
    """What the page about browsers defines, for the browser at a port."""
    text = (ROOT / "docs" / "howto" / "browser.rst").read_text().replace("9222", str(port))
    names = {}
    for block in BLOCK.findall(text):
        exec(compile(textwrap.dedent(block), "browser.rst", "exec"), names)
    return types.SimpleNamespace(**names)


@without_browser
class DocumentTests(unittest.IsolatedAsyncioTestCase):
    """The examples of the page about browsers, run as they stand there."""

    def setUp(self):
        chromium = Chromium()
        self.addCleanup(chromium.kill)
        self.page_id = new_page(chromium.port).rpartition("/")[2]
        self.connection = aio.ConnectionHandler(chromium.port, self.page_id)
        self.examples = documented(chromium.port)
        self.url = self.enterContext(served())

    async def asyncTearDown(self):
        await self.connection.close()

    async def test_the_browser_tells_its_version(self):
        self.assertIn("Chrome/", await self.examples.version())

    async def test_a_page_gives_its_text_and_figures(self):
        await self.connection.execute_commands([command("Network.enable"), command("Page.enable")])
        loaded = asyncio.Event()
        await self.connection.register_callback(LOADED, lambda _: loaded.set())
        await self.connection.execute_command(command("Page.navigate", url=self.url))
        await asyncio.wait_for(loaded.wait(), 20)
        self.assertIn("<h1>Hello</h1>", await self.examples.get_html(self.connection))
        request = self.connection.network_logs[0]["params"]["requestId"]
        answers = await self.examples.get_page_metrics(self.connection, request)
        self.assertEqual([1, 2, 3], [answer["id"] for answer in answers])
        self.assertEqual(PAGE.decode(), answers[1]["result"]["body"])

    async def test_requests_are_logged(self):
        said = asyncio.Queue()
        monitoring = asyncio.create_task(
            self.examples.monitor_network(self.page_id, said.put_nowait)
        )
        # What is asked before it listens is not heard.
        for _ in range(100):
            await self.connection.execute_command(command("Page.navigate", url=self.url))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    while await said.get() != f"Request: {self.url}":
                        """It is that of a picture of the page."""
                    break
        else:
            self.fail("nothing was logged")
        monitoring.cancel()
        await asyncio.wait([monitoring])
        self.assertTrue(monitoring.cancelled())

    async def test_dialogs_are_accepted_and_requests_pass(self):
        await self.examples.watch(self.connection)
        await self.examples.accept_dialogs(self.connection)
        await self.examples.let_requests_pass(self.connection)
        answer = await self.connection.execute_command(evaluate("confirm('sure?')"))
        self.assertIs(True, value(answer))
        await self.connection.execute_command(command("Page.navigate", url=self.url))

    async def test_pages_are_read_side_by_side(self):
        read = await self.examples.main([self.url, f"{self.url}other"])
        self.assertEqual(
            [
                {"url": self.url, "title": "A page", "description": "of tests"},
                {"url": f"{self.url}other", "title": "A page", "description": "of tests"},
            ],
            read,
        )


@without_browser
class PictureTests(unittest.TestCase):
    def test_a_picture_is_taken_from_the_shell(self):
        with tempfile.TemporaryDirectory() as folder, served() as url:
            path = Path(folder) / "out.png"
            done = run(["python", "-m", "examples.chromium", url, str(path)], ROOT)
            self.assertEqual((0, f"{path}: A page\n"), (done.returncode, done.stdout), done.stderr)
            self.assertEqual(b"\x89PNG", path.read_bytes()[:4])

    def test_what_goes_wrong_is_told_in_one_line(self):
        for arguments in ((), ("http://nowhere.invalid/", "out.png")):
            done = run(["python", "-m", "examples.chromium", *arguments], ROOT)
            self.assertEqual((1, 1), (done.returncode, len(done.stderr.splitlines())), done.stderr)
