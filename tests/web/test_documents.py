"""What the gateway answers without a WebSocket: its client for browsers, and nothing else."""

import gzip

from twisted.internet.testing import StringTransport

from aiorest_gw import SimpleRouter
from aiorest_gw.pages.documents import Document
from aiorest_gw.testing import GatewayTestCase
from tests.browser.scripts import CLIENT
from tests.wire.test_handshake import head

SCRIPT = b"GET /aiorest-gw.js HTTP/1.1"


class Transport(StringTransport):
    aborted = False

    def abortConnection(self):
        self.aborted = True


class DocumentTests(GatewayTestCase):
    def ask(self, first=SCRIPT, upgrade=None, options=None, **headers):
        """Status, headers and body of what is answered."""
        self.factory = self.serve(SimpleRouter(), **(options or {}))
        return self.ask_again(first, upgrade, **headers)

    def ask_again(self, first=SCRIPT, upgrade=None, **headers):
        self.protocol = self.factory.buildProtocol(None)
        self.transport = Transport()
        self.protocol.makeConnection(self.transport)
        self.protocol.dataReceived(head(first, Upgrade=upgrade, **headers))
        top, _, body = self.transport.value().partition(b"\r\n\r\n")
        status, *lines = top.decode().split("\r\n")
        return int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body

    def test_the_client_is_a_module_that_every_page_may_import(self):
        status, headers, body = self.ask()
        self.assertEqual((200, CLIENT.read_bytes()), (status, body))
        self.assertEqual("text/javascript; charset=utf-8", headers["Content-Type"])
        self.assertEqual(str(len(body)), headers["Content-Length"])
        self.assertEqual("*", headers["Access-Control-Allow-Origin"])
        self.assertEqual("nosniff", headers["X-Content-Type-Options"])
        self.assertEqual("no-cache", headers["Cache-Control"])
        self.assertFalse(self.transport.disconnecting)

    def test_what_is_for_own_pages_alone_no_other_origin_may_read_or_run(self):
        factory = self.serve(SimpleRouter())
        factory.web.documents["/own.js"] = Document(b"0", "text/javascript", for_all=False)
        self.factory = factory
        status, headers, body = self.ask_again(b"GET /own.js HTTP/1.1")
        self.assertEqual((200, b"0"), (status, body))
        self.assertNotIn("Access-Control-Allow-Origin", headers)
        self.assertEqual("same-origin", headers["Cross-Origin-Resource-Policy"])
        self.assertEqual("nosniff", headers["X-Content-Type-Options"])

    def test_it_is_compressed_for_who_takes_that(self):
        for accepted, compressed in (
            ("gzip, deflate, br", True), ("br;q=1.0, GZIP;q=0.5", True), ("gzip;q=0.001", True),
            ("gzip;q=0", False), ("gzip; q=0.0", False), ("identity", False), ("x-gzip", False),
        ):  # fmt: skip
            _, headers, body = self.ask(Accept_Encoding=accepted)
            self.assertEqual(compressed, headers.get("Content-Encoding") == "gzip", accepted)
            self.assertEqual("Accept-Encoding", headers["Vary"])
            whole = gzip.decompress(body) if compressed else body
            self.assertEqual(CLIENT.read_bytes(), whole)
            self.assertEqual(str(len(body)), headers["Content-Length"])

    def test_who_has_it_is_told_that_it_is_the_same(self):
        for accepted in ("gzip", "identity"):
            tag = self.ask(Accept_Encoding=accepted)[1]["ETag"]
            for known in (tag, f'"other", W/{tag}', "*"):
                status, headers, body = self.ask_again(
                    Accept_Encoding=accepted, If_None_Match=known
                )
                self.assertEqual((304, tag, b""), (status, headers["ETag"], body))
                self.assertNotIn("Content-Type", headers)
            self.assertEqual(200, self.ask_again(If_None_Match='"other"')[0])

    def test_what_is_compressed_has_another_tag(self):
        plain, compressed = (self.ask(Accept_Encoding=one)[1]["ETag"] for one in ("", "gzip"))
        self.assertNotEqual(plain, compressed)

    def test_head_is_told_the_same_without_the_script(self):
        _, headers, _ = self.ask()
        status, same, body = self.ask_again(b"HEAD /aiorest-gw.js HTTP/1.1")
        self.assertEqual((200, headers, b""), (status, same, body))

    def test_a_query_makes_no_difference(self):
        """Pages write versions there."""
        self.assertEqual(200, self.ask(b"GET /aiorest-gw.js?v=1 HTTP/1.1")[0])

    def test_everything_else_is_told_to_upgrade(self):
        for path in (b"/", b"/aiorest-gw.mjs", b"/aiorest-gw.js/", b"/static/../aiorest-gw.js"):
            status, headers, _ = self.ask(b"GET " + path + b" HTTP/1.1")
            self.assertEqual((426, "websocket"), (status, headers["Upgrade"]), path)
            self.assertEqual(405, self.ask(b"HEAD " + path + b" HTTP/1.1")[0])
        self.assertEqual(405, self.ask(b"POST /aiorest-gw.js HTTP/1.1")[0])

    def test_a_websocket_is_no_document(self):
        self.assertEqual(404, self.ask(upgrade="websocket")[0])

    def test_it_may_be_switched_off(self):
        self.assertEqual(426, self.ask(options={"client_script": False})[0])

    def test_it_is_there_beside_a_gateway_at_another_path(self):
        self.assertEqual(200, self.ask(options={"path": "/api"})[0])

    def test_the_limits_of_the_opening_handshake_hold(self):
        self.assertEqual(431, self.ask(X="x" * 17_000)[0])
        options = {"max_connections_per_address": 1, "trusted_proxies": ["unix", "192.168.1.1"]}
        self.ask(options=options, X_Forwarded_For="203.0.113.7")
        status, _, body = self.ask_again(X_Forwarded_For="203.0.113.7")
        self.assertEqual(429, status)
        self.assertNotIn(b"export", body)

    def test_who_asks_for_nothing_more_is_let_go_and_dropped_where_nothing_is_read(self):
        self.ask(options={"http_idle_timeout": 5})
        self.clock.advance(4.9)
        self.assertFalse(self.transport.disconnecting)
        self.clock.advance(0.2)
        self.assertTrue(self.transport.disconnecting)
        self.clock.advance(30)
        self.assertTrue(self.transport.aborted)
