"""Pages over real sockets: every reactor and transport, hostile requests, slow readers, and the end."""

import hashlib
import http.client
import os
import random
import shutil
import signal
import socket
import ssl
import tempfile
import threading
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import connect

from .certificates import make_certificate
from .gateways import APP, LISTEN, PATIENCE, ROOT, STARTERS, TWISTD, ask, run, running

LARGE = 8_000_000


class WebCase(SynchronousTestCase):
    def setUp(self):
        self.site = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.site)
        (self.site / "index.html").write_text("<!doctype html><p>home")
        (self.site / "ten.txt").write_text("0123456789")
        (self.site / "script.js").write_text("x = 1;\n" * 20_000)
        self.large = os.urandom(LARGE)
        (self.site / "large.bin").write_bytes(self.large)

    def serving(self, *flags, starter="serve", app=APP, **options):
        flags = [*app, *LISTEN, "--site", str(self.site), *flags]
        return running([*STARTERS[starter], *flags], ROOT, **options)

    def open(self, gateway, **options):
        connection = http.client.HTTPConnection(
            "127.0.0.1", gateway.port, timeout=PATIENCE, **options
        )
        self.addCleanup(connection.close)
        return connection

    def stream(self, gateway, receives=None):
        stream = socket.socket()
        if receives:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        stream.settimeout(PATIENCE)
        stream.connect(("127.0.0.1", gateway.port))
        self.addCleanup(stream.close)
        return stream

    def get(self, connection, target="/", method="GET", body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body, named)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def everything(stream):
    """What comes until the end."""
    data = b""
    try:
        while piece := stream.recv(1_000_000):
            data += piece
    except ConnectionResetError:
        pass
    return data


