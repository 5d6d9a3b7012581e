"""Autobahn on Twisted as its documentation starts: ``PORT epoll|asyncio|uvloop [deflate]``."""

import asyncio
import sys

import uvloop
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.compress import PerMessageDeflateOfferAccept
from twisted.internet import asyncioreactor, epollreactor

from .work import answer, arguments

PORT, DEFLATE = arguments()
{
    "epoll": epollreactor.install,
    "asyncio": lambda: asyncioreactor.install(asyncio.new_event_loop()),
    "uvloop": lambda: asyncioreactor.install(uvloop.new_event_loop()),
}[sys.argv[2]]()
from twisted.internet import reactor  # noqa: E402


class Server(WebSocketServerProtocol):
    def onMessage(self, payload, isBinary):
        self.sendMessage(answer(payload))


factory = WebSocketServerFactory()
factory.protocol = Server
if DEFLATE:
    factory.setProtocolOptions(
        perMessageCompressionAccept=lambda offers: PerMessageDeflateOfferAccept(offers[0])
    )
reactor.listenTCP(PORT, factory, interface="127.0.0.1")
reactor.run()
