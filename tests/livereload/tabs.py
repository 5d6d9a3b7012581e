"""Tabs in memory: the sans-I/O client of ``websockets``, on a transport that keeps what is written."""

import json

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

HELLO = {"command": "hello", "protocols": ["http://livereload.com/protocols/official-7"]}


class Transport(StringTransport):
    aborted = False
    protocol = None

    def abortConnection(self):
        self.aborted = True


class Tab:
    """A connection to ``/livereload``.

    :ivar heard: the messages that came.
    :ivar pings: how many came.
    :ivar answers: whether it answers pings and closing.
    """

    def __init__(self, factory, **headers):
        self.heard = []
        self.pings = 0
        self.answers = True
        self.transport = Transport()
        self.transport.protocol = factory.buildProtocol(None)
        self.transport.protocol.makeConnection(self.transport)
        self.client = ClientProtocol(parse_uri("ws://127.0.0.1/livereload"))
        request = self.client.connect()
        request.headers.update(headers)
        self.client.send_request(request)
        self.move()

    def move(self):
        """Carry what is written both ways."""
        self._send()
        written = self.transport.value()
        self.transport.clear()
        if written:
            self.client.receive_data(written)
        for event in self.client.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self.heard.append(json.loads(event.data))
            elif isinstance(event, Frame) and event.opcode is Opcode.PING:
                self.pings += 1
        if self.answers:
            self._send()
        else:
            self.client.data_to_send()

    def _send(self):
        for data in self.client.data_to_send():
            self.transport.protocol.dataReceived(data)

    def say(self, *messages):
        for message in messages:
            self.client.send_text(json.dumps(message).encode())
        self.move()

    def feed(self, octets):
        """What no client of ``websockets`` would send."""
        self.transport.protocol.dataReceived(octets)
        self.move()

    def show(self, url):
        """Say hello, and what page it shows."""
        self.say(HELLO, {"command": "info", "plugins": {}, "url": url})
        self.heard.clear()
        return self

    @property
    def closed(self):
        """The code that it was closed with, or None."""
        return self.client.close_rcvd and self.client.close_rcvd.code

    def lose(self):
        self.transport.protocol.connectionLost(Failure(ConnectionDone()))
