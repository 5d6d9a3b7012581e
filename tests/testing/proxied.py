"""A server that accepts, with a proxy before it, and what their tests do with sockets."""

import contextlib
import select
import socket
import time

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.testing import FlakyProxy

# Long enough for the slowest machine; only a failure waits for it.
PATIENCE = 20
# For what must not come: so much longer than what does come takes here.
QUIET = 0.1
NOISE = bytes(range(256)) * 4096


def receive(one, size):
    """So many bytes, or those before the end of the stream."""
    data = bytearray()
    while len(data) < size and (more := one.recv(min(65536, size - len(data)))):
        data += more
    return bytes(data)


def noise(size, behind=0):
    """So many bytes of noise, as they follow those before."""
    start = behind % len(NOISE)
    return (NOISE * ((start + size) // len(NOISE) + 1))[start : start + size]


def fill(one):
    """Send noise until the system takes nothing more for a while, and return how many bytes that were."""
    one.setblocking(False)
    sent = 0
    while select.select([], [one], [], QUIET)[1]:
        with contextlib.suppress(BlockingIOError):
            sent += one.send(noise(65536, sent))
    one.settimeout(PATIENCE)
    return sent


def send_until_cut(one):
    one.sendall(NOISE)
    return one.recv(1)


class ProxyTestCase(SynchronousTestCase):
    """A server that accepts, and a proxy before it."""

    host = "127.0.0.1"

    def setUp(self):
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.listening = self.kept(socket.create_server((self.host, 0), family=family))
        self.listening.settimeout(PATIENCE)
        self.proxy = FlakyProxy(self.listening.getsockname()[1], self.host)
        self.addCleanup(self.proxy.close)

    def kept(self, one):
        self.addCleanup(one.close)
        return one

    def client(self):
        return self.kept(socket.create_connection(("127.0.0.1", self.proxy.port), PATIENCE))

    def accepted(self):
        one = self.kept(self.listening.accept()[0])
        one.settimeout(PATIENCE)
        return one

    def pair(self):
        return self.client(), self.accepted()

    def hears(self, receiver, sender, data=b"hello"):
        sender.sendall(data)
        self.assertEqual(data, receive(receiver, len(data)))

    def works(self, client, server):
        self.hears(server, client, b"question")
        self.hears(client, server, b"answer")

    def is_reset(self, one):
        self.assertRaises(ConnectionResetError, one.recv, 1)

    def is_cut_at_once(self):
        with self.assertRaises(ConnectionResetError):
            self.client().recv(1)

    def is_quiet(self, *ends):
        """Neither bytes come, nor an end, nor a reset."""
        self.assertEqual([], select.select(ends, [], [], QUIET)[0])

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), end, "it does not come about")
            time.sleep(0.002)
