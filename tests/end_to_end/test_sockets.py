"""Real sockets, and clients that nobody here wrote."""

import concurrent.futures
import json
import ssl
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect

from .certificates import make_certificate
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

    def test_tls_on_every_kind_of_transport(self):
        """Clients show certificates where that is asked for."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        cert, key = make_certificate(folder)
        client_cert, client_key = make_certificate(folder, "client")
        knowing = ssl.create_default_context(cafile=cert)
        files = f"privateKey={key}:certKey={cert}"
        for name, description in (
            ("serve", f"ssl:0:{files}"),
            ("serve", f"loop:0:{files}:clientCA={client_cert}"),
            ("twistd on asyncio", f"loop:0:{files}"),
            ("twistd on epoll", f"ssl:0:{files}"),
        ):
            listen = ["--listen", f"{description}:interface=127.0.0.1"]
            with running([*STARTERS[name], *APP, *listen], ROOT) as gateway:
                self.assertTrue(gateway.url.startswith("wss://"), gateway.url)
                if "clientCA" in description:
                    with self.assertRaises((OSError, EOFError, WebSocketException)):
                        gateway.connect(ssl=knowing)
                    knowing.load_cert_chain(client_cert, client_key)
                with gateway.connect(ssl=knowing) as client:
                    long = "x" * 8_000
                    answer = ask(client, "GET", f"/hello/{long}")
                    self.assertEqual(f"Hello, {long}!", answer["data"])
                self.assertEqual(0, gateway.stop())
                self.assertNotIn("Traceback", gateway.output)

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
