"""Who is met in place of a gateway, and the wrong one of two clients: it is told what is wrong."""

import contextlib
import subprocess
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from aiorest_gw.client import ConnectionFailed
from aiorest_gw.client.aio import GatewayClient


class Page(BaseHTTPRequestHandler):
    """A page for whoever asks."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        page = b"<!doctype html><title>Hello</title>"
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *args):
        """Nothing."""


class OtherServerTests(unittest.IsolatedAsyncioTestCase):
    @contextlib.contextmanager
    def web_server(self):
        with HTTPServer(("127.0.0.1", 0), Page) as server:
            serving = threading.Thread(target=server.serve_forever)
            serving.start()
            try:
                yield server.server_port
            finally:
                server.shutdown()
                serving.join()

    async def failure(self, url):
        with self.assertRaises(ConnectionFailed) as raised:
            await GatewayClient(url).connect()
        return str(raised.exception)

    async def test_a_web_server_is_told_without_its_page(self):
        with self.web_server() as port:
            told = await self.failure(f"ws://127.0.0.1:{port}/")
        self.assertIn("a web server answers there, not a WebSocket", told)
        self.assertNotIn("<", told)

    async def test_tls_where_there_is_none_is_told(self):
        with self.web_server() as port:
            told = await self.failure(f"wss://127.0.0.1:{port}/")
        self.assertIn("is ws:// meant", told)


class WrongWorldTests(unittest.TestCase):
    def test_the_client_for_twisted_names_the_one_for_asyncio(self):
        """In a process of its own, as a reactor runs in this one."""
        program = (
            "import asyncio\n"
            "from aiorest_gw.client import GatewayClient\n"
            "async def main():\n"
            "    async with GatewayClient('ws://127.0.0.1:9/'): pass\n"
            "asyncio.run(main())\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=30
        )
        self.assertIn("take aiorest_gw.client.aio", done.stderr.splitlines()[-1])
