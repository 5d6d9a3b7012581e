"""Large payloads lose their masks, with Autobahn's native routine and without."""

import os
import subprocess
import sys
from itertools import cycle

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.server.unmasking import unmasked

CODE = """
from aiorest_gw.server import unmasking
assert not unmasking.USES_NVX
print(unmasking.unmasked(memoryview(bytes(range(200)) * 9), b"mask").hex())
"""


def expected(payload, mask):
    return bytes(octet ^ key for octet, key in zip(payload, cycle(mask), strict=False))


class UnmaskingTests(SynchronousTestCase):
    def test_whatever_the_size_and_the_mask(self):
        for size in (0, 1, 3, 1_200, 1_203, 65_535, 100_001):
            for mask in (b"\0\0\0\0", b"\xff\x01\x80\x7f"):
                payload = os.urandom(size)
                octets = b"head" + payload
                found = unmasked(memoryview(octets)[4:], mask)
                self.assertEqual(expected(payload, mask), found)
                self.assertEqual(b"head" + payload, octets)

    def test_without_the_native_routine_it_is_the_same(self):
        environment = {**os.environ, "AUTOBAHN_USE_NVX": "0"}
        output = subprocess.check_output([sys.executable, "-c", CODE], env=environment, text=True)
        self.assertEqual(expected(bytes(range(200)) * 9, b"mask").hex(), output.strip())
