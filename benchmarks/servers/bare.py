"""The floor of Python: an asyncio.Protocol on uvloop that writes an answer made once.

It reads the first request of a connection, and counts the later ones by their octets.
"""

import asyncio

import uvloop

from ..wire import accept, new_inflater, read_frame, server_frame
from .work import answer, arguments

PORT, DEFLATE = arguments()
HEAD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %s\r\n%s\r\n"
)
EXTENSION = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if DEFLATE else b""


class Bare(asyncio.Protocol):
    """Counts requests by their octets; all are of one length, learned from the first."""

    def __init__(self, transport, size, frame):
        self.transport = transport
        self.size = size
        self.frame = frame
        self.pending = 0

    def data_received(self, data):
        count, self.pending = divmod(self.pending + len(data), self.size)
        if count:
            self.transport.write(self.frame if count == 1 else self.frame * count)


class First(asyncio.Protocol):
    """The handshake, and the first request."""

    def __init__(self):
        self.received = b""
        self.shaken = False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        if not self.shaken:
            request, end, rest = self.received.partition(b"\r\n\r\n")
            if not end:
                return
            self.shaken, self.received = True, rest
            self.transport.write(HEAD % (accept(request), EXTENSION))
        frame = read_frame(self.received)
        if frame is not None:
            payload = answer(frame.message(new_inflater()))
            bare = Bare(self.transport, frame.size, server_frame(payload, DEFLATE))
            self.transport.set_protocol(bare)
            bare.data_received(self.received)


async def main():
    server = await asyncio.get_running_loop().create_server(First, "127.0.0.1", PORT)
    await server.serve_forever()


uvloop.run(main())
