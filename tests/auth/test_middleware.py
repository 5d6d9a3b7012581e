"""Who a request is made by, and whom a view lets through."""

import asyncio

from twisted.internet.defer import succeed
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import AbstractPermission, ConfigurationError, IsAuthenticated, SimpleRouter
from aiorest_gw.auth import (
    AbstractUser,
    JSONWebTokenManager,
    JSONWebTokenMiddleware,
    TokenRevokedException,
    User,
)
from aiorest_gw.auth.passwords import hash_password, verify_password
from aiorest_gw.testing import call

MANAGER = JSONWebTokenManager("k" * 32)


class Later(AbstractPermission):
    @staticmethod
    async def check(request, handler):
        await asyncio.sleep(0)
        return request.user.has_permission("later")


class Users:
    def get_user_by_token_payload(self, payload):
        known = {"1": User(id=1, username="ann", is_active=True, is_anonymous=False),
                 "2": User(id=2, username="bob", is_active=False, is_anonymous=False)}  # fmt: skip
        return succeed(known.get(payload.get("sub")))


class Tokens:
    def is_revoked(self, payload):
        return payload.get("revoked", False)


class MiddlewareTests(SynchronousTestCase):
    def ask(self, token, url="/who", **stores):
        router = SimpleRouter()
        router.get("/who")(
            lambda request: [request.user.username, request.token_payload is not None]
        )
        router.get("/mine", auth_required=True)(lambda request: request.user.username)
        router.get("/later", permission_classes=(IsAuthenticated, Later))(lambda request: "in")
        return call(router, "GET", url, token=token,
                    middlewares=(JSONWebTokenMiddleware(MANAGER, **stores),))  # fmt: skip

    def test_without_a_store_the_user_is_who_the_token_says(self):
        self.assertEqual(
            ["ann", True], self.ask(MANAGER.generate({"username": "ann"}, sub="1")).data
        )
        self.assertEqual(["1", True], self.ask(MANAGER.generate(sub="1")).data)
        self.assertEqual(["", True], self.ask(MANAGER.generate()).data)
        self.assertEqual(["", False], self.ask(None).data)
        self.assertEqual(["", False], self.ask("").data)

    def test_permissions_of_the_token_count(self):
        for permissions, status in (
            (["later"], 200),
            ([], 403),
            ("later", 403),
            ([["later"]], 403),
        ):
            token = MANAGER.generate({"permissions": permissions}, sub="1")
            self.assertEqual(status, self.ask(token, "/later").status, permissions)

    def test_the_store_says_who_a_user_is(self):
        """One whom it does not know, or who is not active, is refused."""
        for subject, status in (("1", 200), ("2", 401), ("3", 401)):
            answer = self.ask(MANAGER.generate(sub=subject), "/mine", users=Users())
            self.assertEqual(status, answer.status)

    def test_a_revoked_token_is_refused(self):
        answer = self.ask(MANAGER.generate({"revoked": True}), tokens=Tokens())
        self.assertEqual(
            (401, TokenRevokedException.default_detail), (answer.status, answer.detail)
        )
        self.assertEqual(200, self.ask(MANAGER.generate(), tokens=Tokens()).status)

    def test_a_subclass_may_hold_the_settings(self):
        """And is given as a class, as in aiorest-ws."""

        class Ours(JSONWebTokenMiddleware):
            manager = MANAGER

        router = SimpleRouter()
        router.get("/who")(lambda request: request.user.id)
        answer = call(router, "GET", "/who", token=MANAGER.generate(sub="5"), middlewares=(Ours,))
        self.assertEqual("5", answer.data)
        self.assertRaises(ConfigurationError, JSONWebTokenMiddleware)


class UserTests(SynchronousTestCase):
    def test_a_user_in_the_terms_of_aiorest_ws(self):
        user = User(id=1, username="ann", first_name="Ann", last_name="Lee", permissions=["p"],
                    is_active=True, is_anonymous=False)  # fmt: skip
        self.assertEqual(("Ann Lee", True, True, False), (
            user.get_fullname(), user.is_user, user.has_permission("p"), user.has_permission("q")))  # fmt: skip
        self.assertFalse(User(permissions=["p"]).has_permission("p"))
        self.assertIsInstance(user, AbstractUser)
        self.assertFalse(User(is_anonymous=False, is_staff=True).is_user)


class PasswordTests(SynchronousTestCase):
    def test_what_is_stored_badly_matches_nothing(self):
        good = hash_password("p", b"s" * 16)
        for stored in ("", "p", good[:-3], good.replace("scrypt", "md5"), "scrypt$1$2$3$x$y",
                       good.replace("$16384$", "$99999999$"), good.replace("$1$", "$99$"), "$$$$$"):  # fmt: skip
            self.assertFalse(verify_password("p", stored), stored)

    def test_any_text_is_a_password(self):
        for password in ("ä€😀", "\ud800", "x" * 10_000, "\x00"):
            self.assertTrue(verify_password(password, hash_password(password, b"s" * 16)))
