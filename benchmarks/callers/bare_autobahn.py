"""Autobahn on Twisted, and JSON by hand."""

import json
import sys

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react

from .telling import DATA, URL, check, orders


class Caller(WebSocketClientProtocol):
    """Requests by id, as one would write that in a quarter of an hour."""

    def onOpen(self):
        self.last_id = 0
        self.waiting = {}
        self.factory.opened.callback(self)

    def onMessage(self, payload, isBinary):
        answer = json.loads(payload)
        self.waiting.pop(answer["id"]).callback(answer)

    async def ask(self):
        self.last_id += 1
        waiting = self.waiting[self.last_id] = Deferred()
        message = {"id": self.last_id, "method": "POST", "url": URL, "data": DATA}
        self.sendMessage(json.dumps(message).encode())
        check((await waiting)["data"])


async def main(url):
    factory = WebSocketClientFactory(url)
    factory.protocol = Caller
    factory.opened = Deferred()
    reactor.connectTCP(factory.host, factory.port, factory)
    caller = await factory.opened

    async def some(count):
        for _ in range(count):
            await caller.ask()

    async def ask(count, open_at_once):
        each = [Deferred.fromCoroutine(some(count // open_at_once)) for _ in range(open_at_once)]
        await gatherResults(each)

    await orders(ask)


react(lambda _: Deferred.fromCoroutine(main(sys.argv[1])))
