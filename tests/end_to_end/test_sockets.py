"""Real sockets, and clients that nobody here wrote."""

import concurrent.futures
import json
import time

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from .gateways import APP, LISTEN, PATIENCE, ROOT, STARTERS, ask, running


class SocketTests(SynchronousTestCase):
    def test_handshakes_are_refused_over_a_real_socket(self):
        with running([*STARTERS["serve"], *APP, *LISTEN], ROOT) as gateway:
            for options, status in (
                ({"origin": "http://evil.example"}, 403),
                ({"origin": "null"}, 403),
                ({"subprotocols": ["aiorest.9.json"]}, 400),
            ):
                with self.assertRaises(InvalidStatus) as refused:
                    gateway.connect(**options)
                self.assertEqual(status, refused.exception.response.status_code)
            with self.assertRaises(InvalidStatus) as refused:
                connect(gateway.url + "elsewhere")
            self.assertEqual(404, refused.exception.response.status_code)
            with gateway.connect(origin=f"http://127.0.0.1:{gateway.port}") as client:
                self.assertIn("data", ask(client, "GET", "/hello/x"))

    def test_compression_between_real_ends(self):
        command = [*STARTERS["serve"], *APP, *LISTEN, "--compress"]
        with running(command, ROOT) as gateway, gateway.connect() as client:
            self.assertIn("permessage-deflate", client.response.headers["Sec-WebSocket-Extensions"])
            name = "x" * 2000
            self.assertEqual(f"Hello, {name}!", ask(client, "GET", f"/hello/{name}")["data"])

    def test_a_slow_view_in_a_thread_delays_nobody(self):
        """A8: with ten of them at work, others are answered."""
        with running([*STARTERS["twistd"], *APP, *LISTEN], ROOT) as gateway:
            slow, quick = gateway.connect(), gateway.connect()
            for number in range(10):
                slow.send(json.dumps({"method": "GET", "url": "/thread", "args": {"seconds": 2},
                                      "id": number}))  # fmt: skip
            started = time.monotonic()
            for _ in range(20):
                self.assertIn("data", ask(quick, "GET", "/hello/x"))
            self.assertLess(time.monotonic() - started, 2)
            answers = [json.loads(slow.recv(PATIENCE)) for _ in range(10)]
            self.assertEqual(set(range(10)), {answer["id"] for answer in answers})

    def test_many_clients_at_once(self):
        with running([*STARTERS["twistd"], *APP, *LISTEN], ROOT) as gateway:

            def talk(number):
                with gateway.connect() as client:
                    return [ask(client, "GET", f"/hello/{number}-{n}")["data"] for n in range(20)]

            with concurrent.futures.ThreadPoolExecutor(20) as pool:
                found = list(pool.map(talk, range(100)))
            expected = [[f"Hello, {a}-{b}!" for b in range(20)] for a in range(100)]
            self.assertEqual(expected, found)
