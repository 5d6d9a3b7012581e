"""Passwords are hashed in threads, each with a salt of its own, and no more at once than is agreed."""

from twisted.internet import reactor
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import TestCase

from aiorest_gw.accounts import PasswordThreads, SQLiteStore, SQLiteUsers
from aiorest_gw.errors import ServiceUnavailable


class PasswordThreadTests(TestCase):
    """The threads are the test's own, and work when it lets them."""

    def setUp(self):
        self.pool = ThreadPool(0, 1)
        self.passwords = PasswordThreads(reactor, self.pool, at_once=1, max_waiting=1)

    def let_work(self):
        self.pool.start()
        self.addCleanup(self.pool.stop)

    async def test_each_has_a_salt_of_its_own(self):
        self.let_work()
        first, second = await self.passwords.hash("pw"), await self.passwords.hash("pw")
        self.assertNotEqual(first, second)
        for stored in (first, second):
            self.assertTrue(await self.passwords.verify("pw", stored))
            self.assertFalse(await self.passwords.verify("other", stored))

    async def test_further_ones_are_refused_while_too_many_wait(self):
        waiting = [self.passwords.hash("a"), self.passwords.verify("b", "")]
        for refused in (self.passwords.hash("c"), self.passwords.verify("d", "")):
            self.failureResultOf(refused, ServiceUnavailable)
        self.let_work()
        self.assertTrue((await waiting[0]).startswith("scrypt$"))
        self.assertFalse(await waiting[1])
        self.assertFalse(await self.passwords.verify("e", ""))

    async def test_an_unknown_user_is_as_much_work_as_a_known_one(self):
        """A password is compared in either case, so the time tells nothing."""
        store = SQLiteStore()
        self.addCleanup(store.close)
        await SQLiteUsers(store).create_user("ann", "pw")
        users = SQLiteUsers(store, self.passwords)
        asked = [users.authenticate("ann", "pw"), users.authenticate("nobody", "pw")]
        # The store's one thread has answered both when it has answered this.
        await users.get_user_by_username("ann")
        for one in asked:
            self.assertNoResult(one)
        self.failureResultOf(self.passwords.hash("no room"), ServiceUnavailable)
        self.let_work()
        self.assertEqual(
            ["ann", None], [user and user.username for user in [await a for a in asked]]
        )
