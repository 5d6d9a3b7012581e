"""Pages and their channels on one port: real sockets, in programs for asyncio and for Twisted."""

import asyncio
import http.client
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from twisted.trial.unittest import SynchronousTestCase
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from aiorest_gw import ConfigurationError
from aiorest_gw.channels import (
    FrontEndDispatcher,
    FrontEndWebSocketDispatcher,
    MessageFromFrontEndDispatcher,
    PageHandle,
    PageMessage,
    handle_client,
    initiate_page_handle,
)

from ..end_to_end.gateways import run
from .pages import message

# Seconds after which a test has failed.
PATIENCE = 20
FIRST = message(None, "0han verification").dump()
TWISTED_PROGRAM = """
import sys
{install}
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.task import react
from aiorest_gw.channels import (
    FrontEndDispatcher, FrontEndWebSocketDispatcher, MessageFromFrontEndDispatcher, PageHandle,
    PageMessage,
)

closed = Deferred()

class Page(WebSocketClientProtocol):
    def onOpen(self):
        self.sendMessage(PageMessage("0hello").dump().encode())
        self.sendMessage(PageMessage("0echo", "anybody?").dump().encode())

    def onMessage(self, payload, isBinary):
        print(PageMessage.parse(payload).content)
        self.factory.seen -= 1
        if not self.factory.seen:
            self.factory.all_seen.callback(None)

    def onClose(self, *why):
        closed.callback(why[1])

async def main(reactor):
    hub, messages = FrontEndDispatcher(), MessageFromFrontEndDispatcher()
    await hub.add_dispatcher("0", FrontEndWebSocketDispatcher())
    messages.register_handler("0", lambda m: hub.submit(PageMessage("0echo", m.content)))
    async with PageHandle(None, hub, messages) as handle:
        hub.submit(PageMessage("0news", "while you were away"))
        factory = WebSocketClientFactory(handle.socket_url, reactor=reactor)
        factory.protocol, factory.seen, factory.all_seen = Page, 2, Deferred()
        HostnameEndpoint(reactor, b"localhost", handle.port).connect(factory)
        await factory.all_seen
    print(await closed)

react(main)
"""


class Application:
    """Tells a page what it says itself.

    :ivar life: what started and stopped, in order.
    """

    def __init__(self):
        self.life = []
        self.hub = FrontEndDispatcher()
        self.messages = MessageFromFrontEndDispatcher()
        self.messages.register_handler("0", self.echo)

    async def begin(self):
        await self.hub.add_dispatcher("0", Told(self.life))
        return self

    async def echo(self, message):
        self.hub.submit(PageMessage("0echo", message.content))


class Told(FrontEndWebSocketDispatcher):
    """A channel that tells when it starts and stops."""

    def __init__(self, life):
        super().__init__()
        self._life = life

    async def __aenter__(self):
        self._life.append("channel started")
        return await super().__aenter__()

    async def __aexit__(self, *args):
        self._life.append("channel stopped")
        return await super().__aexit__(*args)


async def contents(page, count):
    return [PageMessage.parse(await page.recv()).content for _ in range(count)]


def get(port):
    connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


class PageHandleTestCase(SynchronousTestCase):
    loop_factory = staticmethod(asyncio.new_event_loop)

    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        (self.folder / "index.html").write_text("<p>hello</p>")

    def run_loop(self, coroutine):
        with asyncio.Runner(loop_factory=self.loop_factory) as runner:
            return runner.run(asyncio.wait_for(coroutine, PATIENCE))


