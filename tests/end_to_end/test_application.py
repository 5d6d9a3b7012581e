"""Scripts that start a gateway without ``twistd``."""

import signal
import ssl
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from .certificates import make_certificate
from .copying import copies
from .gateways import ask, running


class ApplicationTests(SynchronousTestCase):
    """Scripts that start a gateway without ``twistd``."""

    SCRIPT = """
import sys
from aiorest_gw import Application, SimpleRouter
router = SimpleRouter()
router.get("/hello")(lambda request: "hello")
Application({options}).run(host="127.0.0.1", port={port}, router=router{more})
"""

    def script(self, options="", port="0", more=""):
        path = Path(self.mktemp()).absolute()
        path.write_text(self.SCRIPT.format(options=options, port=port, more=more))
        return ["python", str(path)]

    def test_a_script_serves(self):
        with running(self.script(more=', path="api", compress=True'), ".") as gateway:
            self.assertTrue(gateway.url.endswith("/api"))
            with gateway.connect() as client:
                self.assertEqual("hello", ask(client, "GET", "/hello")["data"])
            self.assertEqual(0, gateway.stop(signal.SIGINT))

    def test_a_script_serves_over_tls(self):
        folder = Path(self.mktemp())
        folder.mkdir()
        certificate, key = make_certificate(folder.absolute())
        options = f"certificate={certificate!r}, key={key!r}"
        with running(self.script(options), ".") as gateway:
            self.assertTrue(gateway.url.startswith("wss://"))
            trusting = ssl.create_default_context(cafile=certificate)
            with connect(gateway.url, ssl=trusting, server_hostname="localhost") as client:
                self.assertEqual("hello", ask(client, "GET", "/hello")["data"])
            with self.assertRaises(InvalidStatus):
                connect(gateway.url, ssl=trusting, server_hostname="localhost",
                        origin=f"http://127.0.0.1:{gateway.port}")  # fmt: skip

    def test_what_is_wrong_is_told_in_one_line(self):
        mistakes = (
            ("", "-1", "port"), ("", "'x'", "port"), ("key='x'", "0", "TLS"),
            ("key='/no', certificate='/no'", "0", "no file"), ("max_depth=0", "0", "at least"),
        )  # fmt: skip
        with copies(".") as commands:
            for options, port, told in mistakes:
                done = commands.run(self.script(options, port))
                self.assertNotEqual(0, done.returncode)
                self.assertIn(told, done.stderr.splitlines()[-1])
