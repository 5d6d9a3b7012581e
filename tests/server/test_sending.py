"""Twisted's own connections that send at once; what they promise besides is in ``test_transport``."""

from twisted.internet.tcp import Server as TwistedsServer
from twisted.internet.unix import Port as UNIXPort
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.server.sending import EagerServer, send_eagerly

from .transports import Eager, OnAsyncio, Server, TransportCase, Twisteds


class SendingTests(TransportCase, Eager, OnAsyncio, SynchronousTestCase):
    def test_it_is_sent_at_once(self):
        """Nothing is left to the reactor; also where a producer may write."""

        async def scenario(server, reader, writer):
            transport = server.transport
            self.assertIsInstance(transport, EagerServer)
            for number in range(2):
                transport.write(b"hello")
                self.assertEqual([], transport.reactor.getWriters())
                self.assertEqual(b"hello", await reader.readexactly(5))
                if not number:
                    transport.registerProducer(server, True)

        self.run_connected(scenario)

    def test_what_cannot_be_sent_goes_twisteds_own_way(self):
        async def scenario(server, reader, writer):
            transport = server.transport
            transport.write(b"x" * 16_777_216)
            self.assertEqual([transport], transport.reactor.getWriters())
            transport.write(b"behind it")
            received = await reader.readexactly(16_777_225)
            self.assertEqual(b"xbehind it", received[-10:])

        self.run_connected(scenario)

    def test_each_of_twisteds_attributes_that_is_looked_at_is_there(self):
        """One that is gone would cost the speed in silence."""

        async def scenario(server, reader, writer):
            for name in EagerServer._may_send.__code__.co_names:
                if name not in ("bool", "AttributeError"):
                    self.assertTrue(hasattr(server.transport, name), name)
            self.assertTrue(server.transport._may_send())

        self.run_connected(scenario)

    def test_without_one_of_them_it_is_twisteds_own(self):
        class Changed(EagerServer):
            @property
            def _aborting(self):
                raise AttributeError

        async def scenario(server, reader, writer):
            server.transport.__class__ = Changed
            server.transport.write(b"hello")
            self.assertEqual([server.transport], server.transport.reactor.getWriters())
            self.assertEqual(b"hello", await reader.readexactly(5))
            server.transport.__class__ = EagerServer

        self.run_connected(scenario)


class PortTests(TransportCase, Twisteds, OnAsyncio, SynchronousTestCase):
    def test_other_ports_stay_as_they_are(self):
        send_eagerly(object())
        port = UNIXPort("path", None)
        send_eagerly(port)
        self.assertIs(UNIXPort.transport, port.transport)

        async def scenario(server, reader, writer):
            self.assertIs(TwistedsServer, type(server.transport))

        self.run_connected(scenario, Server)
