"""The fast path reads what Autobahn's own state machine reads: the same messages, answers and closes."""

import os
import struct
import zlib

from autobahn.twisted.websocket import WebSocketServerProtocol
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import RequestHandlerFactory, RequestHandlerProtocol, SimpleRouter
from aiorest_gw.testing import GatewayTestCase, connect
from aiorest_gw.wire.deflate import Deflater
from aiorest_gw.wire.frames import (
    BINARY,
    COMPRESSED,
    PING,
    TEXT,
    UNMASK_LARGE_FROM,
    frame_head,
    read_frames,
)

compressed = Deflater().compressed
EXAMPLES = int(os.environ.get("FAST_PATH_EXAMPLES", "1000"))


def frame(first, payload, masked=True, wide=0, mask=b"\x01\xfe\x80\x00"):
    """A frame, right or wrong.

    :param wide: 126 or 127 to write the length so, though it might be written shorter.
    """
    size = len(payload)
    kind = max(wide, 0 if size < 126 else 126 if size < 65_536 else 127)
    head = bytes([first, (0x80 if masked else 0) | (kind or size)])
    if kind:
        head += struct.pack("!H" if kind == 126 else "!Q", size)
    if not masked:
        return head + payload
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


REQUEST = b'{"method":"GET","url":"/echo","args":{"q":"%s"}}'
payloads = st.one_of(
    st.sampled_from(
        [b"", b"{}", b"[]", REQUEST % b"a", REQUEST % "ä€😀".encode(), REQUEST % b"x" * 40]
    ),
    st.binary(max_size=130),
    st.text(max_size=40).map(str.encode),
    st.sampled_from([125, 126, 127, 1199, 1200, 1201, 3000]).map(lambda n: REQUEST % (b"y" * n)),
)
good = st.builds(
    frame,
    st.sampled_from([0x81, 0x81, 0x81, 0x82]),
    payloads,
    mask=st.binary(min_size=4, max_size=4),
)


def deflated(payload):
    """Compressed with the context that a client may keep within a message, and without its end."""
    deflater = zlib.compressobj(wbits=-15)
    return (deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


whole = payloads.map(deflated)
small = st.builds(
    frame,
    st.sampled_from([0xC1, 0xC1, 0xC2]),
    st.one_of(
        whole,
        whole,
        # What is cut short, goes on behind its end, ends for good, becomes huge, or is none at all.
        st.builds(lambda octets, cut: octets[: len(octets) - cut], whole, st.integers(0, 9)),
        st.builds(lambda octets, more: octets + more, whole, st.binary(max_size=9)),
        payloads.map(lambda payload: zlib.compress(payload, wbits=-15)),
        st.sampled_from([100, 1_001, 70_000]).map(lambda size: deflated(b"x" * size)),
        st.binary(max_size=40),
    ),
)
odd = st.builds(
    frame,
    st.one_of(
        st.sampled_from([0x01, 0x02, 0x00, 0x80, 0x89, 0x8A, 0x88, 0x09, 0xC1, 0x91, 0x83, 0x8B]),
        st.integers(0, 255),
    ),
    payloads,
    masked=st.sampled_from([True, True, True, False]),
    wide=st.sampled_from([0, 0, 0, 126, 127]),
)
streams = st.lists(st.one_of(good, good, good, odd), max_size=8).map(b"".join)
compressing = st.lists(st.one_of(good, small, small, small, odd), max_size=8).map(b"".join)
closing = st.sampled_from([b"", frame(0x88, b"\x03\xe8"), frame(0x88, b""), frame(0x89, b"ping")])


class Recording(RequestHandlerProtocol):
    """Notes what reaches the hooks."""

    def connectionMade(self):
        self.seen = []
        super().connectionMade()

    def onMessage(self, payload, isBinary):
        self.seen.append((payload, isBinary))
        super().onMessage(payload, isBinary)

    def onPing(self, payload):
        if not self.failedByMe:
            self.seen.append(("ping", payload))
        super().onPing(payload)


class Slow(Recording):
    """The same without the fast path."""

    dataReceived = WebSocketServerProtocol.dataReceived
    consumeData = WebSocketServerProtocol.consumeData
    processData = WebSocketServerProtocol.processData
    processControlFrame = WebSocketServerProtocol.processControlFrame

    def _read_on(self):
        """Nothing waits."""


def outcome(protocol, octets, cuts, most, compress=False):
    """What a server makes of a stream of bytes in pieces."""
    router = SimpleRouter()
    router.get("/echo")(lambda request: request.args)
    clock = MemoryReactorClock()
    factory = RequestHandlerFactory(
        router=router, protocol=protocol, reactor=clock, max_message_size=most, compress=compress
    )
    client = connect(factory, clock, compress=compress)
    server, transport = client.server, client.server.transport
    answers = bytearray()
    write = transport.write
    transport.write = lambda data: (answers.extend(data), write(data))
    for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True):
        # No transport reads nothing; Autobahn would take it for a piece of what is compressed.
        if start < end and not transport.lost and not transport.disconnecting:
            server.dataReceived(octets[start:end])
        transport.take()
    if server.failedByMe:
        # Whether Autobahn drops the connection now or waits for the peer's close frame depends on
        # where its buffer ended; what was seen, answered and told to the peer does not.
        if compress:
            # Of several faults of a compressed message, the first in what was read by then is told.
            del answers[answers.rindex(0x88) :]
        return server.seen, bytes(answers), server.localCloseCode
    return (
        server.seen,
        bytes(answers),
        server.state,
        server.localCloseCode,
        server.remoteCloseCode,
        server.wasClean,
        transport.disconnecting,
        None if transport.disconnecting else server.data,
    )


