"""Channels of real pages: the `websockets` library on asyncio and uvloop, and Twisted's own reactor."""

import asyncio
import contextlib

import uvloop
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from aiorest_gw.channels import (
    FrontEndDispatcher,
    FrontEndWebSocketDispatcher,
    MessageFromFrontEndDispatcher,
    PageMessage,
)
from aiorest_gw.errors import RequestTimeout

from .pages import message

# Seconds after which a test has failed.
PATIENCE = 20


class Server:
    """An application for pages: the first frame of a page tells which channel it wants."""

    def __init__(self):
        self.hub = FrontEndDispatcher()
        self.messages = MessageFromFrontEndDispatcher()
        self.messages.register_handler("0", self.echo)

    async def echo(self, message):
        self.hub.submit(PageMessage("0echo", message.content, msg_id=message.msg_id))

    async def page(self, connection):
        first = PageMessage.parse(await connection.recv())
        channel = self.hub.get_dispatcher(first.code)
        channel.update_transport(connection)
        with contextlib.suppress(ConnectionClosed):
            async for text in connection:
                self.messages.submit(text, lambda answer: connection.send(answer.dump()))
        channel.lost(connection)


async def verified(page):
    await page.send(message(None, "0han verification").dump())


async def received(page, count):
    return [PageMessage.parse(await page.recv()).content for _ in range(count)]


async def until(condition):
    """Wait for what other tasks bring about."""
    while not condition():
        await asyncio.sleep(0)


async def reconnecting():
    """What a page sees that goes away three times, the last time without a word."""
    server = Server()
    channel = FrontEndWebSocketDispatcher()
    await server.hub.add_dispatcher("0", channel)
    seen = []
    async with server.hub, serve(server.page, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        url = f"ws://127.0.0.1:{port}"
        first = [server.hub.submit(message(n)) for n in range(3)]
        async with connect(url) as page:
            await verified(page)
            seen += await received(page, 3)
            assert [(await receipt).outcome.value for receipt in first] == ["written"] * 3
            await page.send(message("hello", msg_id="m").dump())
            seen += await received(page, 1)
            await page.send("{")
            seen += [(await received(page, 1))[0]["detail"]]
        await until(lambda: not channel.connected)
        for n in range(3, 6):
            server.hub.submit(message(n))
        page = await connect(url)
        await verified(page)
        seen += await received(page, 3)
        page.transport.abort()
        await until(lambda: not channel.connected)
        server.hub.submit(message(6))
        async with connect(url) as page:
            await verified(page)
            server.hub.submit(message(7))
            seen += await received(page, 2)
            asked = server.messages.expect_reply("q", PATIENCE)
            server.hub.submit(message("?", msg_id="q"))
            seen += await received(page, 1)
            await page.send(message("!", "0reply", msg_id="q").dump())
            seen.append((await asked).content)
            last = server.hub.submit(message("bye"))
            leaving = asyncio.create_task(channel.__aexit__(None, None, None))
            seen += await received(page, 1)
            await leaving
            assert (await last).outcome.value == "written"
    return seen


class SocketTests(SynchronousTestCase):
    def test_a_page_that_reconnects_misses_nothing(self):
        for loop_factory in (asyncio.new_event_loop, uvloop.new_event_loop):
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                seen = runner.run(asyncio.wait_for(reconnecting(), PATIENCE))
            self.assertEqual(
                [
                    0,
                    1,
                    2,
                    "hello",
                    "The message is not valid JSON.",
                    3,
                    4,
                    5,
                    6,
                    7,
                    "?",
                    "!",
                    "bye",
                ],
                seen,
            )


class Slow:
    """A connection of Twisted's, that takes each message a turn of the reactor later."""

    def __init__(self):
        self.messages = []

    async def send(self, text):
        await deferLater(reactor, 0)
        self.messages.append(PageMessage.parse(text).content)


class ReactorTests(TestCase):
    timeout = PATIENCE

    async def test_without_asyncio_it_all_works_on_the_reactor(self):
        hub, page = FrontEndDispatcher(), Slow()
        channel = FrontEndWebSocketDispatcher()
        await hub.add_dispatcher("0", channel)
        messages = MessageFromFrontEndDispatcher()
        async with hub:
            first = hub.submit(message("a"))
            await channel.update_transport(page)
            self.assertEqual("written", (await first).outcome.value)
            reply = messages.expect_reply("m", 0.1)
            try:
                await reply
            except RequestTimeout:
                hub.submit(message("b"))
        self.assertEqual([*"ab"], page.messages)

    def test_nothing_has_to_be_awaited(self):
        channel = FrontEndWebSocketDispatcher(Slow())
        starting = Deferred.fromCoroutine(channel.__aenter__())
        receipt = channel.submit(message("a"))
        written = Deferred()
        receipt.when_done(lambda: written.callback(receipt.result.outcome.value))
        written.addCallback(self.assertEqual, "written")
        return starting.addCallback(lambda _: written)
