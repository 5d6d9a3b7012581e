"""A broadcast by Autobahn on Twisted's epoll reactor: whatever a client sends is one."""

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import epollreactor

from .work import PUSH, arguments

epollreactor.install()
from twisted.internet import reactor  # noqa: E402

everybody = set()


class Server(WebSocketServerProtocol):
    def onOpen(self):
        everybody.add(self)

    def onMessage(self, payload, isBinary):
        for connection in everybody:
            connection.sendMessage(PUSH)

    def onClose(self, wasClean, code, reason):
        everybody.discard(self)


factory = WebSocketServerFactory()
factory.protocol = Server
reactor.listenTCP(arguments()[0], factory, interface="127.0.0.1")
reactor.run()