class FastPathTests(SynchronousTestCase):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(streams, closing, st.data(), st.sampled_from([100, 1000, 2**20]))
    def test_any_frames_in_any_pieces(self, octets, end, data, most):
        """Valid or not, cut anywhere: nothing distinguishes the two ways."""
        octets += end
        cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=4)))
        self.assertEqual(outcome(Slow, octets, cuts, most), outcome(Recording, octets, cuts, most))

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(compressing, closing, st.data(), st.sampled_from([100, 1000, 2**20]))
    def test_any_compressed_frames_in_any_pieces(self, octets, end, data, most):
        octets += end
        cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=4)))
        expected = outcome(Slow, octets, cuts, most, compress=True)
        self.assertEqual(expected, outcome(Recording, octets, cuts, most, compress=True))

    def test_every_single_cut(self):
        """Through heads, masks, and the middle of a character."""
        octets = (
            frame(0x81, REQUEST % "ä€😀".encode())
            + frame(0x89, b"ping")
            + frame(0x01, b'{"url":')
            + frame(0x80, b'"/echo"}')
            + frame(0x82, b"e30=")
            + frame(0x81, REQUEST % (b"z" * 2000))
            + frame(0x81, b"\xff")
        )
        expected = outcome(Slow, octets, [], 2**20)
        self.assertEqual(5, len(expected[0]))
        for cut in range(len(octets) + 1):
            self.assertEqual(expected, outcome(Recording, octets, [cut], 2**20), cut)


