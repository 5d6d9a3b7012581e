"""The client that waits: from many threads, when it is closed meanwhile, and when nobody closes it."""

import asyncio
import contextlib
import gc
import json
import threading
import unittest
import warnings

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from aiorest_gw.client import aio
from aiorest_gw.client.aio import ConnectionLost
from aiorest_gw.client.blocking import connect

# Long enough for the slowest machine; only a failure waits for it.
PATIENCE = 20


def _answer(websocket):
    """Open a session; what is asked for ``/never`` is not answered."""
    seq = 0
    with contextlib.suppress(ConnectionClosed):
        for text in websocket:
            message = json.loads(text)
            answer = {"id": message.get("id"), "status": 200, "data": "done"}
            if message.get("url") == "/now":
                seq += 1
                websocket.send(json.dumps(answer | {"seq": seq}))
            elif message.get("method") == "PUT":
                data = {"session_id": "s", "resume": "secret", "resumed": False}
                websocket.send(json.dumps(answer | {"data": data}))


class BlockingCase(unittest.TestCase):
    def setUp(self):
        server = serve(_answer, "127.0.0.1", 0, subprotocols=["aiorest.1.json"])
        self.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)


def threads_of_clients():
    return [one for one in threading.enumerate() if one.name.startswith("aiorest_gw")]


class ClosingTests(BlockingCase):
    def test_whoever_waits_in_any_thread_is_told_that_it_is_closed(self):
        """Also who asks in the moment in which it is closed, and by several threads at once."""
        for _ in range(10):
            client, ended = connect(self.url, timeout=None), []
            started = threading.Barrier(6)

            def ask(url, client=client, ended=ended, started=started):
                started.wait()
                try:
                    while True:
                        client.get(url)
                except ConnectionLost:
                    ended.append(url)

            def close(client=client, started=started):
                started.wait()
                client.close()

            urls = ["/now", "/now", "/never"]
            threads = [threading.Thread(target=ask, args=(url,), daemon=True) for url in urls]
            threads += [threading.Thread(target=close, daemon=True) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            self.assertEqual(urls, sorted(ended, reverse=True))
            self.assertEqual([], threads_of_clients())

    def test_what_is_asked_later_is_told_and_to_close_it_again_does_nothing(self):
        with connect(self.url) as client:
            parts = client.stream("/never")
        for ask in (lambda: client.get("/now"), lambda: next(parts), client.connect):
            with self.assertRaisesRegex(ConnectionLost, "the client is closed"):
                ask()
        client.close()
        parts.close()

    def test_one_that_nobody_has_any_more_is_closed_and_that_is_told(self):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", ResourceWarning)
            client = connect(self.url)
            parts = client.stream("/never")
            self.assertEqual("done", client.get("/now"))
            [thread] = threads_of_clients()
            del client
            gc.collect()
            # What is taken of it needs it.
            self.assertTrue(thread.is_alive())
            del parts
            gc.collect()
            thread.join(PATIENCE)
        self.assertFalse(thread.is_alive())
        self.assertIn("a client was not closed", " ".join(str(one.message) for one in told))


class LoopTests(BlockingCase):
    def test_a_client_that_is_open_in_one_loop_is_not_used_in_another(self):
        """Its answers come to the first one, so that it would wait for ever."""
        client = aio.GatewayClient(self.url)

        async def ask():
            return await asyncio.wait_for(client.get("/now"), PATIENCE)

        with asyncio.Runner() as first:
            self.assertEqual("done", first.run(ask()))
            with asyncio.Runner() as second:
                with self.assertRaisesRegex(RuntimeError, "open in another loop"):
                    second.run(ask())
                self.assertEqual("done", first.run(ask()))
                first.run(client.close())
                self.assertEqual("done", second.run(ask()))
                second.run(client.close())

    def test_an_application_that_is_cancelled_while_it_finds_the_address_is_told(self):
        def find(port):
            raise asyncio.CancelledError

        async def ask():
            handler = aio.ConnectionHandler(1, ws_address_resolver=find)
            with self.assertRaisesRegex(aio.ConnectionFailed, "was cancelled"):
                await asyncio.wait_for(handler.connect(), PATIENCE)
            await handler.close()

        asyncio.run(ask())
