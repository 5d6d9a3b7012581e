"""The floor of Python: an asyncio.Protocol on uvloop that writes an answer made once."""

import asyncio
import sys

import uvloop

ANSWER = b'{"data":{"message":"Hello, world!"},"event_name":null,"id":1,"status":200}'
FRAME = bytes([0x81, len(ANSWER)]) + ANSWER
HEAD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


class Bare(asyncio.Protocol):
    """Counts requests by their bytes; all are of one length, learned from the first."""

    size = 0
    pending = 0

    def __init__(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.size = self.size or 6 + (data[1] & 0x7F)
        count, self.pending = divmod(self.pending + len(data), self.size)
        self.transport.write(FRAME if count == 1 else FRAME * count)


class Handshake(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(HEAD)
        self.transport.set_protocol(Bare(self.transport))


async def main():
    server = await asyncio.get_running_loop().create_server(
        Handshake, "127.0.0.1", int(sys.argv[1])
    )
    await server.serve_forever()


uvloop.run(main())
