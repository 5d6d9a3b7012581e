"""Bodies as they come, and no more of them than is taken."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.web.bodies import Body, BodyRefused


class BodyTests(SynchronousTestCase):
    def feed(self, data, length=None, most=100, step=1):
        """What was taken, and what follows it."""
        taken = []
        body = Body(length, most, taken.append)
        for start in range(0, len(data), step):
            rest = body.feed(data[start : start + step])
            if rest is not None:
                return b"".join(taken), rest + data[start + step :]
        return b"".join(taken), None

    def test_a_body_is_the_same_however_it_is_cut(self):
        for step in (1, 2, 5, 100):
            self.assertEqual((b"12345", b"67"), self.feed(b"1234567", 5, step=step))
            chunks = b"3\r\nabc\r\nA;x\r\n0123456789\r\n0\r\nT: x\r\n\r\nnext"
            self.assertEqual((b"abc0123456789", b"next"), self.feed(chunks, step=step))

    def test_it_may_not_be_whole_yet(self):
        self.assertEqual((b"123", None), self.feed(b"123", 5))
        self.assertEqual((b"abc", None), self.feed(b"3\r\nabc\r\n0\r\n"))

    def test_chunks_beyond_the_limit_are_refused(self):
        self.assertEqual(b"x" * 100, self.feed(b"64\r\n" + b"x" * 100 + b"\r\n0\r\n\r\n")[0])
        error = self.assertRaises(BodyRefused, self.feed, b"65\r\n" + b"x" * 101)
        self.assertEqual(413, error.status)

    def test_broken_chunks_are_refused(self):
        error = self.assertRaises(BodyRefused, self.feed, b"g\r\n")
        self.assertEqual(400, error.status)
