"""A connection that changes hands keeps its bytes, on every kind of transport."""

import asyncio

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.web.handing import hand_over
from tests.server.transports import (
    TLS,
    Eager,
    Loop,
    OnAsyncio,
    OnUVLoop,
    Server,
    TransportCase,
    Twisteds,
    until,
)


class Second(Server):
    """Has the connection later."""

    def connectionMade(self):
        self.received, self.reads, self.calls = b"", 0, []
        self.lost = asyncio.get_running_loop().create_future()


class First(Server):
    """Hands the connection on as soon as it is asked to."""

    second = None

    def dataReceived(self, data):
        super().dataReceived(data)
        if b"next" in self.received and self.second is None:
            self.second = Second()
            # Who waits for the first to be told the end waits for the one that is told.
            self.lost = asyncio.get_running_loop().create_future()
            hand_over(self.transport, self.second, data.partition(b"next")[2])
            self.lost = self.second.lost


class HandingTests(TransportCase):
    def test_what_follows_is_the_seconds_and_so_is_the_end(self):
        async def scenario(server, reader, writer):
            writer.write(b"first next second")
            await until(lambda: server.second is not None)
            writer.write(b" third")
            await until(lambda: server.second.received == b" second third")
            self.assertIs(server.transport, server.second.transport)
            server.second.transport.write(b"answer")
            self.assertEqual(b"answer", await reader.readexactly(6))
            writer.close()
            await server.second.lost
            self.assertEqual(b"first next second", server.received)

        self.run_connected(scenario, First)

    def test_the_second_may_close_it(self):
        async def scenario(server, reader, writer):
            writer.write(b"next")
            await until(lambda: server.second is not None)
            server.second.transport.write(b"farewell")
            server.second.transport.loseConnection()
            self.assertEqual(b"farewell", await reader.read())

        self.run_connected(scenario, First)


class LoopOnUVLoopTests(OnUVLoop, Loop, HandingTests, SynchronousTestCase):
    """``loop:`` on uvloop."""


class LoopOnAsyncioTests(OnAsyncio, Loop, HandingTests, SynchronousTestCase):
    """``loop:`` on asyncio's own loop."""


class TLSOnUVLoopTests(OnUVLoop, TLS, HandingTests, SynchronousTestCase):
    """``loop:`` with TLS."""


class TwistedsTests(OnAsyncio, Twisteds, HandingTests, SynchronousTestCase):
    """Twisted's ``tcp:``."""


class EagerTests(OnUVLoop, Eager, HandingTests, SynchronousTestCase):
    """Twisted's ``tcp:`` that sends at once."""
