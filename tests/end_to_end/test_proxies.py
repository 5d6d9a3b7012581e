"""HAProxy and nginx in front: clients are known by their own addresses, and no header slips through."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import shlex
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.wire.test_handshake import head

from .certificates import make_certificate
from .gateways import LISTEN, PATIENCE, ROOT, Gateway, ask, running
from .proxies import EXAMPLES, MISSING, Site, haproxy, nginx, replace

# Another address than the proxy's, which is trusted.
CLIENT = "127.0.0.2"
TRUST = ["--trust-proxy", "127.0.0.1"]
COMMAND = ["aiorest-gw", "serve", "--app", "tests.end_to_end.reflecting:make_factory", *LISTEN]


def gateway_of(example: str, listen: str) -> contextlib.AbstractContextManager[Gateway]:
    """The gateway that an example starts, with another address; and one over TCP, to see it listen."""
    app = "tests.end_to_end.reflecting:make_factory"
    command = shlex.split(replace(EXAMPLES[example], {"package.module:name": app}))
    command[command.index("--listen") + 1] = listen
    return running([*command, *(() if listen == LISTEN[1] else LISTEN)], ROOT)


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

    def peer(self, site: Site) -> str:
        """Where the gateway says that a client is."""
        with connect_to(site) as client:
            return ask(client, "GET", "/peer")["data"]

    def converse(self, site: Site, **options: object) -> None:
        """Requests, pings, a large message and the end of the connection go through, and the client
        is who it is."""
        headers = {"X-Forwarded-For": "203.0.113.7"} | options.pop("additional_headers", {})
        with connect_to(site, additional_headers=headers, **options) as client:
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

    def test_a_gateway_behind_a_unix_socket(self):
        """With nginx, whom only ``--trust-proxy unix`` believes."""
        with (
            tempfile.TemporaryDirectory() as folder
        ):  # trial's own are too deep for a socket's path
            path = f"{folder}/socket"
            server = replace(EXAMPLES["nginx-unix"], {"/run/gateway/socket": path})
            text = replace(EXAMPLES["nginx"], {"server 127.0.0.1:8080;\n": server})
            with gateway_of("behind-a-proxy-on-unix", f"unix:{path}:mode=660"), nginx(text) as site:
                self.converse(site)
            with running([*COMMAND, "--listen", f"unix:{path}"], ROOT), nginx(text) as site:
                self.assertNotIn(CLIENT, self.peer(site))

    def test_the_proxy_protocol_in_both_versions_and_for_both_ip_families(self):
        with running([*COMMAND, *TRUST], ROOT) as gateway:
            text = behind("haproxy-proxy-protocol", gateway)
            for version in ("send-proxy", "send-proxy-v2"):
                for family in (socket.AF_INET, socket.AF_INET6):
                    with haproxy(replace(text, {"send-proxy-v2": version}), family=family) as site:
                        self.converse(site)

    def test_headers_of_a_client_behind_the_proxy_protocol_are_its_own(self):
        """So a page of HTTPS is not taken for one of HTTP, whatever its client says."""
        with running([*COMMAND, *TRUST], ROOT) as gateway:
            with haproxy(behind("haproxy-proxy-protocol", gateway)) as site:
                forged = {"X-Forwarded-Proto": "https"}
                origin = f"http://127.0.0.1:{site.port}"
                self.converse(site, additional_headers=forged, origin=origin)

    def test_a_proxy_that_is_not_trusted_is_not_believed(self):
        with running(COMMAND, ROOT) as gateway:
            for run, example in ((haproxy, "haproxy"), (nginx, "nginx")):
                with run(behind(example, gateway)) as site:
                    self.assertRegex(self.peer(site), r"^tcp4:127\.0\.0\.1:\d+$")
            text = behind("haproxy-proxy-protocol", gateway)
            for version in ("send-proxy", "send-proxy-v2"):
                with haproxy(replace(text, {"send-proxy-v2": version})) as site:
                    self.assertEqual(400, self.refused(site))


# Where a byte is put into a request, of which the proxy is to delete X-User.
PLACES = {
    "in a value": b"X-Other: a%sX-User: admin",
    "around a value": b"X-Other: %sa%s",
    "in a name": b"X%sUser: admin",
    "before a name": b"%sX-User: admin",
    "after a name": b"X-User%s: admin",
    "after CR": b"X-Other: a\r%sX-User: admin",
    "before LF": b"X-Other: a%s\nX-User: admin",
}
LINES = [line.replace(b"%s", bytes([byte])) for line in PLACES.values() for byte in range(256)]
# So many connections are open at once.
BATCH = 64
# What the proxies add.
OWN = {"x-forwarded-for", "x-forwarded-proto", "x-seen"}


def exchange(site: Site) -> Iterator[tuple[int, dict[str, str]]]:
    """Send each of the lines through a proxy, in a handshake of its own.

    :returns: the line's number and the headers that the gateway read, of those that nobody refused.
    """
    for first in range(0, len(LINES), BATCH):
        with contextlib.ExitStack() as stack:
            clients = []
            for number, line in enumerate(LINES[first : first + BATCH], first):
                client = socket.create_connection(("127.0.0.1", site.port), PATIENCE, (CLIENT, 0))
                stack.enter_context(client)
                request_line = b"GET /?line=%d HTTP/1.1" % number
                client.sendall(head(request_line, [b"X-Before: b", line]))
                clients.append((number, client))
            for number, client in clients:
                headers = headers_that_were_read(client)
                if headers is not None:
                    yield number, headers


def headers_that_were_read(client: socket.socket) -> dict[str, str] | None:
    """By the gateway, out of its answer to a handshake; None of one that was refused."""
    answer = b""
    while b"\r\n\r\n" not in answer and (data := client.recv(65_536)):
        answer += data
    first, *lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    if first.startswith(b"HTTP/1.1 4"):
        return None
    assert first.startswith(b"HTTP/1.1 101 "), answer
    [read] = [line for line in lines if line.lower().startswith(b"x-read:")]
    return json.loads(base64.b64decode(read.partition(b":")[2]))


def headers_that_were_sent(line: bytes) -> set[tuple[str, str]]:
    """All that a line may be read as: as it is, or as two where a proxy lets LF alone end the first."""
    text = line.decode("latin-1")
    pieces = [text, *(piece.removesuffix("\r") for piece in text.split("\n"))]
    fields = [piece.partition(":") for piece in pieces]
    sent = {(name.lower(), value.strip(" \t")) for name, _, value in fields}
    # A line that begins with a blank goes on with the one before.
    return sent | {("x-before", "b"), ("x-before", "b " + text.lstrip(" \t"))}


def listed(text: str) -> dict[str, str]:
    """HAProxy's ``req.hdrs_bin``: names and values, each behind a byte with its length, as long as that
    is below 240."""
    octets = base64.b64decode(text)
    texts = []
    while octets:
        assert octets[0] < 240
        texts.append(octets[1 : octets[0] + 1].decode("latin-1"))
        octets = octets[octets[0] + 1 :]
    return {
        name.lower(): value for name, value in zip(texts[::2], texts[1::2], strict=True) if name
    }


class HeaderTests(ProxyTestCase):
    """Each of the 256 bytes in each place: the gateway reads what the proxy read, or one of them refuses."""

    def check(self, number: int, headers: dict[str, str]) -> None:
        """What was read was sent so, and is nothing that the proxy deletes."""
        line = LINES[number]
        self.assertNotIn("x-user", headers, line)
        self.assertEqual(CLIENT, headers["x-forwarded-for"])
        headers["x-before"] = re.sub("[ \t]+", " ", headers["x-before"])
        found = {(n, v) for n, v in headers.items() if n.startswith("x") and n not in OWN}
        self.assertLessEqual(found, headers_that_were_sent(line), line)

    def check_that_text_gets_through(self, numbers: set[int]) -> None:
        """Values of visible ASCII and blanks; else all could have been refused."""
        self.assertLessEqual({0x09, *range(0x20, 0x7F)}, numbers)

    def test_haproxy_and_the_gateway_read_the_same_headers(self):
        delete = "http-request del-header X-User\n"
        then_list = "    http-request set-header X-Seen %[req.hdrs_bin,base64]\n"
        read = set()
        with running([*COMMAND, *TRUST], ROOT) as gateway:
            text = replace(behind("haproxy", gateway), {delete: delete + then_list})
            with haproxy(text) as site:
                for number, headers in exchange(site):
                    read.add(number)
                    self.assertEqual(listed(headers.pop("x-seen")), headers, LINES[number])
                    self.check(number, headers)
        self.check_that_text_gets_through(read)

    def test_nginx_and_the_gateway_read_the_same_headers(self):
        read = {}
        with running([*COMMAND, *TRUST], ROOT) as gateway:
            with nginx(behind("nginx", gateway)) as site:
                for number, headers in exchange(site):
                    read[number] = headers.get("x-other", "")
                    self.check(number, headers)
        logged = dict(json.loads(line) for line in site.log.split("\n") if line)
        # Of the blanks around a value, which do not count (RFC 9110 section 5.5), nginx keeps tabs.
        seen = {number: logged[str(number)].strip("\t") for number in read}
        self.assertEqual(read, seen)
        self.check_that_text_gets_through(set(read))
