"""What the opening handshake may hold, and that every other reader would read it alike."""

from autobahn.websocket.protocol import parseHttpHeader
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.wire.handshake import (
    MAX_HEAD_SIZE,
    MAX_HEADERS,
    HandshakeRefused,
    HeadReader,
    handshake_of,
)

HEADERS = {
    "Host": "gateway.example:8080", "Upgrade": "websocket", "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


def head(first=b"GET / HTTP/1.1", extra=(), **changes):
    """The bytes of a handshake; a header that is None is left out."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [
        f"{name}: {value}".encode("latin-1")
        for name, value in (HEADERS | named).items()
        if value is not None
    ]
    return b"\r\n".join([first, *lines, *extra, b"", b""])


def read(octets):
    found, rest = HeadReader().feed(octets)
    return handshake_of(found), rest


class HandshakeTests(SynchronousTestCase):
    def refuse(self, octets, status=400):
        refused = self.assertRaises(HandshakeRefused, read, octets)
        self.assertEqual(status, refused.status, octets[:300])
        return refused

    def test_a_handshake_is_read(self):
        octets = head(b"GET /api/x?a=1&a=2&b= HTTP/1.1", Origin="https://a.example") + b"frames"
        handshake, rest = read(octets)
        self.assertEqual(b"frames", rest)
        self.assertEqual("/api/x", handshake.path)
        self.assertEqual({"a": ["1", "2"], "b": [""]}, handshake.query)
        self.assertEqual("gateway.example:8080", handshake.host)
        self.assertEqual("gateway.example", handshake.hostname)
        self.assertEqual("https://a.example", handshake.origin)
        self.assertEqual([], handshake.protocols)

    def test_lists_may_be_on_several_lines(self):
        extra = [b"Sec-WebSocket-Protocol: a, b", b"sec-websocket-protocol:c", b"X-A: 1", b"x-a: 2"]
        handshake, _ = read(head(extra=extra))
        self.assertEqual(["a", "b", "c"], handshake.protocols)
        self.assertEqual("1, 2", handshake.headers["x-a"])

    def test_however_it_is_cut_it_is_the_same(self):
        octets = head(b"GET /x HTTP/1.1", Cookie="a=1; b=\xe9") + b"\x81\x80\r\n\r\nrest"
        whole = HeadReader().feed(octets)
        for cut in range(1, len(octets)):
            reader = HeadReader()
            first = reader.feed(octets[:cut])
            if first is None:
                self.assertEqual(whole, reader.feed(octets[cut:]), cut)
            else:
                self.assertEqual(whole, (first[0], first[1] + octets[cut:]), cut)
        reader = HeadReader()
        end = octets.index(b"\r\n\r\n") + 4
        found = [reader.feed(octets[at : at + 1]) for at in range(end)]
        self.assertEqual([None] * (end - 1), found[:-1])
        self.assertEqual(whole[0], found[-1][0])

    def test_a_wrong_byte_is_refused_when_it_comes(self):
        """And not when a head is whole that never will be."""
        for octets in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\n", b"GET / HTTP/1.1\rX", b"\x00"):
            self.refuse(octets)
            reader = HeadReader()
            with self.assertRaises(HandshakeRefused):
                for at in range(len(octets)):
                    reader.feed(octets[at : at + 1])

    def test_each_byte_in_a_value_is_kept_or_refused(self):
        for byte in range(256):
            octets = head(extra=[b"X-A: a" + bytes([byte]) + b"X-User: admin"])
            if byte == 0x09 or 0x20 <= byte < 0x7F or byte >= 0x80:
                headers = read(octets)[0].headers
                self.assertEqual(f"a{chr(byte)}X-User: admin", headers["x-a"])
                self.assertNotIn("x-user", headers)
            else:
                self.refuse(octets)

    def test_each_byte_in_a_name_is_kept_or_refused(self):
        token = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        for byte in range(256):
            octets = head(extra=[b"X" + bytes([byte]) + b"A: 1"])
            if byte in token:
                self.assertEqual("1", read(octets)[0].headers[f"x{chr(byte)}a".lower()])
            elif byte == ord(":"):
                self.assertEqual("A: 1", read(octets)[0].headers["x"])
            else:
                self.refuse(octets)

    def test_each_byte_as_a_line_end_is_refused(self):
        for byte in range(256):
            for end in (bytes([byte]), b"\r" + bytes([byte]), bytes([byte]) + b"\n"):
                octets = head().replace(b"\r\n", end)
                if end == b"\r\n":
                    read(octets)
                else:
                    reader = HeadReader()
                    try:
                        self.assertIsNone(reader.feed(octets), end)
                        reader.feed(b"\r\n\r\n")
                        self.fail(end)
                    except HandshakeRefused as refused:
                        self.assertEqual(400, refused.status)

    def test_what_could_be_read_in_two_ways_is_refused(self):
        for extra in (
            b" X: folded", b"\tX: folded", b"X : 1", b"X", b": 1", b"", b"Host: other", b"X\xe9: 1",
            b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Content-Length: 0, 0",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13",
        ):  # fmt: skip
            if extra:
                self.refuse(head(extra=[extra]))
        for name in ("Origin", "Cookie", "Authorization", "Content-Length", "X-Forwarded-Proto"):
            self.refuse(head(extra=[f"{name}: 0".encode(), f"{name.lower()}: 0".encode()]))
        read(head(extra=[b"Content-Length: 0"]))

    def test_request_lines(self):
        for first, status in (
            (b"POST / HTTP/1.1", 405), (b"get / HTTP/1.1", 405), (b"GET / HTTP/1.0", 505),
            (b"PRI * HTTP/2.0", 426), (b"GET / HTTP/1.1 ", 400), (b"GET  / HTTP/1.1", 400),
            (b" GET / HTTP/1.1", 400), (b"GET /", 400), (b"GET /a b HTTP/1.1", 400), (b"", 400),
            (b"GET /\xe9 HTTP/1.1", 400), (b"GET /x#y HTTP/1.1", 400), (b"GET * HTTP/1.1", 400),
            (b"GET http://other.example/ HTTP/1.1", 400), (b"GET ftp://gateway.example:8080/ HTTP/1.1", 400),
            (b"GET http://u@gateway.example:8080/ HTTP/1.1", 400), (b"GET x HTTP/1.1", 400),
            (b"GET http://[/ HTTP/1.1", 400), (b"GET /?" + b"&a=1" * 1001 + b" HTTP/1.1", 400),
            (b"GET / HTTP/1.1\tX", 400), (b"GE\xc3T / HTTP/1.1", 400), (b"GET /\x7f HTTP/1.1", 400),
        ):  # fmt: skip
            self.refuse(head(first), status)
        for first, path in ((b"GET http://GATEWAY.example:8080/x HTTP/1.1", "/x"),
                            (b"GET //x/y HTTP/1.1", "//x/y"),
                            (b"GET http://gateway.example:8080 HTTP/1.1", "/")):  # fmt: skip
            self.assertEqual(path, read(head(first))[0].path)

    def test_a_proxy_that_is_not_trusted_is_told(self):
        refused = self.refuse(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + head())
        self.assertIn("trusted proxies", refused.reason)

    def test_hosts(self):
        for host in (None, "", "a b", "a/b", "a@b", "a:", "a:x", "a:70000", "[::1", "::1", "a:1:2",
                     "é", "a,b", "[g::1]"):  # fmt: skip
            self.refuse(head(Host=host))
        for host, name in (("a", "a"), ("A.b-c_d.:1", "A.b-c_d."), ("[::1]", "[::1]"),
                           ("[::ffff:1.2.3.4]:80", "[::ffff:1.2.3.4]")):  # fmt: skip
            handshake, _ = read(head(Host=host))
            self.assertEqual((host, name.lower()), (handshake.host, handshake.hostname.lower()))

    def test_what_is_no_websocket_is_told_what_this_is(self):
        refused = self.refuse(head(Upgrade=None), 426)
        self.assertEqual({"Upgrade": "websocket"}, refused.headers)
        refused = self.refuse(head(Sec_WebSocket_Version="8"), 426)
        self.assertEqual({"Sec-WebSocket-Version": "13"}, refused.headers)
        self.refuse(head(Upgrade="h2c"), 426)
        self.refuse(head(Connection="close"))
        self.refuse(head(Connection=None))
        self.refuse(head(Sec_WebSocket_Protocol="a, b, a"))
        for key in (None, "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZ!==", "x" * 24):
            self.refuse(head(Sec_WebSocket_Key=key))

    def test_a_request_for_a_page_is_read_as_strictly(self):
        found, rest = HeadReader().feed(head(b"POST /a?b=c HTTP/1.1", Upgrade="h2c") + b"body")
        self.assertEqual(("POST", "/a", {"b": ["c"]}), (found.method, found.path, found.query))
        self.assertEqual((False, b"body"), (found.upgrades, rest))
        old, _ = HeadReader().feed(head(b"GET / HTTP/1.0", Host=None, Upgrade=None))
        self.assertEqual(("HTTP/1.0", ""), (old.version, old.host))
        self.refuse(head(b"POST / HTTP/1.1", Host=None, Upgrade=None))
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        self.assertIn("HTTP/1.1", self.refuse(preface, 426).reason)

    def test_size_and_number_are_bounded(self):
        bare = len(head(X="")) - len("\r\n\r\n")
        read(head(X="x" * (MAX_HEAD_SIZE - bare - 4)))
        self.refuse(head(X="x" * (MAX_HEAD_SIZE - bare - 3)), 431)
        self.refuse(b"GET /" + b"x" * 20_000, 431)
        many = [b"X%d: 1" % number for number in range(MAX_HEADERS - len(HEADERS))]
        read(head(extra=many))
        self.refuse(head(extra=[*many, b"Y: 1"]), 431)
        reader = HeadReader()
        with self.assertRaises(HandshakeRefused):
            for _ in range(MAX_HEAD_SIZE):
                reader.feed(b"x")

    def test_a_refusal_repeats_nothing_of_the_request(self):
        refused = self.refuse(head(b"GET /secret HTTP/1.1", Upgrade=None, Cookie="secret"), 426)
        self.assertNotIn("secret", refused.reason)

    @settings(max_examples=400, deadline=None)
    @given(st.data())
    def test_any_change_is_refused_or_read_as_autobahn_reads_it(self, data):
        octets = bytearray(head(Cookie="a=1", Origin="http://gateway.example:8080", X_A="1"))
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, len(octets)))
            put = data.draw(st.one_of(st.binary(max_size=2), st.sampled_from(
                [b"\r\n", b"\n", b"\x85", b"\xa0", b"\x1c", b": ", b",", b"\r\n ", b"Host: x\r\n"])))  # fmt: skip
            octets[at : at + data.draw(st.integers(0, 2))] = put
        try:
            found = HeadReader().feed(bytes(octets)) and read(bytes(octets))
        except HandshakeRefused:
            return
        if found is None or set(octets) & {0x85, 0xA0}:
            return  # Autobahn splits at the one and strips the other
        line, headers, _ = parseHttpHeader(bytes(octets).partition(b"\r\n\r\n")[0])
        self.assertEqual(line.split()[1], found[0].request.target)
        self.assertEqual(headers, found[0].headers)
