"""The handler for Twisted, in the plain dialect: as browsers are driven, but for the words."""

import sys

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react

from aiorest_gw.client import ConnectionHandler

from .telling import DATA, URL, check, orders

COMMAND = {"method": "POST", "url": URL, "data": DATA}


async def main(url):
    async with ConnectionHandler(ws_address=url, dialect="plain") as connection:

        async def some(count):
            for _ in range(count):
                check((await connection.execute_command(COMMAND))["data"])

        async def ask(count, open_at_once):
            each = [
                Deferred.fromCoroutine(some(count // open_at_once)) for _ in range(open_at_once)
            ]
            await gatherResults(each)

        await orders(ask)


react(lambda _: Deferred.fromCoroutine(main(sys.argv[1])))
