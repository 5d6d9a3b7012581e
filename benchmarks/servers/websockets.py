"""websockets with its asyncio interface, on uvloop."""

import uvloop
from websockets.asyncio.server import serve

from .work import answer, arguments

PORT, DEFLATE = arguments()


async def each(connection):
    async for message in connection:
        await connection.send(answer(message), text=True)


async def main():
    compression = "deflate" if DEFLATE else None
    async with serve(each, "127.0.0.1", PORT, compression=compression) as server:
        await server.serve_forever()


uvloop.run(main())