class ServingTests(WebCase):
    def assert_serves(self, connection):
        self.assertEqual((200, b"<!doctype html><p>home"), self.get(connection)[::2])
        kept = connection.sock
        self.assertEqual((206, b"234"), self.get(connection, "/ten.txt", Range="bytes=2-4")[::2])
        self.assertEqual(404, self.get(connection, "/nothing")[0])
        _, headers, body = self.get(connection, "/script.js", Accept_Encoding="gzip")
        self.assertEqual("gzip", headers["Content-Encoding"])
        self.assertLess(len(body), 5_000)
        _, _, body = self.get(connection, "/large.bin")
        self.assertEqual(hashlib.sha256(self.large).digest(), hashlib.sha256(body).digest())
        self.assertEqual(
            (405, "GET, HEAD"),
            (lambda a: (a[0], a[1]["Allow"]))(self.get(connection, method="PUT", body="x" * 9_000)),
        )
        self.assertEqual(b"", self.get(connection, "/large.bin", method="HEAD")[2])
        self.assertIsNotNone(kept)
        self.assertIs(kept, connection.sock)

    def test_every_reactor_serves_pages_and_the_socket_on_one_port(self):
        for name in STARTERS:
            with self.serving(starter=name) as gateway:
                self.assert_serves(self.open(gateway))
                with gateway.connect() as client:
                    self.assertEqual("Hello, you!", ask(client, "GET", "/hello/you")["data"])
                self.assertEqual(0, gateway.stop(), name)
                self.assertNotIn("Traceback", gateway.output)

    def test_over_tls_of_the_loop_and_of_twisted(self):
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        cert, key = make_certificate(folder)
        context = ssl.create_default_context(cafile=cert)
        context.check_hostname = False
        listen = f"ssl:0:interface=127.0.0.1:privateKey={key}:certKey={cert}"
        for flags in ([], ["--twisted-tcp"], ["--reactor=epoll"]):
            command = [
                "aiorest-gw",
                "serve",
                *APP,
                "--listen",
                listen,
                "--site",
                str(self.site),
                *flags,
            ]
            with running(command, ROOT) as gateway:
                connection = http.client.HTTPSConnection(
                    "127.0.0.1", gateway.port, context=context, timeout=PATIENCE
                )
                self.addCleanup(connection.close)
                self.assert_serves(connection)
                self.assertIn("wss://127.0.0.1", self.get(connection)[1]["Content-Security-Policy"])
                self.upgrade(connection.sock)
                with connect(gateway.url, ssl=context) as client:
                    self.assertEqual("Hello, a!", ask(client, "GET", "/hello/a")["data"])
                self.assertEqual(0, gateway.stop())
                self.assertNotIn("Traceback", gateway.output)

    def upgrade(self, stream):
        """A connection that has asked for pages asks for the socket, and a ping comes with it."""
        stream.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + bytes([0x89, 0x80, 0, 0, 0, 0])
        )
        data = b""
        while not data.endswith(bytes([0x8A, 0])):
            piece = stream.recv(10_000)
            self.assertTrue(piece, data)
            data += piece
        self.assertTrue(data.startswith(b"HTTP/1.1 101 "))

    def test_a_kept_connection_becomes_a_websocket(self):
        for flags in ([], ["--twisted-tcp"], ["--reactor=epoll"]):
            with self.serving(*flags) as gateway:
                connection = self.open(gateway)
                for _ in range(3):
                    self.get(connection, "/ten.txt")
                self.upgrade(connection.sock)
                self.assertEqual(0, gateway.stop())

    def test_a_site_alone_and_a_single_page(self):
        for command in (["aiorest-gw", "serve"], [*TWISTD, "aiorest_gw"]):
            flags = [*LISTEN, "--site", str(self.site), "--single-page"]
            with running([*command, *flags], ROOT) as gateway:
                status, _, body = self.get(self.open(gateway), "/users/7", Accept="text/html")
                self.assertEqual((200, b"<!doctype html><p>home"), (status, body))
                self.assertEqual(0, gateway.stop())
                self.assertNotIn("no routes", gateway.output)
        variables = {"AIOREST_GW_SITE": str(self.site), "AIOREST_GW_SINGLE_PAGE": "1"}
        with running(["aiorest-gw", "serve", *LISTEN], ROOT, **variables) as gateway:
            self.assertEqual(200, self.get(self.open(gateway), "/users/7", Accept="text/html")[0])

    def test_the_policy_of_its_pages_may_be_another_or_none(self):
        policy = "default-src 'self' https://cdn.example"
        for said, sent in ((policy, policy), ("none", None)):
            flags = ["--site", str(self.site), "--content-security-policy", said]
            with running(["aiorest-gw", "serve", *LISTEN, *flags], ROOT) as gateway:
                headers = self.get(self.open(gateway), "/")[1]
                self.assertEqual(sent, headers.get("Content-Security-Policy"))

    def test_workers_serve_it_too(self):
        with self.serving("--workers", "2", app=[]) as gateway:
            for _ in range(6):
                self.assert_serves(self.open(gateway))
            self.assertEqual(0, gateway.stop())
            self.assertNotIn("Traceback", gateway.output)

    def test_what_is_no_folder_is_told_in_one_line(self):
        for flags in (
            ["--site", str(self.site / "ten.txt")],
            ["--site", "/no/such"],
            [*APP, "--single-page"],
            [*APP, "--content-security-policy", "none"],
        ):
            for more in ([], ["--workers", "2"]):
                done = run(["aiorest-gw", "serve", *LISTEN, *flags, *more], ROOT)
                self.assertEqual(1, done.returncode, flags)
                self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
                self.assertIn("site", done.stderr)


