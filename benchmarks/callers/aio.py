"""The client for asyncio."""

import asyncio
import sys

from aiorest_gw.client.aio import GatewayClient

from .telling import DATA, URL, check, orders


async def main(url):
    async with GatewayClient(url) as gateway:

        async def some(count):
            for _ in range(count):
                check(await gateway.post(URL, DATA))

        async def ask(count, open_at_once):
            if open_at_once == 1:
                await some(count)
            else:
                await asyncio.gather(*(some(count // open_at_once) for _ in range(open_at_once)))

        await orders(ask)


asyncio.run(main(sys.argv[1]))
