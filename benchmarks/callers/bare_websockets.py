"""The ``websockets`` library, and JSON by hand."""

import asyncio
import json
import sys

from websockets.asyncio.client import connect

from .telling import DATA, URL, check, orders


class Caller:
    """Requests by id, as one would write that in a quarter of an hour."""

    def __init__(self, websocket):
        self._websocket = websocket
        self._last_id = 0
        self._open = {}
        self._reading = asyncio.create_task(self._read())

    async def _read(self):
        async for text in self._websocket:
            answer = json.loads(text)
            self._open.pop(answer["id"]).set_result(answer)

    async def ask(self):
        self._last_id += 1
        waiting = self._open[self._last_id] = asyncio.get_running_loop().create_future()
        message = {"id": self._last_id, "method": "POST", "url": URL, "data": DATA}
        await self._websocket.send(json.dumps(message))
        check((await waiting)["data"])


async def alone(websocket, count):
    """One request after another: no ids need to be looked up."""
    for number in range(count):
        message = {"id": number, "method": "POST", "url": URL, "data": DATA}
        await websocket.send(json.dumps(message))
        check(json.loads(await websocket.recv())["data"])


async def main(url):
    async with connect(url, compression=None) as one, connect(url, compression=None) as other:
        caller = Caller(other)

        async def some(count):
            for _ in range(count):
                await caller.ask()

        async def ask(count, open_at_once):
            if open_at_once == 1:
                await alone(one, count)
            else:
                await asyncio.gather(*(some(count // open_at_once) for _ in range(open_at_once)))

        await orders(ask)


asyncio.run(main(sys.argv[1]))
