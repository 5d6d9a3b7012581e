"""The embedded store, with real databases."""

import os
import sqlite3

from twisted.trial.unittest import TestCase

from aiorest_gw.accounts import (
    SQLiteStore,
    SQLiteTokens,
    SQLiteUsers,
    token_manager_from_environment,
)
from aiorest_gw.errors import (
    ConfigurationError,
    Conflict,
    NotEnoughArguments,
    NotFound,
    ParsingTokenException,
    RequiredModelFieldsNotDefined,
)


class UserTests(TestCase):
    def setUp(self):
        self.path = self.mktemp()
        self.store = SQLiteStore(self.path)
        self.addCleanup(self.store.close)
        self.users = SQLiteUsers(self.store)

    async def test_a_user_is_created_found_and_changed(self):
        user = await self.users.create_user("ann", "pw", email="a@b", permissions={"x", "y"})
        self.assertEqual(("ann", "a@b", {"x", "y"}, True, False), (
            user.username, user.email, user.permissions, user.is_active, user.is_staff))  # fmt: skip
        self.assertEqual(user, await self.users.get_user_by_username("ann"))
        self.assertEqual(user, await self.users.get_user_by_token_payload({"sub": str(user.id)}))
        changed = await self.users.update_user("ann", is_staff=True, last_name="Lee")
        self.assertEqual((True, "Lee", "a@b"), (changed.is_staff, changed.last_name, changed.email))

    async def test_only_the_right_password_of_an_active_user_counts(self):
        await self.users.create_user("ann", "pw")
        self.assertEqual("ann", (await self.users.authenticate("ann", "pw")).username)
        self.assertIsNone(await self.users.authenticate("ann", "PW"))
        self.assertIsNone(await self.users.authenticate("bob", "pw"))
        await self.users.update_user("ann", password="new")
        self.assertIsNone(await self.users.authenticate("ann", "pw"))
        await self.users.update_user("ann", is_active=False)
        self.assertIsNone(await self.users.authenticate("ann", "new"))

    async def test_the_password_is_not_in_the_file(self):
        await self.users.create_user("ann", "correct horse")
        with open(self.path, "rb") as file:
            content = file.read()
        with open(self.path + "-wal", "rb") as file:
            content += file.read()
        self.assertIn(b"scrypt$", content)
        self.assertNotIn(b"correct horse", content)

    async def test_mistakes_are_told(self):
        await self.users.create_user("ann", "pw")
        for error, work in (
            (Conflict, self.users.create_user("ann", "pw")),
            (RequiredModelFieldsNotDefined, self.users.create_user("", "pw")),
            (RequiredModelFieldsNotDefined, self.users.create_user("bob", "")),
            (TypeError, self.users.create_user("bob", "pw", id=5)),
            (TypeError, self.users.create_user("bob", "pw", email=5)),
            (TypeError, self.users.update_user("ann", **{"email = 'x' --": "y"})),
            (NotFound, self.users.update_user("bob", email="x")),
            (NotEnoughArguments, self.users.update_user("ann")),
        ):
            with self.assertRaises(error):
                await work

    async def test_a_token_of_nobody_finds_nobody(self):
        for subject in (None, 1.5, "x", "-1", "99", "9" * 40, [], True):
            self.assertIsNone(await self.users.get_user_by_token_payload({"sub": subject}), subject)

    async def test_users_outlive_the_store(self):
        await self.users.create_user("ann", "pw")
        self.store.close()
        again = SQLiteUsers(SQLiteStore(self.path))
        self.addCleanup(again._store.close)
        self.assertIsNotNone(await again.authenticate("ann", "pw"))

    async def test_memory_is_one_database(self):
        """A13: users and tokens meet in it."""
        store = SQLiteStore()
        self.addCleanup(store.close)
        users, tokens = SQLiteUsers(store), SQLiteTokens(store)
        await users.create_user("ann", "pw")
        await tokens.revoke({"jti": "x"})
        self.assertTrue(await tokens.is_revoked({"jti": "x"}))
        self.assertIsNotNone(await users.get_user_by_username("ann"))


class TokenTests(TestCase):
    def setUp(self):
        self.path = self.mktemp()
        self.now = 1000.0
        self.store = SQLiteStore(self.path)
        self.addCleanup(self.store.close)
        self.tokens = SQLiteTokens(self.store, now=lambda: self.now)

    async def test_a_revoked_token_stays_revoked_until_it_expires_itself(self):
        await self.tokens.revoke({"jti": "a", "exp": 1100})
        await self.tokens.revoke({"jti": "b"})
        for jti, revoked in (("a", True), ("b", True), ("c", False)):
            self.assertEqual(revoked, await self.tokens.is_revoked({"jti": jti}))
        self.now = 1200
        await self.tokens.revoke({"jti": "c"})
        for jti, revoked in (("a", False), ("b", True), ("c", True)):
            self.assertEqual(revoked, await self.tokens.is_revoked({"jti": jti}))

    async def test_a_token_without_an_id_cannot_be_revoked(self):
        self.assertRaises(ParsingTokenException, self.tokens.revoke, {})
        self.assertFalse(await self.tokens.is_revoked({"jti": 5}))

    async def test_the_tokens_themselves_are_kept_nowhere(self):
        await self.tokens.revoke({"jti": "secret-id"})
        self.store.close()
        rows = sqlite3.connect(self.path).execute("SELECT * FROM revoked_token").fetchall()
        self.assertEqual(1, len(rows))
        self.assertNotIn("secret-id", str(rows))


class EnvironmentTests(TestCase):
    def manager(self, **variables):
        return token_manager_from_environment(
            {f"AIOREST_GW_JWT_{k}": v for k, v in variables.items()}
        )

    def test_a_key_from_the_environment_or_a_file(self):
        path = self.mktemp()
        with open(path, "w") as file:
            file.write("k" * 32 + "\n")
        token = self.manager(KEY="k" * 32, ISSUER="me", LEEWAY="5").generate()
        self.assertEqual("me", self.manager(KEY_FILE=path).verify(token)["iss"])

    def test_a_jwk_set_from_a_file(self):
        path = self.mktemp()
        with open(path, "w") as file:
            file.write('{"keys": []}')
        self.assertRaises(
            ConfigurationError, self.manager, JWKS_FILE=path, ALGORITHMS="RS256, RS512"
        )

    def test_what_is_wrong_is_told(self):
        path = self.mktemp()
        os.mkdir(path)
        for variables, told in (
            ({}, "KEY"), ({"KEY": "x"}, "32 bytes"), ({"KEY": "k" * 32, "KEY_FILE": "x"}, "not both"),
            ({"KEY_FILE": "/nowhere"}, "KEY_FILE"), ({"KEY_FILE": path}, "KEY_FILE"),
            ({"JWKS_FILE": __file__}, "JWKS_FILE"), ({"KEY": "k" * 32, "LEEWAY": "x"}, "LEEWAY"),
            ({"KEY": "k" * 32, "ALGORITHMS": "none"}, "none"),
        ):  # fmt: skip
            error = self.assertRaises(ConfigurationError, self.manager, **variables)
            self.assertIn(told, str(error))
