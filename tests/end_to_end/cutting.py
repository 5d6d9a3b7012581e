"""A client of the v1 dialect on a real socket that is cut off at random, wherever its bytes are."""

from __future__ import annotations

import asyncio
import json
import random
import struct

from benchmarks.wire import Dialect, client_frame, read_frame

__all__ = ["CutClient", "run_cut"]

_RESET = struct.pack("ii", 1, 0)


class CutClient(asyncio.Protocol):
    """One client over many connections.

    :param port: of the gateway.
    :param token: that its session is opened and resumed with.
    :ivar pushes: as they came.
    :ivar answers: by the ids of their requests.
    :ivar failure: what went wrong, in words.
    """

    def __init__(self, port: int, token: str | None = None) -> None:
        self._port = port
        self._token = token
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._shaken = False
        self._resume: str | None = None
        self._seq = 0
        self._acknowledged = 0
        self._last_id = 1
        self._open: dict[int, dict] = {}
        self.connected = asyncio.Event()
        self.pushes: list[dict] = []
        self.answers: dict[int, dict] = {}
        self._waiting: dict[int, asyncio.Future[dict]] = {}
        self.connections = 0
        self.failure = ""

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        self.connections += 1
        await loop.create_connection(lambda: self, "127.0.0.1", self._port)

    def cut(self) -> None:
        """Reset the connection; what is on its way is lost, in the middle of whatever it is."""
        transport, self._transport = self._transport, None
        self.connected.clear()
        if transport is not None:
            socket = transport.get_extra_info("socket")
            socket.setsockopt(1, 13, _RESET)  # SOL_SOCKET, SO_LINGER
            transport.abort()

    # -- asyncio

    def connection_made(self, transport) -> None:
        self._transport = transport
        self._data, self._shaken = b"", False
        head = Dialect().handshake(deflate=False)[:-2]
        transport.write(head + b"Sec-WebSocket-Protocol: aiorest.1.json\r\n\r\n")
        data = {} if self._resume is None else {"resume": self._resume, "ack": self._seq}
        if self._token is not None:
            data["token"] = self._token
        id = 1 if self._resume is None else 0
        self._send({"id": id, "method": "PUT", "url": "/~/session", "data": data})

    def connection_lost(self, exc) -> None:
        pass

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._data += data
        if not self._shaken:
            head, end, rest = self._data.partition(b"\r\n\r\n")
            if not end:
                return
            self._data, self._shaken = rest, True
        while (frame := read_frame(self._data)) is not None:
            first = self._data[0]
            self._data = self._data[frame.size :]
            if first == 0x81:
                self._take(json.loads(frame.payload))
            elif first == 0x88:
                self._fail(f"closed: {frame.payload!r}")

    # -- messages

    def _take(self, message: dict) -> None:
        seq = message.get("seq")
        if seq is None:
            self._begun(message)
            return
        if seq != self._seq + 1:
            self._fail(f"message {seq} came behind {self._seq}")
        self._seq = seq
        if "status" in message:
            if message["id"] in self.answers:
                self._fail(f"two answers for {message['id']}")
            self.answers[message["id"]] = message
            self._open.pop(message["id"], None)
            waiting = self._waiting.pop(message["id"], None)
            if waiting is not None:
                waiting.set_result(message)
        else:
            self.pushes.append(message)
        if seq - self._acknowledged >= 50:
            self._acknowledged = seq
            self._send({"ack": seq})

    def _begun(self, answer: dict) -> None:
        if answer["status"] != 200:
            self._fail(answer["detail"])
            return
        data = answer["data"]
        if self._resume is not None and not data["resumed"]:
            self._fail(f"not resumed: {data['reason']}")
        self._resume = data["resume"]
        for id in [id for id in self._open if id > data.get("received", 0)]:
            self._send(self._open[id])
        self.connected.set()

    def ask(self, method: str, url: str, **keys) -> int:
        """Send a request, or keep it until there is a connection."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "url": url} | keys
        self._open[self._last_id] = message
        if self.connected.is_set():
            self._send(message)
        return self._last_id

    async def answer(self, id: int) -> dict:
        """The answer to a request that was asked, over however many connections it takes.

        :raises AssertionError: something went wrong.
        """
        if id in self.answers:
            return self.answers[id]
        self._waiting[id] = asyncio.get_running_loop().create_future()
        return await self._waiting[id]

    def _fail(self, failure: str) -> None:
        self.failure = self.failure or failure
        for waiting in self._waiting.values():
            waiting.set_exception(AssertionError(failure))
        self._waiting.clear()

    def _send(self, message: dict) -> None:
        if self._transport is not None:
            self._transport.write(client_frame(json.dumps(message).encode()))


async def run_cut(
    port: int, cuts: int, pushes: int, requests: int, seconds: float, seed: int
) -> CutClient:
    """Cut a client off so often, while so much flows; wait until all has arrived, or something is wrong."""
    chance = random.Random(seed)
    client = CutClient(port)
    loop = asyncio.get_running_loop()
    await client.connect()
    await client.connected.wait()
    client.ask("POST", "/pushes", args={"count": pushes, "seconds": seconds})
    moments = sorted(chance.uniform(0, seconds) for _ in range(cuts))
    began = loop.time()
    asked = 0
    while not client.failure and (asked < requests or moments):
        passed = loop.time() - began
        while asked < requests and asked < requests * passed / seconds:
            client.ask("POST", f"/run/{asked}")
            asked += 1
        if moments and moments[0] <= passed:
            moments.pop(0)
            client.cut()
            await client.connect()
            # Some are cut before they have resumed.
            if chance.random() < 0.8:
                await asyncio.wait_for(client.connected.wait(), 20)
        await asyncio.sleep(0.0005 if chance.random() < 0.5 else 0)
    async with asyncio.timeout(60):
        while not client.failure and (
            len(client.pushes) < pushes or len(client.answers) < requests + 1
        ):
            await asyncio.sleep(0.01)
    return client
