"""The how-to's example does what the how-to says."""

import runpy
from pathlib import Path

from twisted.trial.unittest import TestCase

from aiorest_gw.auth import JSONWebTokenManager, TokenRevokedException
from aiorest_gw.testing import ask

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/examples/authentication_accounts.py"
ANN = {"username": "ann", "password": "correct horse"}


class ExampleTests(TestCase):
    def setUp(self):
        self.example = runpy.run_path(str(EXAMPLE))
        manager = JSONWebTokenManager("k" * 32)
        self.factory = self.example["AccountsFactory"](self.mktemp(), manager)
        self.addCleanup(self.factory.store.close)

    async def ask(self, method, url, **options):
        answer = await ask(
            self.example["router"], method, url, factory=self.factory,
            middlewares=self.factory.middlewares, **options,
        )  # fmt: skip
        return answer.status, answer.data if answer.detail is None else answer.detail

    async def log_in(self, **changed):
        status, data = await self.ask("POST", "/login", data=ANN | changed)
        self.assertEqual(200, status)
        return data["token"]

    async def test_who_signed_up_can_log_in_and_out(self):
        self.assertEqual((201, {"username": "ann"}), await self.ask("POST", "/users", data=ANN))
        self.assertEqual(409, (await self.ask("POST", "/users", data=ANN))[0])
        token = await self.log_in()
        self.assertEqual(401, (await self.ask("GET", "/me"))[0])
        self.assertEqual((200, {"username": "ann"}), await self.ask("GET", "/me", token=token))
        self.assertEqual(200, (await self.ask("POST", "/logout", token=token))[0])
        self.assertEqual(
            (401, TokenRevokedException.default_detail), await self.ask("GET", "/me", token=token)
        )

    async def test_a_wrong_name_or_password_gets_no_token(self):
        await self.ask("POST", "/users", data=ANN)
        for changed in ({"username": "bob"}, {"password": "wrong horse"}):
            status, detail = await self.ask("POST", "/login", data=ANN | changed)
            self.assertEqual((401, "This name and password do not fit."), (status, detail))

    async def test_a_new_password_ends_every_session(self):
        await self.ask("POST", "/users", data=ANN)
        tokens = [await self.log_in(), await self.log_in()]
        for old, status in (("wrong horse", 401), (ANN["password"], 200)):
            data = {"old": old, "new": "battery staple"}
            answer = await self.ask("PUT", "/password", data=data, token=tokens[0])
            self.assertEqual(status, answer[0])
        for token in tokens:
            self.assertEqual(401, (await self.ask("GET", "/me", token=token))[0])
        fresh = await self.log_in(password="battery staple")
        self.assertEqual(200, (await self.ask("GET", "/me", token=fresh))[0])
        self.assertEqual(401, (await self.ask("POST", "/login", data=ANN))[0])
