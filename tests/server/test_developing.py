"""An application is edited while clients use it."""

import asyncio
import socket
import sys

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from aiorest_gw.client.aio import GatewayClient
from aiorest_gw.server.developing import DevelopedApplication
from aiorest_gw.server.hosting import HostFactory
from aiorest_gw.testing import GatewayTestCase

from .packages import Package

APP = """
    from aiorest_gw import RequestHandlerFactory, SimpleRouter
    from helper import VERSION

    router = SimpleRouter()

    @router.get("/version")
    def version(request):
        return VERSION
"""
STARTING = """
    class Starting(RequestHandlerFactory):
        def startFactory(self):
            START

    def make():
        return Starting(router=router)
"""
# Long enough for the slowest machine; only a failure waits for it.
PATIENCE = 60


class DevelopingTests(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.package = Package(self)
        self.package.write(app=APP, helper="VERSION = 1\n")
        self.host = self.serve(HostFactory())
        self.developed = self.develop("app:router")

    def develop(self, target):
        made = DevelopedApplication(target, [self.package.folder], self.host)
        self.addCleanup(made.application.close)
        return made

    def reload(self, **modules):
        self.package.write(modules)
        reloading = self.developed.reload()
        for _ in range(3):
            self.clock.advance(0)
        return self.successResultOf(reloading)

    def version(self):
        return self.connect(self.host).request("GET", "/version").data

    def test_before_the_gateway_listens_it_is_loaded_at_once(self):
        self.assertIsNone(self.successResultOf(self.developed.reload()))
        self.assertEqual(1, self.version())

    def test_an_edit_changes_the_answers_and_a_broken_one_does_not(self):
        self.assertIsNone(self.reload())
        self.assertIsNone(self.reload(helper="VERSION = 2\n"))
        self.assertEqual(2, self.version())
        text = self.reload(helper="VERSION = \n")
        self.assertIn("helper.py:1: module 'app' cannot be imported: SyntaxError", text)
        self.assertEqual(2, self.version())
        self.assertIsNone(self.reload(helper="VERSION = 3\n"))
        self.assertEqual(3, self.version())

    def test_a_broken_first_load_is_mended_later(self):
        text = self.reload(helper="raise RuntimeError('secret')\n")
        self.assertIn("helper.py:1", text)
        answer = self.connect(self.host).request("GET", "/version")
        self.assertEqual(503, answer.status)
        self.assertNotIn("secret", answer.detail)
        self.assertIsNone(self.reload(helper="VERSION = 2\n"))
        self.assertEqual(2, self.version())

    def test_one_that_cannot_start_is_told_with_its_line_and_its_modules_are_gone(self):
        self.developed = self.develop("app:make")
        self.reload(app=APP + STARTING.replace("START", "pass"))
        self.host.doStart()
        text = self.reload(app=APP + STARTING.replace("START", "1 / 0"), helper="VERSION = 2\n")
        self.assertIn("app.py:13: ZeroDivisionError: division by zero", text)
        self.assertEqual(1, self.version())
        self.assertEqual(1, sys.modules["helper"].VERSION)

    def test_a_change_while_one_is_loaded_is_loaded_afterwards(self):
        self.reload()
        self.host.doStart()
        first = self.developed.reload()
        self.package.write(helper="VERSION = 2\n")
        second, third = self.developed.reload(), self.developed.reload()
        self.assertNoResult(first)
        for _ in range(4):
            self.clock.advance(0)
        for reloading in (first, second, third):
            self.assertIsNone(self.successResultOf(reloading))
        self.assertEqual((2, 3), (self.version(), self.developed.application.generation))

    def test_only_its_modules_concern_it(self):
        self.assertTrue(self.developed.changed(["/elsewhere.py", self.package.path("new")]))
        self.assertFalse(
            self.developed.changed(["/elsewhere.py", self.package.folder / "page.html"])
        )
        self.assertFalse(self.developed.changed([]))


COUNTING = """
    @router.get("/count")
    def count(request):
        number = request.session.data["number"] = request.session.data.get("number", 0) + 1
        return [VERSION, number]
"""
PAGED = """
    from twisted.web.server import Site
    from twisted.web.resource import Resource

    class Paged(RequestHandlerFactory):
        def startFactory(self):
            self.page = self.reactor.listenTCP(PORT, Site(Resource()), interface="127.0.0.1")

        def stopFactory(self):
            self.page.stopListening()  # nobody waits for it

    def make():
        return Paged(router=router)
"""


class SocketTests(TestCase):
    timeout = PATIENCE

    def setUp(self):
        self.package = Package(self)
        with socket.create_server(("127.0.0.1", 0)) as free:
            app = APP + COUNTING + PAGED.replace("PORT", str(free.getsockname()[1]))
        self.package.write(app=app, helper="VERSION = 0\n")
        self.host = HostFactory(presence_grace=0.0)
        self.developed = DevelopedApplication("app:make", [self.package.folder], self.host)
        self.addCleanup(self.developed.application.close)
        self.answers, self.pushed, self.resumed = [], [], []
        self.sent = 0
        self.over = False
        self.wanted = (0, Deferred())

    def answered(self, version, count):
        """Called in the reactor's thread."""
        self.answers.append((version, count))
        wanted, waiting = self.wanted
        if version == wanted and not waiting.called:
            waiting.callback(None)

    def answer_of(self, version):
        self.wanted = (version, Deferred())
        return self.wanted[1]

    def push(self):
        self.sent += 1
        self.host.manager.send_message_to_all({"event_name": "number", "data": self.sent})

    async def edit(self):
        """Ten good edits, and a broken one behind each; pushes all the time."""
        for version in range(1, 11):
            self.assertIsNone(await self.edited(f"VERSION = {version}\n"))
            await self.answer_of(version)
            text = await self.edited("VERSION = -1\nbroken\n")
            self.assertIn("helper.py:2: module 'app' cannot be imported: NameError", text)
        self.over = True

    async def edited(self, text):
        self.package.write(helper=text)
        reloading = self.developed.reload()
        self.push()
        found = await reloading
        self.push()
        return found

    async def use(self, port):
        """What a client does in a loop of its own until the edits are over."""
        async with GatewayClient(f"ws://127.0.0.1:{port}/") as client:
            client.on("number", lambda push: self.pushed.append(push.data))
            client.on_resumed(lambda: self.resumed.append(client.session_id))
            first = client.session_id
            while not self.over or len(self.pushed) < self.sent:
                version, count = await client.request("GET", "/count")
                reactor.callFromThread(self.answered, version, count)
            return {first, client.session_id}

    async def test_ten_edits_lose_and_double_nothing(self):
        self.assertIsNone(await self.developed.reload())
        port = reactor.listenTCP(0, self.host, interface="127.0.0.1")
        self.addCleanup(self.host.drain)
        self.addCleanup(port.stopListening)
        using = deferToThread(asyncio.run, self.use(port.getHost().port))
        await self.wanted[1]
        await self.edit()
        sessions = await using
        self.assertEqual({*self.resumed}, sessions)
        self.assertEqual(10, len(self.resumed))
        self.assertEqual([*range(1, self.sent + 1)], self.pushed)
        versions, counts = zip(*self.answers, strict=True)
        self.assertEqual([*range(1, len(counts) + 1)], [*counts])
        self.assertEqual([*range(11)], sorted({*versions}))
        self.assertEqual(sorted(versions), [*versions])
