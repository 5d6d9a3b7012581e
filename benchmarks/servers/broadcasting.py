"""The floor of a broadcast: an asyncio.Protocol on uvloop that writes a ready frame to everybody.

Whatever a client sends behind its handshake is a broadcast.
"""

import asyncio

import uvloop

from ..wire import accept, server_frame
from .work import PUSH, arguments

PORT, _ = arguments()
HEAD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %s\r\n\r\n"
)
FRAME = server_frame(PUSH, deflate=False)
everybody = set()


class Bare(asyncio.Protocol):
    shaken = False

    def connection_made(self, transport):
        self.transport = transport
        everybody.add(transport)

    def connection_lost(self, exc):
        everybody.discard(self.transport)

    def data_received(self, data):
        if self.shaken:
            for transport in everybody:
                transport.write(FRAME)
        else:
            self.shaken = True
            self.transport.write(HEAD % accept(data.partition(b"\r\n\r\n")[0]))


async def main():
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", PORT, backlog=1024)
    await server.serve_forever()


uvloop.run(main())
