"""A gateway as a service among others of one process."""

import asyncio
from pathlib import Path

from twisted.application.service import MultiService
from twisted.internet import reactor
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.trial.unittest import SkipTest, TestCase

from aiorest_gw import Application, ConfigurationError, RequestHandlerFactory, SimpleRouter
from aiorest_gw.server.endpoints import address_of
from aiorest_gw.server.listening import LoopPort
from aiorest_gw.server.sending import EagerServer
from aiorest_gw.server.service import GatewayService
from tests.end_to_end.certificates import make_certificate

from .transports import uvloop


class ServiceTests(TestCase):
    def service(self, *listen):
        factory = RequestHandlerFactory(router=SimpleRouter(), reactor=reactor)
        return GatewayService(reactor, factory, listen)

    async def test_two_gateways_run_in_one_process(self):
        """And stop when their parent does."""
        parent = MultiService()
        services = [Application(max_depth=n).make_service(port=0, reactor=reactor) for n in (5, 6)]
        for service in services:
            service.announce = lambda line: None
            service.setServiceParent(parent)
        parent.privilegedStartService()
        parent.startService()
        ports = {service.ports[0].getHost().port for service in services}
        self.assertEqual(2, len(ports))
        self.assertEqual([5, 6], [service.factory.limits.max_depth for service in services])
        await parent.stopService()

    async def test_without_privileges_it_listens_when_it_starts(self):
        service = self.service("tcp:0:interface=127.0.0.1")
        service.startService()
        self.assertEqual(1, len(service.ports))
        await service.stopService()

    async def test_all_addresses_or_none(self):
        """A later one that cannot be listened on closes the earlier ones."""
        first = self.service("tcp:0:interface=127.0.0.1")
        first.startService()
        taken = first.ports[0].getHost().port
        second = self.service("tcp:0:interface=127.0.0.1", f"tcp:{taken}:interface=127.0.0.1")
        error = self.assertRaises(ConfigurationError, second.privilegedStartService)
        self.assertIn("Address already in use", str(error))
        await first.stopService()
        await second.stopService()

    async def test_twisteds_descriptions_mean_the_loops_transports_where_these_know_all_of_it(self):
        """On uvloop; on asyncio's own loop TLS stays Twisted's, which takes less memory there."""
        if uvloop is None:
            raise SkipTest("there is no uvloop here")
        folder = Path(self.mktemp())
        folder.mkdir()
        certificate, key = make_certificate(folder)
        on_asyncio = AsyncioSelectorReactor(asyncio.new_event_loop())
        on_uvloop = AsyncioSelectorReactor(uvloop.new_event_loop())
        for one in (on_asyncio, on_uvloop):
            self.addCleanup(one.waker.connectionLost, None)
        files = f"privateKey={key}:certKey={certificate}"
        for text, twisted_tcp, on, ours in (
            ("tcp:0", False, on_asyncio, True),
            ("tcp:0", False, on_uvloop, True),
            (f"ssl:0:{files}", False, on_uvloop, True),
            (f"loop:0:{files}", False, on_asyncio, True),
            (f"ssl:0:{files}", False, on_asyncio, False),
            (f"ssl:0:{files}:sslmethod=TLS_METHOD", False, on_uvloop, False),
            (f"ssl:0:{files}", True, on_uvloop, False),
            (f"ssl:0:{files}", False, reactor, False),
            ("tcp:0", True, on_asyncio, False),
            ("tcp:0", False, reactor, False),
        ):
            factory = RequestHandlerFactory(router=SimpleRouter(), reactor=on)
            service = GatewayService(on, factory, [text + ":interface=127.0.0.1"], twisted_tcp)
            service.privilegedStartService()
            self.assertEqual(ours, isinstance(service.ports[0], LoopPort), text)
            scheme = "wss" if files in text else "ws"
            self.assertEqual(scheme, address_of(service.ports[0], text, "/").partition(":")[0])
            if not ours:
                self.assertIs(EagerServer, service.ports[0].transport)
            stopped = service.ports[0].stopListening()
            if on is not reactor:
                on.iterate(0)
            await stopped

    async def test_addresses_are_written_as_urls(self):
        service = self.service("tcp:0:interface=\\:\\:1")
        service.startService()
        port = service.ports[0]
        self.assertEqual(
            f"ws://[::1]:{port.getHost().port}/x", address_of(port, "tcp:0:interface=x", "/x")
        )
        self.assertTrue(address_of(port, "ssl:0", "/").startswith("wss://"))
        await service.stopService()
