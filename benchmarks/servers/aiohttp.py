"""aiohttp's WebSocket without the rest of its web framework, on uvloop."""

import asyncio

import uvloop
from aiohttp import WSMsgType, web

from .work import answer, arguments

PORT, DEFLATE = arguments()


async def serve(request):
    socket = web.WebSocketResponse(compress=DEFLATE)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_frame(answer(message.data), WSMsgType.TEXT)
    return socket


async def main():
    server = web.Server(serve)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", PORT)
    await listener.serve_forever()


uvloop.run(main())
