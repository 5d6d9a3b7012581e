"""HTTP/1.1 on the gateway's port: requests in order, each read strictly, each with its time."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from .asking import SiteTestCase, answers

UPGRADE = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": base64.b64encode(bytes(16)).decode(),
}  # fmt: skip
# A masked ping without a payload.
PING = bytes([0x89, 0x80, 0, 0, 0, 0])
PONG = bytes([0x8A, 0])


class Echo(Resource):
    isLeaf = True

    def render_POST(self, request):
        return request.content.read()

    render_GET = render_PUT = render_POST


class Later(Resource):
    """Answers when the test says so."""

    isLeaf = True

    def __init__(self):
        super().__init__()
        self.requests = []

    def render_GET(self, request):
        self.requests.append(request)
        return NOT_DONE_YET

    def answer(self, body=b"done"):
        request = self.requests.pop(0)
        request.write(body)
        request.finish()


class ChannelCase(SiteTestCase):
    def setUp(self):
        super().setUp()
        self.write("index.html", "<!doctype html><p>home")
        self.write("a.txt", "a")
        self.write("b.txt", "b")

    def gateway(self, **options):
        factory = super().gateway(**options)
        self.later = Later()
        factory.web.site.resource.putChild(b"echo", Echo())
        factory.web.site.resource.putChild(b"later", self.later)
        return factory


class RequestTests(ChannelCase):
    def test_requests_on_one_connection_are_answered_in_order(self):
        self.gateway()
        connection = self.open()
        for name in "abab":
            self.assertEqual(name.encode(), connection.get(f"/{name}.txt")[2])
        for name in ("/a.txt", "/later", "/b.txt", "/nothing", "/a.txt"):
            connection.ask(name)
        self.assertEqual([b"a"], [body for _, _, body in connection.answers()])
        self.later.answer()
        found = connection.answers()
        self.assertEqual([200, 200, 404, 200], [status for status, _, _ in found])
        self.assertEqual([b"done", b"b", b"Not Found\n", b"a"], [body for _, _, body in found])
        self.assertTrue(connection.open)
        self.assert_nothing_is_left()

    def test_many_requests_in_one_read_are_answered_a_few_at_a_time(self):
        self.gateway()
        connection = self.open()
        connection.ask("/a.txt").received()
        connection.send(b"GET /b.txt HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        self.assertEqual(16, len(connection.answers()))
        for _ in range(10):
            self.clock.advance(0)
        self.assertEqual(84, len(connection.answers()))
        self.assert_nothing_is_left()

    def test_however_requests_are_cut_the_answers_are_the_same(self):
        self.gateway()
        data = (
            b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n"
            b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345\r\n"
            b"PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n"
            b"GET /b.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n??"
        )
        for step in (1, 2, 3, 7, len(data)):
            connection = self.open()
            for start in range(0, len(data), step):
                connection.send(data[start : start + step])
            bodies = [body for _, _, body in connection.answers()]
            self.assertEqual([b"a", b"12345", b"abc", b"b"], bodies, step)
        self.assert_nothing_is_left()

    def test_http_1_0_gets_its_page_and_the_end(self):
        self.gateway()
        connection = self.open()
        status, headers, body = connection.get("/a.txt", version="HTTP/1.0", Host=None)
        self.assertEqual((200, b"a", "close"), (status, body, headers["Connection"]))
        self.assertFalse(connection.open)

    def test_who_says_close_is_the_last_to_be_answered(self):
        for said in ("close", "Close", "foo, close", "close,foo"):
            self.gateway()
            connection = self.open()
            connection.ask("/a.txt", Connection=said).ask("/b.txt")
            [(_, headers, body)] = connection.answers()
            self.assertEqual((b"a", "close"), (body, headers["Connection"]))
            self.assertFalse(connection.open)

    def test_no_answer_tells_who_gives_it(self):
        self.gateway()
        requests = (
            {}, {"target": "/nothing"}, {"method": "POST"}, {"method": "BREW"}, {"target": "/echo", "method": "HEAD"},
            {"target": "/echo", "method": "PATCH"}, {"version": "HTTP/1.0"}, {"target": "/%00"}, {"Transfer_Encoding": "x"},
            {"version": "HTTP/3.0"}, {"target": "/aiorest-gw.js"},
        )  # fmt: skip
        for request in requests:
            connection = self.open()
            for one in ({"target": "/a.txt"}, request):
                data = connection.ask(**one).received().lower()
                for word in (b"twisted", b"autobahn", b"aiorest_gw/", b"server:", b"python"):
                    self.assertNotIn(word, data.partition(b"\r\n\r\n")[0], request)

    def test_the_sockets_path_is_told_as_such(self):
        for options in ({"site": None}, {"path": "/api"}):
            self.gateway(**options)
            for first in (False, True):
                connection = self.open()
                if first:
                    connection.get("/echo")
                status, headers, _ = connection.get(options.get("path", "/"))
                self.assertEqual((426, "websocket"), (status, headers["Upgrade"]))

    def test_the_preface_of_http_2_is_told_what_is_spoken(self):
        self.gateway()
        for first in (False, True):
            connection = self.open()
            if first:
                connection.get("/a.txt")
            [(status, headers, _)] = connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").answers()
            self.assertEqual((426, "websocket"), (status, headers["Upgrade"]))
            self.assertFalse(connection.open)

    def test_an_upgrade_to_http_2_is_passed_over(self):
        self.gateway()
        self.assertEqual(
            200, self.get("/a.txt", Connection="Upgrade, HTTP2-Settings", Upgrade="h2c")[0]
        )


class BodyTests(ChannelCase):
    def post(self, body, connection=None, **headers):
        connection = connection or self.open()
        return connection.get("/echo", method="POST", body=body, **headers)

    def test_bodies_are_taken(self):
        self.gateway()
        self.assertEqual(b"123", self.post(b"123", Content_Length=3)[2])
        self.assertEqual(
            b"123", self.post(b"1\r\n1\r\n2\r\n23\r\n0\r\n\r\n", Transfer_Encoding="Chunked")[2]
        )
        self.assertEqual(b"", self.post(b"", Content_Length=0)[2])

    def test_bodies_that_nobody_reads_are_not_kept(self):
        self.gateway()
        connection = self.open()
        connection.send(
            b"POST /b.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + bytes(999)
        )
        [request] = connection.protocol.requests
        self.assertEqual(b"", request.content.getvalue())
        connection.send(b"x")
        self.assertEqual([405], [status for status, _, _ in connection.answers()])

    def test_a_body_that_is_too_large_is_refused_and_told(self):
        self.gateway(max_message_size=10)
        for body, headers in (
            (b"", {"Content_Length": 11}), (b"b\r\n12345678901", {"Transfer_Encoding": "chunked"}),
            (b"", {"Content_Length": 11, "Expect": "100-continue"}),
        ):  # fmt: skip
            connection = self.open()
            self.assertEqual(413, self.post(body, connection, **headers)[0])
            connection.send(b"more of it")
            self.assertEqual(b"", connection.received())
            # What comes would reset the connection, and the answer be lost.
            self.assertTrue(connection.open)
            self.clock.advance(6)
            self.assertFalse(connection.open)
        self.assertEqual(b"1234567890", self.post(b"1234567890", Content_Length=10)[2])

    def test_who_waits_to_be_asked_for_the_body_is_asked(self):
        self.gateway()
        connection = self.open()
        connection.ask("/echo", method="POST", Content_Length=3, Expect="100-Continue")
        self.assertEqual(b"HTTP/1.1 100 Continue\r\n\r\n", connection.received())
        [(status, _, body)] = connection.send(b"abc").answers()
        self.assertEqual((200, b"abc"), (status, body))

    def test_what_could_be_read_in_two_ways_is_refused(self):
        """Smuggling: a proxy in front would see the end of the request elsewhere."""
        self.gateway()
        heads = (
            b"Content-Length: 3\r\nTransfer-Encoding: chunked", b"Content-Length: 3\r\nContent-Length: 3",
            b"Content-Length: 3\r\nContent-Length: 4", b"Content-Length: +3", b"Content-Length: 3, 3",
            b"Content-Length: 0x3", b"Content-Length: -1", b"Content-Length: ", b"Content-Length: " + b"1" * 5000,
            b"Content-Length : 3", b"Content-Length\x00: 3", b"Content-Length: 3\r\n Transfer-Encoding: chunked",
            b"X: y\r\n\tz", b"X: a\nTransfer-Encoding: chunked", b"X: a\rb", b"X: \x00", b" X: y", b"no colon",
            b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: \x0bchunked",
            b"Transfer-Encoding: gzip, chunked", b"Host: y",
        )  # fmt: skip
        for head in heads:
            for kept in (False, True):
                connection = self.open()
                if kept:
                    connection.get("/a.txt")
                connection.send(
                    b"POST /echo HTTP/1.1\r\nHost: x\r\n"
                    + head
                    + b"\r\n\r\n0\r\n\r\nGET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n"
                )
                found = connection.answers()
                self.assertEqual(1, len(found), head)
                self.assertIn(found[0][0], (400, 501), head)
                self.assertFalse(connection.open)
        self.assert_nothing_is_left()

    def test_http_1_0_has_no_chunks(self):
        self.gateway()
        self.assertEqual(
            400, self.post(b"0\r\n\r\n", version="HTTP/1.0", Transfer_Encoding="chunked")[0]
        )

    def test_broken_chunks_are_refused(self):
        self.gateway(max_message_size=1_000)
        for chunks in (
            b"x\r\n",
            b"-1\r\n",
            b"0x1\r\na\r\n",
            b"1\r\nab\r\n",
            b" 1\r\na\r\n",
            b"1" * 2_000,
            b"1\n",
            b"1;\x00\r\na\r\n",
        ):
            connection = self.open()
            connection.ask(
                "/echo", method="POST", body=chunks + b"\r\n" * 3, Transfer_Encoding="chunked"
            )
            self.assertEqual([400], [status for status, _, _ in connection.answers()], chunks)

    def test_a_body_in_chunks_of_a_byte_is_bounded_too(self):
        self.gateway(max_message_size=1_000)
        connection = self.open()
        connection.ask("/echo", method="POST", Transfer_Encoding="chunked")
        for _ in range(80_000 // 1_000):
            connection.send(b"1;" + b"x" * 993 + b"\r\na\r\n")
        self.assertEqual([413], [status for status, _, _ in connection.answers()])

    def test_a_head_is_bounded_in_size_and_number(self):
        self.gateway()
        for kept in (False, True):
            for headers in (
                b"X: " + b"x" * 17_000,
                b"\r\n".join(b"X%d: y" % n for n in range(101)),
            ):
                connection = self.open()
                if kept:
                    connection.get("/a.txt")
                connection.send(b"GET /a.txt HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n")
                self.assertEqual([431], [status for status, _, _ in connection.answers()])
                self.assertFalse(connection.open)


class TimeTests(ChannelCase):
    def test_a_head_has_its_time_however_slowly_it_comes(self):
        self.gateway(handshake_timeout=5, http_idle_timeout=60)
        connection = self.open()
        connection.get("/a.txt")
        for octet in b"GET /":
            connection.send(bytes([octet]))
            self.clock.advance(0.9)
        self.assertEqual(b"", connection.received())
        self.clock.advance(0.9)
        self.assertEqual([408], [status for status, _, _ in connection.answers()])
        self.assertFalse(connection.open)
        self.assert_nothing_is_left()

    def test_a_body_has_its_time(self):
        self.gateway(request_timeout=9)
        connection = self.open()
        connection.ask("/echo", method="POST", Content_Length=20)
        for _ in range(8):
            self.clock.advance(1)
            connection.send(b"x")
        self.assertTrue(connection.open)
        self.clock.advance(1.2)
        self.assertEqual([408], [status for status, _, _ in connection.answers()])
        self.assert_nothing_is_left()

    def test_an_idle_connection_is_let_go(self):
        self.gateway(http_idle_timeout=15)
        connection = self.open()
        for _ in range(3):
            connection.get("/a.txt")
            self.clock.advance(14)
            self.assertTrue(connection.open)
        connection.send(b"\r\n")
        self.clock.advance(1.2)
        self.assertFalse(connection.open)
        self.assertFalse(connection.transport.aborted)
        self.assert_nothing_is_left()

    def test_no_idle_timeout_keeps_a_connection_for_ever(self):
        self.gateway(http_idle_timeout=0)
        connection = self.open()
        connection.get("/a.txt")
        self.clock.advance(1e6)
        self.assertTrue(connection.open)
        self.assert_nothing_is_left()

    def test_an_answer_that_takes_long_is_waited_for(self):
        self.gateway(http_idle_timeout=5, request_timeout=5)
        connection = self.open()
        connection.ask("/later")
        for _ in range(10):
            self.clock.advance(10)
        self.later.answer()
        self.assertEqual([(200, b"done")], [(s, b) for s, _, b in connection.answers()])
        self.assertTrue(connection.open)

    def test_who_does_not_read_gets_no_further_answers(self):
        self.gateway()
        connection = self.open()
        connection.get("/a.txt")
        connection.protocol.pauseProducing()
        connection.send(b"GET /b.txt HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        self.assertEqual(b"", connection.received())
        connection.protocol.resumeProducing()
        self.assertEqual(3, len(connection.answers()))
        self.assert_nothing_is_left()

    def test_who_reads_nothing_is_dropped(self):
        self.gateway()
        connection = self.open()
        connection.get("/a.txt")
        connection.protocol.pauseProducing()
        self.clock.advance(29)
        self.assertFalse(connection.transport.aborted)
        self.clock.advance(2)
        self.assertTrue(connection.transport.aborted)
        self.assert_nothing_is_left()

    def test_what_is_sent_while_an_answer_is_waited_for_waits_in_the_socket(self):
        self.gateway()
        connection = self.open()
        connection.ask("/later")
        connection.send(b"GET /b.txt HTTP/1.1\r\nHost: x\r\n\r\n" * 600)
        self.assertEqual("paused", connection.transport.producerState)
        self.later.answer()
        for _ in range(40):
            self.clock.advance(0)
        self.assertEqual(601, len(connection.answers()))
        self.assertEqual("producing", connection.transport.producerState)
        self.assert_nothing_is_left()

    def test_who_closes_his_half_while_an_answer_is_waited_for_is_gone(self):
        self.gateway()
        connection = self.open()
        connection.ask("/later")
        gone = []
        self.later.requests[0].notifyFinish().addErrback(gone.append)
        IHalfCloseableProtocol(connection.protocol).readConnectionLost()
        self.assertFalse(connection.open)
        connection.cut()
        self.assertEqual(1, len(gone))
        self.assert_nothing_is_left()


class UpgradeTests(ChannelCase):
    def upgrade(self, connection, rest=b"", **headers):
        connection.ask("/", body=rest, **(UPGRADE | headers))
        data = connection.received()
        return int(data.split()[1]), data.partition(b"\r\n\r\n")[2]

    def test_a_kept_connection_becomes_the_gateways_and_what_follows_is_kept(self):
        """As HAProxy and nginx use their connections."""
        self.gateway()
        connection = self.open()
        connection.get("/a.txt")
        self.assertEqual(1, self.factory.admission.total)
        status, rest = self.upgrade(connection, PING)
        self.assertEqual((101, PONG), (status, rest))
        self.assertEqual(PONG, connection.send(PING).received())
        self.assertEqual(1, self.factory.admission.total)
        self.assertEqual((1, 0), (len(self.factory.connections), len(self.factory.web.connections)))
        self.assert_nothing_is_left()

    def test_pipelined_behind_a_page_that_is_answered_later(self):
        self.gateway()
        connection = self.open()
        connection.ask("/later").ask("/", body=PING, **UPGRADE)
        self.assertEqual(b"", connection.received())
        self.later.answer()
        data = connection.received()
        self.assertIn(b"101 Switching", data)
        self.assertTrue(data.endswith(PONG))

    def test_a_wrong_handshake_is_refused_as_ever(self):
        self.gateway(origins=[])
        for headers, status in (
            ({"Origin": "https://evil.example"}, 403), ({"Sec_WebSocket_Version": "8"}, 426),
            ({"Sec_WebSocket_Key": "x"}, 400), ({"Content_Length": "3"}, 400), ({"Connection": "close"}, 400),
        ):  # fmt: skip
            connection = self.open()
            connection.get("/a.txt")
            body = b"abc" if "Content_Length" in headers else b""
            self.assertEqual(status, self.upgrade(connection, body, **headers)[0], headers)
            self.assertFalse(connection.open)
        self.assert_nothing_is_left()

    def test_it_is_counted_once_by_its_client_behind_a_proxy(self):
        self.gateway(trusted_proxies=["192.0.2.7"], max_connections_per_address=1)
        by_address = self.factory.admission._by_address
        connection = self.open()
        connection.get("/a.txt", X_Forwarded_For="203.0.113.1")
        self.assertEqual({"203.0.113.1": 1}, dict(by_address))
        # The connection is the proxy's, and the next client another one.
        self.assertEqual(101, self.upgrade(connection, X_Forwarded_For="203.0.113.2")[0])
        self.assertEqual({"203.0.113.2": 1}, dict(by_address))
        self.assertEqual(429, self.upgrade(self.open(), X_Forwarded_For="203.0.113.2")[0])
        self.assert_nothing_is_left()

    def test_the_proxy_protocols_client_stays_the_client(self):
        self.gateway(trusted_proxies=["192.0.2.7"], max_connections_per_address=1)
        connection = self.open().send(b"PROXY TCP4 203.0.113.1 10.0.0.1 5 80\r\n")
        connection.get("/a.txt")
        self.assertEqual({"203.0.113.1": 1}, dict(self.factory.admission._by_address))
        # Nobody else is believed on this connection: its peer is no proxy.
        self.assertEqual(101, self.upgrade(connection, X_Forwarded_For="203.0.113.2")[0])
        self.assertEqual({"203.0.113.1": 1}, dict(self.factory.admission._by_address))
        self.assert_nothing_is_left()

    def test_a_second_proxy_header_is_no_request(self):
        self.gateway(trusted_proxies=["192.0.2.7"])
        connection = self.open().send(b"PROXY TCP4 203.0.113.1 10.0.0.1 5 80\r\n")
        connection.get("/a.txt")
        connection.send(b"PROXY TCP4 203.0.113.9 10.0.0.1 5 80\r\n\r\n")
        self.assertEqual([400], [status for status, _, _ in connection.answers()])

    def test_pages_are_refused_over_the_limits(self):
        self.gateway(max_connections_per_address=2, max_connections=3)
        for status, host in (
            (200, "192.0.2.1"),
            (200, "192.0.2.1"),
            (429, "192.0.2.1"),
            (503, "192.0.2.2"),
        ):
            self.assertEqual(status, self.open(host).get("/a.txt")[0])
        self.assert_nothing_is_left()

    def test_nobody_is_let_in_any_more_while_it_drains(self):
        self.gateway()
        connection = self.open()
        connection.ask("/later")
        self.factory.drain()
        connection.ask("/", **UPGRADE)
        self.later.answer()
        [(_, headers, body)] = connection.answers()
        self.assertEqual((b"done", "close"), (body, headers["Connection"]))
        self.assertFalse(connection.open)
        self.assert_nothing_is_left()


class DrainingTests(ChannelCase):
    def test_idle_connections_are_closed_and_answers_finished(self):
        self.gateway(drain_timeout=10)
        idle, half, busy = self.open(), self.open(), self.open()
        idle.get("/a.txt")
        half.get("/a.txt")
        half.send(b"GET /b")
        busy.ask("/later")
        drained = self.factory.drain()
        self.assertEqual([False, False, True], [one.open for one in (idle, half, busy)])
        idle.cut()
        half.cut()
        self.assertNoResult(drained)
        self.later.answer()
        self.assertFalse(busy.open)
        busy.cut()
        self.successResultOf(drained)
        self.assert_nothing_is_left()

    def test_what_takes_too_long_is_cut_off(self):
        self.gateway(drain_timeout=10)
        connection = self.open()
        connection.ask("/later")
        drained = self.factory.drain()
        self.clock.advance(9)
        self.assertFalse(connection.transport.aborted)
        self.clock.advance(2)
        self.assertTrue(connection.transport.aborted)
        connection.cut()
        self.successResultOf(drained)
        self.assert_nothing_is_left()


class SequenceTests(ChannelCase):
    """Whatever is done with connections, and wherever they are cut, none is counted when all are gone."""

    def test_any_sequence_leaves_nothing(self):
        limits = {
            "trusted_proxies": ["192.0.2.7"], "max_connections_per_address": 2, "max_connections": 5,
            "handshake_timeout": 5,
        }  # fmt: skip
        page = b"GET /a.txt HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n"
        named = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in UPGRADE.items()).encode()
        upgrade = (
            b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.2\r\n"
            + named
            + b"\r\n"
            + PING
        )
        post = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        proxy = b"PROXY TCP4 203.0.113.3 10.0.0.1 5 80\r\n"
        parts = st.sampled_from(
            [page, upgrade, post, b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n", b"bad\r\n\r\n"]
        )
        one = st.tuples(
            st.booleans(), st.lists(parts, max_size=4), st.integers(0, 700), st.integers(1, 400),
            st.sampled_from(["192.0.2.7", "192.0.2.8"]), st.sampled_from([0, 0, 1, 6, 20, 40]),
        )  # fmt: skip

        @settings(max_examples=150, deadline=None)
        @given(st.lists(one, min_size=1, max_size=7))
        def run(sequence):
            self.gateway(**limits)
            self.connections.clear()
            for proxied, sent, most, step, host, seconds in sequence:
                connection = self.open(host)
                data = (proxy if proxied and host == "192.0.2.7" else b"") + b"".join(sent)
                for start in range(0, min(most, len(data)), step):
                    connection.send(data[start : min(start + step, most)])
                self.clock.advance(seconds)
                if self.later.requests and not seconds:
                    request = self.later.requests.pop()
                    if not request.gone:
                        request.finish()
            self.assertLessEqual(self.factory.admission.total, len(self.connections))
            self.assert_nothing_is_left()

        run()

    def test_cut_at_every_byte(self):
        self.gateway()
        named = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in UPGRADE.items()).encode()
        data = (
            b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n"
            + named
            + b"\r\n"
            + PING
        )
        for size in range(len(data) + 1):
            connection = self.open()
            for octet in data[:size]:
                connection.send(bytes([octet]))
            self.assertEqual(1, self.factory.admission.total)
            connection.cut()
            self.assertEqual(0, self.factory.admission.total)
        self.assert_nothing_is_left()


class LogTests(ChannelCase):
    def test_a_flood_of_bad_requests_is_few_lines(self):
        self.gateway()
        events = self.collect_events()
        for number in range(500):
            connection = self.open()
            if number % 2:
                connection.get("/a.txt")
            connection.send(b"\x00" * (number % 7 + 1) + b"\r\n\r\n")
            connection.cut()
            connection = self.open()
            connection.get("/nothing", method="HEAD")
            connection.get("/echo", method="HEAD")
            connection.cut()
        self.assertLess(len(events), 40)
        self.assertEqual(answers(b""), [])
        self.assert_nothing_is_left()
