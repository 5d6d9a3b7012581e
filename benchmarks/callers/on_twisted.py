"""The client for Twisted."""

import sys

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react

from aiorest_gw.client import GatewayClient

from .telling import DATA, URL, check, orders


async def main(url):
    async with GatewayClient(url) as gateway:

        async def some(count):
            for _ in range(count):
                check(await gateway.post(URL, DATA))

        async def ask(count, open_at_once):
            each = [
                Deferred.fromCoroutine(some(count // open_at_once)) for _ in range(open_at_once)
            ]
            await gatherResults(each)

        await orders(ask)


react(lambda _: Deferred.fromCoroutine(main(sys.argv[1])))
