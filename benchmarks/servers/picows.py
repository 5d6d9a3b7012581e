"""picows on uvloop: its own interface, or where messages are compressed the one that can do that."""

import uvloop
from picows import WSListener, WSMsgType, ws_create_server
from picows.websockets.asyncio.server import serve

from .work import answer, arguments

PORT, DEFLATE = arguments()


class Listener(WSListener):
    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.TEXT:
            transport.send(WSMsgType.TEXT, answer(frame.get_payload_as_memoryview()))


async def each(connection):
    async for message in connection:
        await connection.send(answer(message), text=True)


async def main():
    if DEFLATE:
        server = await serve(each, "127.0.0.1", PORT, compression="deflate")
    else:
        server = await ws_create_server(lambda request: Listener(), "127.0.0.1", PORT)
    await server.serve_forever()


uvloop.run(main())
