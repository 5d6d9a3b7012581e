"""Tokens that were revoked stay revoked as long as they could be used."""

import hashlib
import sqlite3

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from aiorest_gw.accounts import SQLiteStore, SQLiteTokens
from aiorest_gw.auth import JSONWebTokenManager
from aiorest_gw.errors import ParsingTokenException


class TokenTests(TestCase):
    def setUp(self):
        self.now = 1000.0
        self.path = self.mktemp()
        self.store = SQLiteStore(self.path)
        self.addCleanup(self.store.close)
        self.tokens = SQLiteTokens(self.store, now=lambda: self.now, leeway=30)

    def rows(self, table):
        connection = sqlite3.connect(self.path)
        self.addCleanup(connection.close)
        return connection.execute(f"SELECT * FROM {table}").fetchall()

    async def revoked(self, *ids):
        return [await self.tokens.is_revoked({"jti": jti}) for jti in ids]

    async def test_a_revoked_token_is_not_forgotten_while_the_leeway_accepts_it(self):
        manager = JSONWebTokenManager("k" * 32, now=lambda: self.now, leeway=30)
        token = manager.generate(exp=10)
        await self.tokens.revoke(manager.verify(token))
        self.now += 39
        await self.tokens.revoke({"jti": "another"})
        self.assertTrue(await self.tokens.is_revoked(manager.verify(token)))

    async def test_what_has_expired_is_forgotten(self):
        await self.tokens.revoke({"jti": "a", "exp": 1100})
        await self.tokens.save({"jti": "b", "sub": "1", "exp": 1100})
        self.now = 1131
        await self.tokens.revoke({"jti": "c", "exp": 2000})
        self.assertEqual(1, len(self.rows("revoked_token")))
        self.assertEqual([], self.rows("saved_token"))

    async def test_all_saved_tokens_of_one_user_are_revoked_and_no_others(self):
        for jti, user in (("a", "1"), ("b", "1"), ("c", "2")):
            await self.tokens.save({"jti": jti, "sub": user, "exp": 2000})
        self.assertEqual([False, False, False], await self.revoked("a", "b", "c"))
        await self.tokens.revoke_user(1)
        self.assertEqual([True, True, False], await self.revoked("a", "b", "c"))
        await self.tokens.save({"jti": "d", "sub": "1", "exp": 2000})
        self.assertEqual([True, False], await self.revoked("a", "d"))

    async def test_revoking_again_is_no_error(self):
        await self.tokens.save({"jti": "a", "sub": "1"})
        for _ in range(2):
            await self.tokens.revoke({"jti": "a"})
            await self.tokens.revoke_user("1")
        self.assertEqual([True], await self.revoked("a"))

    async def test_saving_does_not_bring_a_revoked_token_back(self):
        await self.tokens.revoke({"jti": "a", "sub": "1"})
        await self.tokens.save({"jti": "a", "sub": "1"})
        self.assertEqual([True], await self.revoked("a"))

    async def test_only_hashes_are_kept(self):
        await self.tokens.save({"jti": "secret-id", "sub": "1", "exp": 2000, "email": "a@b"})
        await self.tokens.revoke({"jti": "secret-id", "exp": 2000, "email": "a@b"})
        key = hashlib.sha256(b"secret-id").hexdigest()
        self.assertEqual([(key, 2000.0)], self.rows("revoked_token"))
        self.assertEqual([(key, "1", 2000.0)], self.rows("saved_token"))

    async def test_any_id_and_any_expiry_can_be_kept(self):
        for jti, exp in (("\ud800", 1100.5), ("", None), ("x" * 10_000, 10**400), ("y", 2**70)):
            await self.tokens.revoke({"jti": jti, "exp": exp})
            self.assertEqual([True], await self.revoked(jti))

    async def test_a_token_that_cannot_be_known_again_is_not_saved(self):
        for payload in ({}, {"jti": "a"}, {"sub": "1"}, {"jti": 5, "sub": "1"}):
            self.assertRaises(ParsingTokenException, self.tokens.save, payload)

    async def test_every_method_returns_a_deferred(self):
        payload = {"jti": "a", "sub": "1"}
        for waiting in (
            self.tokens.save(payload),
            self.tokens.revoke(payload),
            self.tokens.revoke_user("1"),
            self.tokens.is_revoked(payload),
        ):
            self.assertIsInstance(waiting, Deferred)
            await waiting
