"""Users of the embedded store, with real databases."""

from twisted.internet.defer import Deferred, DeferredList
from twisted.trial.unittest import TestCase

from aiorest_gw.accounts import SQLiteStore, SQLiteUsers
from aiorest_gw.errors import (
    Conflict,
    NotEnoughArguments,
    NotFound,
    RequiredModelFieldsNotDefined,
    ValidationError,
)


class UserTests(TestCase):
    def setUp(self):
        self.store = SQLiteStore(self.mktemp())
        self.addCleanup(self.store.close)
        self.users = SQLiteUsers(self.store)

    async def test_every_method_returns_a_deferred(self):
        """So that it is done also where nobody awaits it."""
        creating = self.users.create_user("ann", "pw")
        self.assertIsInstance(creating, Deferred)
        await creating
        for waiting in (
            self.users.update_user("ann", is_staff=True),
            self.users.get_user_by_username("ann"),
            self.users.get_user_by_token_payload({"sub": "1"}),
            self.users.authenticate("ann", "pw"),
        ):
            self.assertIsInstance(waiting, Deferred)
            self.assertTrue((await waiting).is_staff)

    async def test_of_two_at_once_one_gets_the_name(self):
        both = [self.users.create_user("ann", password) for password in ("one", "two")]
        results = await DeferredList(both, consumeErrors=True)
        self.assertEqual([False, True], sorted(success for success, _ in results))
        [conflict] = [result for success, result in results if not success]
        self.assertIsNotNone(conflict.check(Conflict))
        self.assertEqual(409, conflict.value.status)

    async def test_fields_are_kept_as_they_were_given(self):
        fields = {
            "email": "a@b", "first_name": "Änn", "last_name": "O'Neil; --", "permissions": {"b", "a"},
            "is_active": True, "is_superuser": True, "is_staff": False,
        }  # fmt: skip
        user = await self.users.create_user("änn 2", "pw", **fields)
        self.assertEqual(user, await self.users.get_user_by_username("änn 2"))
        self.assertEqual(
            {**fields, "permissions": frozenset("ab")}, {n: getattr(user, n) for n in fields}
        )
        self.assertTrue(user.is_authenticated())

    async def test_names_that_look_like_others_are_refused(self):
        await self.users.create_user("ann", "pw")
        for name in ("ann\0", " ann", "ann ", "ann\u200b", "ａnn", "ann\n", "ann\u202e", "ﬁ"):
            with self.assertRaises(ValidationError):
                await self.users.create_user(name, "pw")

    async def test_a_token_with_a_stamp_ends_with_the_password(self):
        """Also one that was made for the old password after it was changed."""
        ann = await self.users.create_user("ann", "pw")
        old = {"sub": str(ann.id), "stamp": ann.stamp}
        self.assertEqual(ann, await self.users.get_user_by_token_payload(old))
        await self.users.update_user("ann", email="a@b")
        self.assertIsNotNone(await self.users.get_user_by_token_payload(old))
        await self.users.update_user("ann", password="new")
        self.assertIsNone(await self.users.get_user_by_token_payload(old))
        for wrong in (None, "", 5, ann.stamp.upper() + "x"):
            payload = {"sub": str(ann.id), "stamp": wrong}
            self.assertIsNone(await self.users.get_user_by_token_payload(payload))
        self.assertIsNotNone(await self.users.get_user_by_token_payload({"sub": str(ann.id)}))
        self.assertNotIn(ann.stamp, repr(ann))

    async def test_values_that_cannot_be_kept_are_refused(self):
        await self.users.create_user("ann", "pw")
        for fields in (
            {"email": 5}, {"first_name": "\ud800"}, {"permissions": "write"}, {"permissions": [5]},
            {"permissions": 5}, {"is_anonymous": False}, {"id": 7}, {"password": 5},
        ):  # fmt: skip
            with self.assertRaises(TypeError):
                await self.users.update_user("ann", **fields)
        for name in (5, "\ud800", ["ann"]):
            with self.assertRaises(TypeError):
                await self.users.create_user(name, "pw")
            with self.assertRaises(TypeError):
                await self.users.update_user(name, email="x")
        with self.assertRaises(TypeError):
            await self.users.create_user("bob", b"pw")
        self.assertIsNone(await self.users.get_user_by_username("bob"))

    async def test_an_empty_password_is_none(self):
        await self.users.create_user("ann", "pw")
        for empty in ("", None):
            with self.assertRaises(RequiredModelFieldsNotDefined):
                await self.users.update_user("ann", password=empty)
            with self.assertRaises(RequiredModelFieldsNotDefined):
                await self.users.create_user("bob", empty)
        self.assertIsNotNone(await self.users.authenticate("ann", "pw"))

    async def test_mistakes_of_a_change_are_told(self):
        with self.assertRaises(NotFound):
            await self.users.update_user("nobody", password="new")
        with self.assertRaises(NotEnoughArguments):
            await self.users.update_user("nobody")

    async def test_whatever_a_client_sends_logs_in_or_not(self):
        await self.users.create_user("ann", "pw")
        for username, password in (
            (None, "pw"), (["ann"], "pw"), ({}, {}), (1, 1), ("\ud800", "pw"), ("ann", None),
            ("ann", ["pw"]), ("ann", "\ud800"), ("ANN", "pw"), ("ann' --", "pw"), ("", ""),
        ):  # fmt: skip
            self.assertIsNone(await self.users.authenticate(username, password))

    async def test_only_a_users_id_in_plain_digits_finds_a_user(self):
        user = await self.users.create_user("ann", "pw")
        self.assertEqual("1", str(user.id))
        for subject in ("1", 1):
            self.assertEqual(user, await self.users.get_user_by_token_payload({"sub": subject}))
        for subject in ("\u0661", "\uff11", " 1", "1.0", "0x1", "ann", "", True, "9" * 19):
            found = await self.users.get_user_by_token_payload({"sub": subject})
            self.assertIsNone(found, subject)
        self.assertIsNone(await self.users.get_user_by_token_payload({}))

    async def test_the_id_of_one_who_was_deleted_is_not_given_again(self):
        """A token of the first would be one of the second."""
        first = await self.users.create_user("ann", "pw")
        await self.store.interact(lambda cursor: cursor.execute("DELETE FROM user") and None)
        second = await self.users.create_user("bob", "pw")
        self.assertNotEqual(first.id, second.id)
