"""Pages asked for in memory: a gateway with a site, and connections that speak HTTP by hand."""

import email
import os
import time
from pathlib import Path

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure

from aiorest_gw import SimpleRouter
from aiorest_gw.testing import GatewayTestCase

__all__ = ["Connection", "SiteTestCase", "answers"]


class Transport(StringTransport):
    """Notes what becomes of it; a test says whether the peer reads."""

    aborted = False

    def abortConnection(self):
        self.aborted = True
        self.loseConnection()

    def write(self, data):
        if not self.disconnecting:
            super().write(data)

    def writeSequence(self, data):
        self.write(b"".join(data))


class Connection:
    """A connection to a factory's gateway.

    :ivar open: the gateway has not closed it.
    """

    def __init__(self, factory, host="192.0.2.7"):
        self.transport = Transport(peerAddress=IPv4Address("TCP", host, 5))
        self.transport.protocol = factory.buildProtocol(self.transport.getPeer())
        self.transport.protocol.makeConnection(self.transport)
        self._clock = factory.reactor
        self._lost = False

    @property
    def protocol(self):
        """Whoever has it now."""
        return self.transport.protocol

    @property
    def open(self):
        return not self.transport.disconnecting

    def send(self, data):
        """Send bytes, which nobody reads any more where it is closed."""
        if self.open:
            self.protocol.dataReceived(data)
        return self

    def received(self):
        """What came since the last time."""
        data = self.transport.value()
        self.transport.clear()
        return data

    def cut(self):
        """The connection is gone."""
        if not self._lost:
            self._lost = True
            self.transport.disconnecting = True
            self.protocol.connectionLost(Failure(ConnectionLost()))

    def ask(self, target="/", method="GET", version="HTTP/1.1", body=b"", **headers):
        """Send a request; headers by name, ``_`` for ``-``."""
        named = {"Host": "example.com"} | {k.replace("_", "-"): v for k, v in headers.items()}
        lines = [
            f"{method} {target} {version}",
            *(f"{k}: {v}" for k, v in named.items() if v is not None),
        ]
        return self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def answers(self, *heads):
        """What came, as :func:`answers`."""
        return answers(self.received(), *heads)

    def get(self, target="/", **request):
        """Ask, and the one answer: status, headers and body."""
        head = request.get("method") == "HEAD"
        self.ask(target, **request)
        for _ in range(60):
            self._clock.advance(0)
        [answer] = self.answers(head)
        return answer


def answers(data, *heads):
    """The answers in some bytes: of each its status, its headers and its body.

    :param heads: of each, whether HEAD was asked, which has no body.
    """
    found, heads = [], list(heads)
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        line, _, rest = head.decode("latin-1").partition("\r\n")
        headers = email.message_from_string(rest)
        status = int(line.split()[1])
        if headers.get("Transfer-Encoding") == "chunked":
            body, data = _dechunked(data)
        elif "Content-Length" in headers:
            is_head = heads.pop(0) if heads else False
            size = 0 if is_head or status in (100, 304) else int(headers["Content-Length"])
            body, data = data[:size], data[size:]
            assert len(body) == size, (size, len(body))
        else:
            body, data = (b"", data) if status in (100, 304) else (data, b"")
        found.append((status, headers, body))
    return found


def _dechunked(data):
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        number = int(size, 16)
        if not number:
            return body, data[2:]
        body, data = body + data[:number], data[number + 2 :]


class SiteTestCase(GatewayTestCase):
    """Tests with a site.

    :ivar site: its folder.
    """

    def setUp(self):
        super().setUp()
        self.site = Path(self.mktemp())
        self.site.mkdir()
        self.connections = []
        self.addCleanup(lambda: [one.cut() for one in self.connections])

    def write(self, name, content="hello", age=10):
        """A file of the site, that was written some seconds ago."""
        path = self.site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    def gateway(self, **options):
        """A factory with the site."""
        self.factory = self.serve(SimpleRouter(), **({"site": self.site} | options))
        return self.factory

    def open(self, host="192.0.2.7"):
        connection = Connection(self.factory, host)
        self.connections.append(connection)
        return connection

    def get(self, target="/", **request):
        """Ask on a connection of its own."""
        return self.open().get(target, **request)

    def assert_nothing_is_left(self):
        """No connection is counted, and no timer waits."""
        for connection in self.connections:
            connection.cut()
        self.assertEqual(0, self.factory.admission.total)
        self.assertEqual({}, dict(self.factory.admission._by_address))
        self.assertEqual((set(), set()), (self.factory.connections, self.factory.web.connections))
        self.assertEqual(0, self.factory.countConnections)
        # Autobahn's own, for the end of a closing handshake, is over then.
        self.clock.advance(1.1)
        self.assertEqual([], [call for call in self.clock.getDelayedCalls() if call.active()])

    def collect_events(self):
        """What is logged from now on."""
        events = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        return events
