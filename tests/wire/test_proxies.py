"""Who is behind a proxy, and whose word on that counts."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.errors import ConfigurationError
from aiorest_gw.wire.proxies import ProxyHeaderInvalid, ProxyHeaderReader, TrustedProxies

V2 = b"\r\n\r\n\x00\r\nQUIT\n"


def v2(command=0x21, family=0x11, body=bytes([203, 0, 113, 7, 10, 0, 0, 1, 4, 0, 0, 80])):
    return V2 + bytes([command, family]) + len(body).to_bytes(2, "big") + body


class ProxyHeaderTests(SynchronousTestCase):
    def read(self, octets):
        reader = ProxyHeaderReader()
        return reader.feed(octets), reader.client

    def test_each_form_is_read(self):
        ipv6 = bytes(15) + b"\x01" + bytes(20)
        for header, client in (
            (b"PROXY TCP4 203.0.113.7 10.0.0.1 51234 443\r\n", "203.0.113.7"),
            (b"PROXY TCP6 2001:db8::7 ::1 1 2\r\n", "2001:db8::7"),
            (b"PROXY UNKNOWN\r\n", None),
            (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None),
            (v2(), "203.0.113.7"),
            (v2(family=0x21, body=ipv6), "::1"),
            (v2(body=bytes([1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 2]) + b"\x04\x00\x01x"), "1.2.3.4"),
            (v2(command=0x20), None),
            (v2(family=0x31, body=bytes(216)), None),
            (v2(family=0x00, body=b""), None),
        ):
            self.assertEqual((b"GET / ", client), self.read(header + b"GET / "), header)
            for cut in range(1, len(header)):
                reader = ProxyHeaderReader()
                self.assertIsNone(reader.feed(header[:cut]), (header, cut))
                self.assertEqual(b"GET / ", reader.feed(header[cut:] + b"GET / "))
                self.assertEqual(client, reader.client)

    def test_an_ipv4_address_has_one_form_however_the_proxy_listens(self):
        """HAProxy that listens on one socket for both families names IPv4's clients like this."""
        mapped = bytes(10) + b"\xff\xff\x7f\x00\x00\x02"
        for header in (
            b"PROXY TCP6 ::ffff:127.0.0.2 ::ffff:127.0.0.1 1 2\r\n",
            v2(family=0x21, body=mapped + mapped + bytes(4)),
        ):
            self.assertEqual((b"", "127.0.0.2"), self.read(header))

    def test_what_does_not_begin_with_it_has_none(self):
        for octets in (b"GET / HTTP/1.1\r\n", b"PUT / HTTP/1.1", b"PROXYX", b"\r\n\r\nX", b"P\x00"):
            self.assertEqual((octets, None), self.read(octets))

    def test_a_broken_one_is_refused(self):
        for octets in (
            b"PROXY TCP4 203.0.113.7\r\n", b"PROXY TCP4 x y 1 2\r\n", b"PROXY TCP4 ::1 ::1 1 2\r\n",
            b"PROXY " + b"x" * 200, b"PROXY TCP5 1.1.1.1 1.1.1.1 1 2\r\n", b"PROXY \r\n",
            b"PROXY TCP6 1.1.1.1 ::1 1 2\r\n", b"PROXY TCP4 1.1.1.1:5 1.1.1.1 1 2\r\n",
            b"PROXY TCP6 [::1] ::1 1 2\r\n", b"PROXY TCP6 ::1%x ::1 1 2\r\n",
            v2(command=0x11), v2(command=0x22), v2(body=b"short"), v2(body=bytes(5000)),
            v2(family=0x21),
        ):  # fmt: skip
            self.assertRaises(ProxyHeaderInvalid, self.read, octets)

    @given(st.binary(max_size=40), st.sampled_from([b"", b"PROXY TCP4 ", V2, V2 + b"\x21\x11"]))
    def test_any_bytes_are_read_or_refused(self, octets, start):
        try:
            rest, client = self.read(start + octets)
        except ProxyHeaderInvalid:
            return
        self.assertTrue(rest is None or (start + octets).endswith(rest))
        self.assertIsInstance(client, (str, type(None)))


class TrustedProxiesTests(SynchronousTestCase):
    trusted = TrustedProxies.of(["10.0.0.0/8", "2001:db8::/32", "unix"])

    def client(self, peer, forwarded):
        return self.trusted.client(peer, {"x-forwarded-for": forwarded})

    def test_the_nearest_address_that_is_no_proxys_counts(self):
        for peer, forwarded, client in (
            ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
            ("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.2.3.4", "203.0.113.7"),
            ("10.0.0.1", "evil, 203.0.113.7", "203.0.113.7"),
            ("10.0.0.1", "203.0.113.7:5678", "203.0.113.7"),
            ("10.0.0.1", "[2001:db9::7]:5678", "2001:db9::7"),
            ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
            (None, "203.0.113.7", "203.0.113.7"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "203.0.113.7, unknown", "10.0.0.1"),
            ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
            ("127.0.0.1", "1.1.1.1", "127.0.0.1"),
        ):
            self.assertEqual(client, self.client(peer, forwarded), (peer, forwarded))

    def test_without_proxies_nobody_is_believed(self):
        nobody = TrustedProxies.of([])
        headers = {"x-forwarded-for": "1.1.1.1", "x-forwarded-proto": "https"}
        for peer in ("127.0.0.1", "10.0.0.1", None):
            self.assertEqual(peer, nobody.client(peer, headers))
            self.assertFalse(nobody.secure(peer, headers))

    def test_tls_in_front_is_believed_of_a_proxy(self):
        for said, secure in (
            ("https", True),
            ("http, HTTPS", True),
            ("https, http", False),
            ("", False),
        ):
            self.assertEqual(secure, self.trusted.secure("10.0.0.1", {"x-forwarded-proto": said}))
            self.assertFalse(self.trusted.secure("203.0.113.9", {"x-forwarded-proto": said}))

    def test_what_is_no_network_is_told(self):
        for wrong in ("nowhere", "10.0.0.1/8", "", "1.2.3.4.5"):
            self.assertRaises(ConfigurationError, TrustedProxies.of, [wrong])