class HostileTests(WebCase):
    def test_ten_thousand_bad_requests_leave_the_gateway_as_it_was(self):
        chance = random.Random(5)
        good = b"GET /ten.txt HTTP/1.1\r\nHost: x\r\n"
        bad = (
            b"\x00" * 50, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", good + b"\x00: x\r\n\r\n", good + b" folded\r\n\r\n",
            good + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", good + b"Content-Length: x\r\n\r\n",
            good + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", good + b"X: y\r\n" * 200 + b"\r\n",
            good + b"X: " + b"y" * 20_000, good[:-2] + b"\nX: y\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b"GET http://other/ HTTP/1.1\r\nHost: x\r\n\r\n",
            good + b"Range: bytes=" + b"0-," * 2_000 + b"\r\n\r\n", good + b"Content-Length: 999999999\r\n\r\n",
        )  # fmt: skip
        with self.serving("--log-level", "info", measured=False) as gateway:
            for number in range(10_000):
                with socket.create_connection(("127.0.0.1", gateway.port)) as stream:
                    stream.sendall((good + b"\r\n" if number % 2 else b"") + chance.choice(bad))
                    if number % 100 == 0:
                        stream.settimeout(PATIENCE)
                        self.assertTrue(stream.recv(100).startswith(b"HTTP/1.1 "))
            self.assertEqual(200, self.get(self.open(gateway), "/ten.txt")[0])
            self.assertEqual(0, gateway.stop())
            self.assertNotIn("Traceback", gateway.output)
            self.assertLess(len(gateway.output.splitlines()), 1_500)

    def test_slow_heads_and_idle_connections_are_let_go(self):
        with self.serving("--handshake-timeout", "0.5", "--http-idle-timeout", "0.5") as gateway:
            first, later, idle = (self.stream(gateway) for _ in range(3))
            first.sendall(b"GET / HT")
            for stream in (later, idle):
                stream.sendall(b"GET /ten.txt HTTP/1.1\r\nHost: x\r\n\r\n")
            later.sendall(b"GET /ten")
            everything(first)
            self.assertIn(b" 408 ", everything(later))
            self.assertTrue(everything(idle).endswith(b"0123456789"))

    def test_who_closes_his_half_gets_his_answers(self):
        for flags in ([], ["--twisted-tcp"]):
            with self.serving(*flags) as gateway:
                for target, body in ((b"/ten.txt", b"0123456789"), (b"/large.bin", self.large)):
                    stream = self.stream(gateway)
                    stream.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
                    stream.shutdown(socket.SHUT_WR)
                    self.assertTrue(everything(stream).endswith(body), (target, flags))

    def test_one_who_reads_slowly_holds_up_nobody(self):
        for flags in ([], ["--twisted-tcp"]):
            with self.serving(*flags) as gateway:
                slow = self.stream(gateway, receives=4_096)
                slow.sendall(b"GET /large.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                for _ in range(20):
                    self.assertEqual(200, self.get(self.open(gateway), "/ten.txt")[0])
                data = everything(slow)
                self.assertEqual(self.large, data.partition(b"\r\n\r\n")[2])


class StoppingTests(WebCase):
    def test_a_download_is_finished_and_idle_connections_closed(self):
        for flags in ([], ["--twisted-tcp"]):
            with self.serving(*flags) as gateway:
                idle = self.open(gateway)
                self.get(idle, "/ten.txt")
                download = self.stream(gateway, receives=4_096)
                download.sendall(b"GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
                head = download.recv(1_000)
                gateway.process.send_signal(signal.SIGTERM)
                self.assertEqual(b"", idle.sock.recv(1))
                data = head + everything(download)
                self.assertTrue(data.endswith(self.large[-1_000:]))
                self.assertEqual(LARGE, len(data.partition(b"\r\n\r\n")[2]))
                self.assertEqual(0, gateway.wait())

    def test_one_that_is_not_read_is_cut_off_at_the_end_of_the_time(self):
        with self.serving("--drain-timeout", "0.5") as gateway:
            download = self.stream(gateway, receives=4_096)
            download.sendall(b"GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            download.recv(1_000)
            self.assertEqual(0, gateway.stop())
            self.assertLess(len(everything(download)), LARGE)


class RaceTests(WebCase):
    def test_files_that_are_exchanged_all_the_while_are_whole(self):
        """Each answer is one state of the file, and its length is told right, or the connection ends."""
        path, other = self.site / "changing.bin", self.site / "other.bin"
        states = [bytes([65 + n]) * (900_000 + 150_000 * n) for n in range(4)]
        path.write_bytes(states[0])
        over = threading.Event()

        def exchange():
            number = 0
            while not over.is_set():
                number += 1
                other.write_bytes(states[number % 4])
                other.rename(path)

        thread = threading.Thread(target=exchange)
        with self.serving() as gateway:
            thread.start()
            try:
                self._look(gateway, states)
            finally:
                over.set()
                thread.join()
            self.assertEqual(0, gateway.stop())
            self.assertNotIn("Traceback", gateway.output)

    def _look(self, gateway, states):
        whole, connection = 0, self.open(gateway)
        for _ in range(150):
            try:
                status, _, body = self.get(connection, "/changing.bin")
            except (http.client.HTTPException, ConnectionError):
                connection.close()
                continue
            if status == 200:
                whole += 1
                self.assertIn(body, states)
        self.assertGreater(whole, 50)
