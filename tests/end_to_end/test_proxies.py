"""HAProxy and nginx in front: clients are known by their own addresses, and no header slips through."""

from __future__ import annotations

import contextlib
import shlex
import ssl
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from .certificates import make_certificate
from .gateways import LISTEN, PATIENCE, ROOT, Gateway, ask, running
from .proxies import EXAMPLES, MISSING, Site, haproxy, nginx, replace

# Another address than the proxy's, which is trusted.
CLIENT = "127.0.0.2"
TRUST = ["--trust-proxy", "127.0.0.1"]
COMMAND = ["aiorest-gw", "serve", "--app", "tests.end_to_end.reflecting:make_factory", *LISTEN]


def gateway_of(example: str, listen: str) -> contextlib.AbstractContextManager[Gateway]:
    """The gateway that an example starts, with another address."""
    app = "tests.end_to_end.reflecting:make_factory"
    command = shlex.split(replace(EXAMPLES[example], {"package.module:name": app}))
    command[command.index("--listen") + 1] = listen
    return running(command, ROOT)


def behind(example: str, gateway: Gateway) -> str:
    """A proxy's configuration for a gateway."""
    return replace(EXAMPLES[example], {"127.0.0.1:8080": f"127.0.0.1:{gateway.port}"})


def connect_to(site: Site, scheme: str = "ws", **options: object) -> ClientConnection:
    """A client's connection through a proxy."""
    return connect(
        f"{scheme}://127.0.0.1:{site.port}/",
        source_address=(CLIENT, 0), open_timeout=PATIENCE, **options,
    )  # fmt: skip


class ProxyTestCase(SynchronousTestCase):
    if MISSING:
        skip = MISSING

    def folder(self) -> Path:
        folder = Path(self.mktemp())
        folder.mkdir()
        return folder.resolve()

    def refused(self, site: Site, **options: object) -> int:
        with self.assertRaises(InvalidStatus) as refused:
            connect_to(site, **options)
        return refused.exception.response.status_code

    def converse(self, site: Site, **options: object) -> None:
        """Requests, pings, a large message and the end of the connection go through, and the client
        is who it is."""
        forged = {"X-Forwarded-For": "203.0.113.7"}
        with connect_to(site, additional_headers=forged, **options) as client:
            self.assertEqual(CLIENT, ask(client, "GET", "/peer")["data"])
            large = "x" * 50_000
            self.assertEqual(large, ask(client, "POST", "/echo", data=large)["data"])
            self.assertTrue(client.ping().wait(PATIENCE))
        self.assertEqual(1000, client.close_code)


class ClientTests(ProxyTestCase):
    def test_every_example_of_the_page_works(self):
        folder = self.folder()
        certificate, key = map(Path, make_certificate(folder))
        both = folder / "both.pem"
        both.write_text(certificate.read_text() + key.read_text())
        trusting = ssl.create_default_context(cafile=str(certificate))
        with gateway_of("behind-a-proxy", LISTEN[1]) as gateway:
            for example in ("haproxy", "haproxy-proxy-protocol"):
                with haproxy(behind(example, gateway)) as site:
                    self.converse(site)
            with nginx(behind("nginx", gateway)) as site:
                self.converse(site)
            secure = replace(EXAMPLES["haproxy-tls"], {"/etc/ssl/gateway/both.pem": str(both)})
            text = replace(behind("haproxy", gateway), {"bind :80\n": secure})
            with haproxy(text, "bind :443") as site:
                self.converse_over_tls(site, trusting)
            files = {"/etc/ssl/gateway/certificate.pem": str(certificate),
                     "/etc/ssl/gateway/key.pem": str(key)}  # fmt: skip
            secure = replace(EXAMPLES["nginx-tls"], files)
            text = replace(behind("nginx", gateway), {"listen 80;\n": secure})
            with nginx(text, "listen 443") as site:
                self.converse_over_tls(site, trusting)

    def converse_over_tls(self, site: Site, context: ssl.SSLContext) -> None:
        """A page of plain HTTP is of another origin there."""
        options = {"scheme": "wss", "ssl": context}
        host = f"127.0.0.1:{site.port}"
        self.converse(site, origin=f"https://{host}", **options)
        self.assertEqual(403, self.refused(site, origin=f"http://{host}", **options))
