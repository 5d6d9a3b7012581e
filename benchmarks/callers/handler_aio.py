"""The handler for asyncio, in the plain dialect: as browsers are driven, but for the words."""

import asyncio
import sys

from aiorest_gw.client.aio import ConnectionHandler

from .telling import DATA, URL, check, orders

COMMAND = {"method": "POST", "url": URL, "data": DATA}


async def main(url):
    async with ConnectionHandler(ws_address=url, dialect="plain") as connection:

        async def some(count):
            for _ in range(count):
                check((await connection.execute_command(COMMAND))["data"])

        async def ask(count, open_at_once):
            await asyncio.gather(*(some(count // open_at_once) for _ in range(open_at_once)))

        await orders(ask)


asyncio.run(main(sys.argv[1]))
