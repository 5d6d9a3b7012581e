"""A connection that the network resets while the client is about to send."""

import asyncio

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.client import Patience
from aiorest_gw.client.aio import GatewayClient
from aiorest_gw.testing import FlakyProxy
from tests.end_to_end.gateways import LISTEN, ROOT, STARTERS, running

COMMAND = [*STARTERS["serve"], "--app", "tests.end_to_end.numbering:make_factory", *LISTEN]


class ResetTests(SynchronousTestCase):
    def test_what_is_asked_on_it_is_answered_and_no_word_of_it_is_logged(self):
        async def ask_while_it_is_cut(proxy):
            client = GatewayClient(proxy.url, "ann", patience=Patience(first_wait=0.01))
            async with asyncio.timeout(20), client:
                proxy.cut()
                return await asyncio.gather(*(client.post(f"/run/ann/{n}") for n in range(20)))

        with running(COMMAND, ROOT) as gateway, FlakyProxy(gateway.port) as proxy:
            with self.assertNoLogs("asyncio"):
                answers = asyncio.run(ask_while_it_is_cut(proxy))
            self.assertEqual([*range(20)], answers)
            self.assertEqual(2, proxy.connections)
