"""Messages that are compressed each for itself."""

import random
import tracemalloc
import zlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.wire.deflate import Deflater, inflated

compressed = Deflater().compressed
TEXT = b'{"data":[' + b",".join(b'{"id":%d,"paid":true}' % number for number in range(99)) + b"]}"


class DeflateTests(SynchronousTestCase):
    @given(st.binary(), st.integers(1, 200), st.integers(9, 15))
    def test_what_was_compressed_can_be_inflated(self, part, times, bits):
        payload = part * times
        octets = compressed(payload, bits)
        if octets is not None:
            self.assertLess(len(octets), len(payload))
            self.assertEqual(payload, inflated(octets, len(payload)))
            # And by a peer with a window that is no larger than it said.
            peer = zlib.decompressobj(-bits)
            self.assertEqual(payload, peer.decompress(octets + b"\x00\x00\xff\xff"))

    def test_no_message_needs_another(self):
        """Not even one that it repeats: its peer may have seen none before."""
        together = Deflater()
        octets = [together.compressed(TEXT), together.compressed(TEXT)]
        self.assertEqual(octets[0], octets[1])
        self.assertEqual([TEXT, TEXT], [inflated(one, len(TEXT)) for one in octets])

    def test_json_becomes_much_smaller(self):
        self.assertLess(len(compressed(TEXT)), len(TEXT) / 4)

    def test_what_would_grow_is_not_compressed(self):
        self.assertIsNone(compressed(random.Random(1).randbytes(1_000)))
        self.assertIsNone(compressed(b""))

    def test_a_bomb_takes_no_more_than_may_be(self):
        bomb = compressed(bytes(50_000_000))
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        self.assertIsNone(inflated(bomb, 100_000))
        self.assertLess(tracemalloc.get_traced_memory()[1], 1_000_000)

    def test_the_bound_is_exact(self):
        octets = compressed(TEXT)
        self.assertEqual(TEXT, inflated(octets, len(TEXT)))
        self.assertIsNone(inflated(octets, len(TEXT) - 1))

    def test_what_is_not_compressed_is_told(self):
        for octets in (b"\xff", b"\x07", b"hello"):
            self.assertIsNone(inflated(octets, 1_000))
