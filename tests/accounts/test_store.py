"""The embedded store: one database, bounded, and never silent."""

import os
import sqlite3
import subprocess
import sys

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from aiorest_gw.accounts import SQLiteStore, SQLiteTokens, SQLiteUsers
from aiorest_gw.errors import Conflict, ServiceUnavailable
from aiorest_gw.server.waiting import Bound, begun_at_once


def one(cursor):
    return cursor.execute("SELECT 1").fetchone()[0]


class StoreTests(TestCase):
    def make(self, path=":memory:", **options):
        store = SQLiteStore(path, **options)
        self.addCleanup(store.close)
        return store

    async def test_a_file_is_in_wal_mode(self):
        path = self.mktemp()
        store = self.make(path)
        mode = await store.interact(lambda c: c.execute("PRAGMA journal_mode").fetchone())
        self.assertEqual(("wal",), mode)
        self.assertTrue(os.path.exists(path + "-wal"))

    async def test_two_stores_of_one_file_see_the_same_users(self):
        path = self.mktemp()
        here, there = SQLiteUsers(self.make(path)), SQLiteUsers(self.make(path))
        await here.create_user("ann", "pw")
        self.assertIsNotNone(await there.authenticate("ann", "pw"))
        with self.assertRaises(Conflict):
            await there.create_user("ann", "pw")

    async def test_two_stores_in_memory_have_nothing_in_common(self):
        here, there = SQLiteTokens(self.make()), SQLiteTokens(self.make())
        await here.revoke({"jti": "a"})
        self.assertTrue(await here.is_revoked({"jti": "a"}))
        self.assertFalse(await there.is_revoked({"jti": "a"}))

    async def test_what_fails_half_way_leaves_nothing_behind(self):
        store = self.make()

        def half(cursor):
            cursor.execute("INSERT INTO revoked_token VALUES ('a', 1)")
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            await store.interact(half)
        count = await store.interact(lambda c: c.execute("SELECT * FROM revoked_token").fetchall())
        self.assertEqual([], count)

    async def test_a_database_that_fails_is_told_to_the_log_and_not_to_the_client(self):
        garbage, folder = self.mktemp(), self.mktemp()
        with open(garbage, "wb") as file:
            file.write(b"no database " * 100)
        os.mkdir(folder)
        for path in (garbage, folder):
            tokens = SQLiteTokens(self.make(path))
            with self.assertRaises(ServiceUnavailable) as caught:
                await tokens.is_revoked({"jti": "a"})
            self.assertEqual("The accounts are not available.", caught.exception.detail)
            self.assertEqual(1, len(self.flushLoggedErrors(sqlite3.Error)))

    async def test_a_closed_store_says_so_at_once(self):
        store = self.make()
        users, tokens = SQLiteUsers(store), SQLiteTokens(store)
        store.close()
        store.close()
        for work in (
            users.create_user("ann", "pw"),
            users.update_user("ann", is_staff=True),
            users.get_user_by_username("ann"),
            users.get_user_by_token_payload({"sub": "1"}),
            users.authenticate("ann", "pw"),
            tokens.revoke({"jti": "a"}),
            tokens.is_revoked({"jti": "a"}),
        ):
            with self.assertRaises(ServiceUnavailable):
                await work

    async def test_what_was_asked_before_closing_is_done_first(self):
        path = self.mktemp()
        store = self.make(path)
        done = [SQLiteTokens(store).revoke({"jti": str(n)}) for n in range(20)]
        store.close()
        for one_done in done:
            await one_done
        [count] = sqlite3.connect(path).execute("SELECT count(*) FROM revoked_token").fetchone()
        self.assertEqual(20, count)

    async def test_no_more_waits_for_the_database_than_is_agreed(self):
        store = self.make(max_waiting=2)
        first, second, third = (store.interact(one) for _ in range(3))
        with self.assertRaises(ServiceUnavailable):
            await third
        self.assertEqual((1, 1), (await first, await second))
        self.assertEqual(1, await store.interact(one))

    def test_a_store_can_be_closed_before_the_reactor_runs(self):
        """What was asked of it is done, and no thread is left that would hold the process."""
        program = (
            "from twisted.internet import reactor\n"
            "from aiorest_gw.accounts import SQLiteStore\n"
            "store = SQLiteStore()\n"
            "waiting = store.interact(lambda cursor: 'done').addCallback(print)\n"
            "store.close(); store.close()\n"
            "store.interact(len).addErrback(lambda why: print(why.type.__name__))\n"
            "waiting.addCallback(lambda _: reactor.stop())\n"
            "reactor.run()\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
        )
        self.assertEqual("ServiceUnavailable\ndone\n", done.stdout, done.stderr)


class BoundTests(SynchronousTestCase):
    def test_cancelled_work_counts_until_its_thread_is_done(self):
        bound, inner = Bound(1), Deferred()
        outer = bound.admit(lambda: inner)
        outer.cancel()
        self.failureResultOf(outer, CancelledError)
        self.failureResultOf(bound.admit(Deferred), ServiceUnavailable)
        inner.callback("too late")
        self.assertNoResult(bound.admit(Deferred))

    def test_failed_work_makes_room_too(self):
        bound, inner = Bound(1), Deferred()
        outer = bound.admit(lambda: inner)
        inner.errback(ZeroDivisionError())
        self.failureResultOf(outer, ZeroDivisionError)
        self.assertNoResult(bound.admit(Deferred))

    def test_work_begins_though_nobody_waits_for_it(self):
        began = []

        @begun_at_once
        async def work(name):
            """What it does."""
            began.append(name)
            return name

        self.assertEqual("a", self.successResultOf(work("a")))
        self.assertEqual(["a"], began)
        self.assertEqual(("work", "What it does."), (work.__name__, work.__doc__))
