"""Whoever does not answer the opening handshake is not waited for longer than the application says."""

import asyncio
import socket

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from aiorest_gw.client import ConnectionFailed, GatewayClient, Patience, aio

PATIENCE = Patience(opening=0.2)
# Long enough for the slowest machine, and shorter than what a client waits if it is told nothing.
LIMIT = 5


class SilentServer(socket.socket):
    """Takes connections, and says nothing."""

    def __init__(self):
        super().__init__()
        self.bind(("127.0.0.1", 0))
        self.listen()

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.getsockname()[1]}/"


class TwistedTests(TestCase):
    timeout = LIMIT

    async def test_an_opening_that_takes_too_long_has_failed(self):
        with SilentServer() as silent:
            client = GatewayClient(silent.url, patience=PATIENCE)
            with self.assertRaisesRegex(ConnectionFailed, "nobody answered within 0.2 s"):
                await client.connect()
            await client.close()

    async def test_a_client_is_closed_while_it_is_opened(self):
        with SilentServer() as silent:
            client = GatewayClient(silent.url)
            opening = Deferred.fromCoroutine(_outcome(client))
            await client.close()
            self.assertIn("closed", str(await opening))


class AsyncioTests(SynchronousTestCase):
    def test_an_opening_that_takes_too_long_has_failed(self):
        async def open_in_vain():
            with SilentServer() as silent:
                client = aio.GatewayClient(silent.url, patience=PATIENCE)
                with self.assertRaisesRegex(ConnectionFailed, "nobody answered within 0.2 s"):
                    async with asyncio.timeout(LIMIT):
                        await client.connect()
                await client.close()

        asyncio.run(open_in_vain())


async def _outcome(client):
    try:
        return await client.connect()
    except Exception as error:
        return error