class FrameTests(SynchronousTestCase):
    def large(self, payload, mask):
        self.seen = len(payload)
        return bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))

    def test_heads_are_of_the_least_length(self):
        for size, head in (
            (0, b"\x81\x00"), (125, b"\x81\x7d"), (126, b"\x81\x7e\x00\x7e"),
            (65_535, b"\x81\x7e\xff\xff"), (65_536, b"\x81\x7f" + (65_536).to_bytes(8, "big")),
        ):  # fmt: skip
            for first in (TEXT, BINARY, TEXT | COMPRESSED):
                self.assertEqual(bytes([first]) + head[1:], frame_head(first, size))

    def test_large_payloads_are_unmasked_by_whoever_can(self):
        octets = frame(0x81, b"a" * UNMASK_LARGE_FROM)
        (found,) = read_frames(octets, 0, 9, 10_000, self.large)
        self.assertEqual((TEXT, b"a" * UNMASK_LARGE_FROM, len(octets)), found)
        self.assertEqual(UNMASK_LARGE_FROM, self.seen)

    def test_what_is_not_taken_stays(self):
        """Reading ends before the first frame that is of another kind, or not whole."""
        first = b"xx" + frame(0x82, b"one") + frame(0x89, b"two")
        for other in (frame(0x88, b""), frame(0x89, b"x" * 126), frame(0x09, b""), frame(0x01, b"x"), frame(0x81, b"x", masked=False),
                      frame(0x81, b"\xff"), frame(0x81, b"x", wide=126), frame(0x81, b"xyz")[:-1],
                      frame(0x81, b"x" * 51), frame(0xC1, b"x"), b"\x81"):  # fmt: skip
            found = read_frames(first + other, 2, 9, 50, self.large)
            self.assertEqual([(BINARY, b"one", 11), (PING, b"two", len(first))], found)

    def test_compressed_messages_are_taken_where_that_is_agreed_on(self):
        text = b"{" + b" " * 1_000 + b"}"
        octets = frame(0xC1, compressed(text)) + frame(0xC2, compressed(text))
        taken = read_frames(octets, 0, 9, 10_000, self.large, True)
        self.assertEqual([(TEXT, text), (BINARY, text)], [found[:2] for found in taken])
        self.assertEqual([], read_frames(octets, 0, 9, 10_000, self.large))
        self.assertEqual([], read_frames(octets, 0, 9, 1_001, self.large, True))
        self.assertEqual(
            [], read_frames(frame(0xC1, compressed(b"\xff" * 300)), 0, 9, 1_001, self.large, True)
        )

    def test_little_is_inflated_ahead(self):
        """Or a few KB would become many MB while the first message is worked on."""
        octets = frame(0xC1, compressed(b" " * 40_000)) * 20
        taken = read_frames(octets, 0, 32, 2**20, self.large, True)
        self.assertEqual(2, len(taken))
        rest = read_frames(octets, taken[-1][2], 32, 2**20, self.large, True)
        self.assertEqual(2, len(rest))

    def test_no_more_is_read_than_was_asked_for(self):
        octets = frame(0x81, b"a") * 5
        self.assertEqual(3, len(read_frames(octets, 0, 3, 50, self.large)))


class WriteTests(GatewayTestCase):
    def serve_counting(self):
        router = SimpleRouter()
        router.get("/x")(lambda request: "x")
        router.get("/big")(lambda request: "x" * 50_000)
        router.get("/leave")(lambda request: self.client.server.sendClose(3000, "bye"))
        self.client = self.connect(self.serve(router))
        self.writes = []
        transport = self.client.server.transport
        write = transport.write
        transport.write = lambda data: (self.writes.append(bytes(data)), write(data))

    def requests(self, *urls):
        self.client.send_octets(
            b"".join(frame(0x81, b'{"method":"GET","url":"%s"}' % url) for url in urls)
        )

    def test_answers_of_one_read_leave_in_one_write(self):
        self.serve_counting()
        self.requests(*[b"/x"] * 20)
        self.assertEqual((1, 20), (len(self.writes), len(self.client.messages)))

    def test_what_piles_up_is_written_before_the_read_is_done(self):
        self.serve_counting()
        self.requests(*[b"/big"] * 20)
        self.assertGreater(len(self.writes), 5)
        self.assertEqual(20, len(self.client.messages))

    def test_answers_before_a_close_leave_before_it(self):
        """And what comes behind it is not run."""
        self.serve_counting()
        self.requests(b"/x", b"/x", b"/leave", b"/x")
        self.assertEqual((2, 3000), (len(self.client.messages), self.client.close_code))

    def test_a_subclass_with_its_own_way_of_sending_is_asked(self):
        sent = []

        class Own(RequestHandlerProtocol):
            def sendMessage(self, payload, isBinary=False, *args, **kwargs):
                sent.append(payload)
                super().sendMessage(payload, isBinary, *args, **kwargs)

        router = SimpleRouter()
        router.get("/x")(lambda request: "x")
        factory = self.serve(router)
        factory.protocol = Own
        self.connect(factory).request("GET", "/x")
        self.assertEqual(1, len(sent))