class AsyncioTests(PageHandleTestCase):
    def test_pages_and_their_socket_are_on_one_port(self):
        async def main():
            app = await Application().begin()
            async with PageHandle(self.folder, app.hub, app.messages) as handle:
                self.assertEqual(f"ws://localhost:{handle.port}/", handle.socket_url)
                app.hub.submit(message("while away"))
                async with connect(handle.socket_url, origin=handle.url.rstrip("/")) as page:
                    await page.send(FIRST)
                    await page.send(message("anybody?").dump())
                    said = await contents(page, 2)
                return said, await asyncio.to_thread(get, handle.port)

        expected = (["while away", "anybody?"], b"<p>hello</p>")
        self.assertEqual(expected, self.run_loop(main()))

    def test_pages_of_each_name_of_this_machine_may_connect(self):
        async def main():
            app = await Application().begin()
            async with PageHandle(None, app.hub, app.messages) as handle:
                for host in ("localhost", "127.0.0.1", "app.localhost"):
                    url = f"ws://{host}:{handle.port}/"
                    options = {"host": "127.0.0.1", "origin": f"http://{host}:{handle.port}"}
                    async with connect(url, **options) as page:
                        await page.send(FIRST)
                for origin in ("http://evil.example", "null"):
                    with self.assertRaises(InvalidStatus):
                        await connect(handle.socket_url, origin=origin)

        self.run_loop(main())

    def test_the_channels_start_first_and_stop_last(self):
        async def main():
            app = await Application().begin()
            async with PageHandle(None, app.hub, app.messages) as handle:
                page = await connect(handle.socket_url)
                await page.send(FIRST)
                await page.send(message("there").dump())
                await contents(page, 1)
                reading = asyncio.create_task(self.until_closed(page, app.life))
                last = app.hub.submit(message("bye"))
            await reading
            return app.life, (await last).outcome.value

        life, outcome = self.run_loop(main())
        self.assertEqual(["channel started", "bye", "page closed with 4001"], life[:3])
        self.assertEqual(["channel stopped"], life[3:])
        self.assertEqual("written", outcome)

    async def until_closed(self, page, life):
        try:
            while True:
                life += await contents(page, 1)
        except ConnectionClosed:
            life.append(f"page closed with {page.close_code}")

    def test_where_the_port_is_taken_the_channels_are_stopped_again(self):
        async def main():
            first, second = await Application().begin(), await Application().begin()
            async with PageHandle(self.folder, first.hub, first.messages) as handle:
                other = PageHandle(self.folder, second.hub, second.messages, port=handle.port)
                with self.assertRaises(ConfigurationError):
                    await other.__aenter__()
                return second.life

        self.assertEqual(["channel started", "channel stopped"], self.run_loop(main()))

    def test_an_applications_own_exit_stack_stops_it(self):
        async def main():
            app = await Application().begin()
            async with AsyncExitStack() as stack:
                handle = await initiate_page_handle(stack, self.folder, app.hub, app.messages)
                stack.callback(app.life.append, "left first")
                self.assertIn(b"hello", await asyncio.to_thread(get, handle.port))
            return app.life

        expected = ["channel started", "left first", "channel stopped"]
        self.assertEqual(expected, self.run_loop(main()))

    def test_a_misspelt_parameter_is_no_property_of_the_applications(self):
        app = Application()
        for name, meant in (("prot", "port"), ("hots", "host"), ("origin", "origins")):
            with self.assertRaisesRegex(ConfigurationError, f"is {meant} meant"):
                PageHandle(None, app.hub, app.messages, **{name: 1})

    def test_it_is_started_once(self):
        async def main():
            app = await Application().begin()
            async with PageHandle(None, app.hub, app.messages) as handle:
                with self.assertRaises(RuntimeError):
                    await handle.__aenter__()
            with self.assertRaises(RuntimeError):
                await handle.__aenter__()

        self.run_loop(main())

    def test_a_server_of_ones_own_serves_pages_as_well(self):
        async def main():
            app = await Application().begin()

            async def page(websocket):
                await handle_client(websocket, app.hub, app.messages, first_message_timeout=0.1)

            async with app.hub, serve(page, "127.0.0.1", 0) as server:
                url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
                async with connect(url) as first, connect(url) as second, connect(url) as silent:
                    await first.send(FIRST)
                    await first.send(message("a").dump())
                    said = await contents(first, 1)
                    await second.send(FIRST)
                    [told] = await contents(first, 1)
                    await first.wait_closed()
                    await second.send("{")
                    said += [answer["detail"] for answer in await contents(second, 1)]
                    await silent.wait_closed()
                    return said, told["detail"], first.close_code, silent.close_code

        said, told, first, silent = self.run_loop(main())
        self.assertEqual(["a", "The message is not valid JSON."], said)
        self.assertEqual("Another page has taken the channel over.", told)
        self.assertEqual((4503, 4504), (first, silent))


class UVLoopTests(AsyncioTests):
    loop_factory = staticmethod(uvloop.new_event_loop)


class TwistedTests(PageHandleTestCase):
    def test_it_runs_on_reactors_of_twisteds(self):
        for name in ("epoll", "asyncio"):
            install = f"from twisted.internet import {name}reactor; {name}reactor.install()"
            path = self.folder / "program.py"
            path.write_text(TWISTED_PROGRAM.format(install=install))
            done = run(["python", str(path.resolve())], self.folder)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            expected = ["while you were away", "anybody?", "4001"]
            self.assertEqual(expected, done.stdout.splitlines())
