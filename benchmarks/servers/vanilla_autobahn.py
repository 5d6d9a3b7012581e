"""Autobahn on Twisted as its documentation starts: JSON in, a dictionary look-up, JSON out."""

import json
import sys

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import epollreactor

epollreactor.install()
from twisted.internet import reactor  # noqa: E402


class Server(WebSocketServerProtocol):
    def onMessage(self, payload, isBinary):
        request = json.loads(payload)
        data = VIEWS[request["url"]](request)
        answer = {"data": data, "event_name": None, "id": request["id"], "status": 200}
        self.sendMessage(json.dumps(answer, separators=(",", ":")).encode())


VIEWS = {
    "/hello": lambda request: {"message": "Hello, world!"},
    "/echo": lambda request: request["data"],
}
factory = WebSocketServerFactory()
factory.protocol = Server
reactor.listenTCP(int(sys.argv[1]), factory, interface="127.0.0.1")
reactor.run()
