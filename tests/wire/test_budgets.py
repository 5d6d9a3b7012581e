"""How much a peer may do in a time."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.wire.budgets import TokenBucket


class TokenBucketTests(SynchronousTestCase):
    def test_two_seconds_worth_at_once_and_then_the_rate(self):
        bucket = TokenBucket(10, now=100)
        self.assertEqual(20, sum(bucket.take(1, 100) for _ in range(50)))
        self.assertEqual(5, sum(bucket.take(1, 100.5) for _ in range(50)))
        self.assertEqual(20, sum(bucket.take(1, 200) for _ in range(50)))

    def test_what_is_larger_than_the_bucket_is_owed(self):
        """It can be had once, and then nothing until it is paid for."""
        bucket = TokenBucket(10, now=0)
        self.assertTrue(bucket.take(120, 0))
        self.assertFalse(bucket.take(1, 10))
        self.assertTrue(bucket.take(1, 10.5))

    def test_less_than_one_a_second(self):
        bucket = TokenBucket(0.1, now=0)
        self.assertEqual([True, False], [bucket.take(1, 0) for _ in range(2)])
        self.assertEqual([True, False], [bucket.take(1, 10) for _ in range(2)])

    def test_none_is_no_limit(self):
        bucket = TokenBucket(0, now=0)
        self.assertTrue(all(bucket.take(1_000, 0) for _ in range(100)))

    def test_one_that_filled_up_again_need_not_be_remembered(self):
        bucket = TokenBucket(10, now=0)
        bucket.take(5, 0)
        self.assertEqual([False, True], [bucket.full(0.4), bucket.full(0.5)])
