"""The two worlds that clients run in: what is promised is tested in both, with the same lines."""

from __future__ import annotations

import asyncio
import ssl
import unittest
from pathlib import Path

from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.trial.unittest import TestCase

from aiorest_gw import client
from aiorest_gw.client import aio

__all__ = ["OnAsyncio", "OnTwisted"]

# Long enough for the slowest machine; only a failure waits for it.
PATIENCE = 20


class OnTwisted(TestCase):
    """Twisted's reactor, whichever runs."""

    client = client

    def handler(self, *args, **options):
        """A handler that is closed at the end."""
        handler = client.ConnectionHandler(*args, **options)
        self.addCleanup(handler.close)
        return handler

    def started(self, awaitable):
        """What runs by itself, and may be awaited and cancelled."""
        return awaitable if isinstance(awaitable, Deferred) else ensureDeferred(awaitable)

    def within(self, awaitable):
        """What may not take for ever."""
        from twisted.internet import reactor

        return self.started(awaitable).addTimeout(PATIENCE, reactor)

    def together(self, *awaitables):
        return gatherResults([*map(self.started, awaitables)], consumeErrors=True)

    def something(self):
        """Something to wait for, and what ends that, with a result."""
        deferred = Deferred()
        return deferred, deferred.callback

    def trusting(self, certificate):
        """What trusts nobody but a certificate's owner."""
        read = Certificate.loadPEM(Path(certificate).read_bytes())
        return optionsForClientTLS("localhost", trustRoot=read)

    async def ended(self, running):
        """That it was cancelled."""
        try:
            await running
        except Exception as error:
            return type(error).__name__ == "CancelledError"
        return False


class OnAsyncio(unittest.IsolatedAsyncioTestCase):
    """A loop of asyncio's own."""

    client = aio

    def handler(self, *args, **options):
        handler = aio.ConnectionHandler(*args, **options)

        async def close():
            await handler.close()

        self.addAsyncCleanup(close)
        return handler

    def started(self, awaitable):
        return asyncio.ensure_future(awaitable)

    def within(self, awaitable):
        return asyncio.wait_for(awaitable, PATIENCE)

    def together(self, *awaitables):
        return asyncio.gather(*awaitables)

    def something(self):
        future = asyncio.get_running_loop().create_future()
        return future, future.set_result

    def trusting(self, certificate):
        return ssl.create_default_context(cafile=certificate)

    async def ended(self, running):
        await asyncio.wait([running])
        return running.cancelled()
