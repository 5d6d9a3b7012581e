"""What will be known later."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.channels import Expected


class ExpectedTests(SynchronousTestCase):
    def expected(self):
        def waiting():
            deferred = Deferred()
            return deferred, deferred.callback

        return Expected(waiting)

    def awaited(self, expected):
        async def wait():
            return await expected

        return Deferred.fromCoroutine(wait())

    def test_many_may_await_it_before_and_after_it_is_known(self):
        expected = self.expected()
        first, second = self.awaited(expected), self.awaited(expected)
        self.assertNoResult(first)
        self.assertRaises(LookupError, lambda: expected.result)
        expected.succeed(5)
        for waiting in (first, second, self.awaited(expected)):
            self.assertEqual(5, self.successResultOf(waiting))

    def test_of_several_endings_the_first_one_counts(self):
        expected = self.expected()
        waiting = self.awaited(expected)
        expected.fail(ValueError())
        expected.succeed(5)
        self.failureResultOf(waiting, ValueError)
        self.assertRaises(ValueError, lambda: expected.result)

    def test_it_shows_whether_it_is_known_but_not_what_a_page_said(self):
        known, failed = self.expected(), self.expected()
        self.assertEqual("<Expected: not known yet, and may be awaited>", repr(known))
        known.succeed("secret")
        failed.fail(ValueError("wrong"))
        self.assertEqual("<Expected: known>", repr(known))
        self.assertEqual("<Expected: ValueError('wrong')>", repr(failed))

    def test_who_gives_it_up_keeps_no_other_from_it(self):
        expected = self.expected()
        first, second = self.awaited(expected), self.awaited(expected)
        first.cancel()
        self.failureResultOf(first)
        expected.succeed(5)
        self.assertEqual(5, self.successResultOf(second))
