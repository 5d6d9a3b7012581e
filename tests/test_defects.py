"""The known defects of aiorest-ws, each shown not to be repeated here.

A1, A2, A6 and A7 are shown on recorded messages too, in ``test_compatibility``. A9 (old Pythons) is shown
by these tests running at all, A13 in ``accounts/test_sqlite``; A15, A16 and A17 are of serializers and
settings, A19 of a command line and documents that this project does not have.
"""

import hashlib
import hmac
import json
import time
from base64 import b64encode

from twisted.internet.defer import Deferred

from aiorest_gw import AbstractPermission, Application, IsAuthenticated, SimpleRouter, endpoint
from aiorest_gw.auth import (
    JSONWebTokenManager,
    JSONWebTokenMiddleware,
    LegacyTokenVerifier,
    User,
)
from aiorest_gw.auth.passwords import hash_password, verify_password
from aiorest_gw.errors import (
    ConfigurationError,
    TokenExpiredException,
    TokenNotBeforeException,
    TokenNotProvidedException,
)
from aiorest_gw.testing import GatewayTestCase, call

KEY = "k" * 32


def make_router():
    router = SimpleRouter()
    router.get("/open")(lambda request: request.user.is_authenticated())
    router.get("/mine", auth_required=True, permission_classes=(IsAuthenticated,))(
        lambda request: request.user.username
    )
    return router


class DefectTests(GatewayTestCase):
    def test_a1_one_clients_keys_do_not_reach_another(self):
        """Keys named like attributes of a request harm nobody, now or later."""
        factory = self.serve(make_router())
        attacker, victim = self.connect(factory), self.connect(factory)
        for key in ("to_representation", "get_argument", "_method", "method", "__class__", "__dict__",
                    "__init__", "user", "extra", "__getattr__", "args"):  # fmt: skip
            attacker.send({"method": "GET", "url": "/open", key: 1})
            self.assertEqual(False, victim.request("GET", "/open").data, key)

    def test_a2_a_view_that_fails_is_answered(self):
        router = make_router()
        router.get("/bug")(lambda request: 1 / 0)
        self.assertEqual(500, self.connect(self.serve(router)).request("GET", "/bug").status)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_a3_what_a_permission_says_counts(self):
        """A token that verifies is not enough."""

        class Never(AbstractPermission):
            @staticmethod
            def check(request, handler):
                return False

        router = make_router()
        router.get("/never", permission_classes=(IsAuthenticated, Never))(lambda request: "in")
        manager = JSONWebTokenManager(KEY)
        middlewares = (JSONWebTokenMiddleware(manager),)
        nobody, known = manager.generate(), manager.generate({"username": "ann"}, sub="1")
        for url, token, status in (
            ("/mine", nobody, 403), ("/mine", known, 200), ("/mine", None, 401),
            ("/never", known, 403), ("/never", None, 403), ("/open", None, 200),
            ("/open", "garbage", 401),
        ):  # fmt: skip
            answer = call(router, "GET", url, token=token, middlewares=middlewares)
            self.assertEqual(status, answer.status, (url, answer))

    def test_a4_there_is_no_key_but_the_operators(self):
        self.assertRaises(ConfigurationError, JSONWebTokenManager)
        self.assertRaises(ConfigurationError, JSONWebTokenManager, "secret_key")
        self.assertRaises(ConfigurationError, LegacyTokenVerifier, "secret_key")
        self.assertRaises(ConfigurationError, JSONWebTokenMiddleware)

    def test_a5_times_of_a_token_are_the_right_way_round(self):
        now = 1_000_000
        manager = JSONWebTokenManager(KEY, now=lambda: now)
        future, past = manager.generate(nbf=60), manager.generate(nbf=-60, exp=60)
        expired = manager.generate(exp=0)
        self.assertRaises(TokenNotBeforeException, manager.verify, future)
        self.assertEqual(now + 60, manager.verify(past)["exp"])
        self.assertRaises(TokenExpiredException, manager.verify, expired)

    def test_a6_a_route_answers_only_its_methods(self):
        router = SimpleRouter()

        @endpoint("/e", "GET")
        def view(request):
            return "got"

        router.register_endpoint(view)
        self.assertEqual(405, call(router, "POST", "/e").status)

    def test_a7_no_attribute_is_reached_by_name(self):
        for method in ("dispatch", "__init__", "__class__", "renderers", "get_renderer", "GET\x00"):
            self.assertEqual(405, call(make_router(), method, "/open").status)

    def test_a8_a_view_that_waits_delays_nobody(self):
        router = make_router()
        router.get("/slow")(lambda request: Deferred())
        factory = self.serve(router)
        slow, quick = self.connect(factory), self.connect(factory)
        slow.send({"method": "GET", "url": "/slow"})
        self.assertEqual(200, quick.request("GET", "/open").status)
        self.assertEqual(200, slow.request("GET", "/open").status)

    def test_a10_nothing_of_a_request_is_logged(self):
        """Neither its arguments nor its token, whatever happens to it."""
        from twisted.logger import globalLogPublisher

        events = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        router = make_router()
        router.get("/bug")(lambda request: 1 / 0)
        client = self.connect(self.serve(router))
        for url in ("/open", "/bug", "/no"):
            client.request("GET", url, args={"password": "hunter2"}, token="t0ken")
        self.flushLoggedErrors(ZeroDivisionError)
        from twisted.logger import formatEvent

        text = " ".join(formatEvent(event) + str(event.get("log_failure", "")) for event in events)
        self.assertIn("a view failed", text)
        for secret in ("hunter2", "t0ken"):
            self.assertNotIn(secret, text)

    def test_a11_passwords_are_salted_and_slow_and_checked(self):
        one, two = hash_password("pass", b"1" * 16), hash_password("pass", b"2" * 16)
        self.assertNotEqual(one, two)
        self.assertTrue(one.startswith("scrypt$16384$"))
        self.assertTrue(verify_password("pass", one))
        self.assertFalse(verify_password("Pass", one))
        self.assertFalse(User().is_authenticated())

    def test_a12_two_applications_share_nothing(self):
        """Neither middlewares, nor routers, nor addresses, nor options."""

        class Middleware:
            def process_request(self, request, handler):
                """Lets everything through."""

        one = Application(middlewares=(Middleware,), tenant="one")
        two = Application(tenant="two")
        first = one.make_service(port=0, router=make_router(), reactor=self.clock)
        second = two.make_service(port=0, path="api", reactor=self.clock)
        self.assertEqual((1, 0), (len(first.factory.middlewares), len(second.factory.middlewares)))
        self.assertEqual(("/", "/api"), (first.factory.path, second.factory.path))
        self.assertEqual(
            ("one", "two"), (first.factory.shared["tenant"], second.factory.shared["tenant"])
        )
        self.assertIsNot(first.factory.router, second.factory.router)
        self.assertIsNot(first.factory.admission, second.factory.admission)

    def test_a14_defaults_are_safe(self):
        """Size, connections, heartbeat, path, origin, compression, and no page that tells a version."""
        factory = self.serve(make_router())
        self.assertEqual(
            (2**20, 2**20, 25, 10, 5, False, False),
            (
                factory.maxMessagePayloadSize, factory.maxFramePayloadSize, factory.autoPingInterval,
                factory.autoPingTimeout, factory.openHandshakeTimeout, factory.webStatus,
                factory.failByDrop,
            ),
        )  # fmt: skip
        self.assertEqual((10_000, 100), (factory.limits.max_connections,
                                         factory.limits.max_connections_per_address))  # fmt: skip
        self.assertIn("404", self.connect(factory, path="/anything").refusal)
        self.assertIn("403", self.connect(factory, headers={"Origin": "null"}).refusal)
        self.assertEqual(
            [], self.connect(factory, compress=True).server.websocket_extensions_in_use
        )

    def test_a20_the_number_of_routes_costs_a_request_nothing(self):
        """However many there are, only what lies on the path is looked at."""
        tried = []

        def parse(text):
            tried.append(text)
            return text

        router = SimpleRouter()
        router.add_type("counted", parse)
        for number in range(2000):
            router.get(f"/items{number}/{{id:counted}}/parts")(lambda request, id: id)
        self.assertEqual("5", call(router, "GET", "/items1999/5/parts").data)
        self.assertEqual(["5"], tried)

    def test_a18_urls_are_escaped_and_take_numbers(self):
        router = SimpleRouter()
        router.get("/a/{id}/{x}", name="a")(lambda request, id, x: x)
        self.assertEqual(
            "/a/1/%20%26x?q=a+b%26c", router.reverse("a", 1, " &x", query={"q": "a b&c"})
        )


class LegacyTokenTests(GatewayTestCase):
    """aiorest-ws's own tokens are verified where that is asked for, and only there."""

    def token(self, payload, key="the legacy key", algorithm="HS256"):
        parts = [
            b64encode(json.dumps(part).encode()).decode()
            for part in ({"typ": "JWT", "alg": algorithm}, payload)
        ]
        digest = hmac.new(key.encode(), ".".join(parts).encode(), hashlib.sha256).hexdigest()
        return ".".join([*parts, b64encode(digest.encode()).decode()])

    def test_they_are_off_by_default(self):
        self.assertRaises(Exception, JSONWebTokenManager(KEY).verify, self.token({"a": 1}))

    def test_they_are_verified_beside_the_others(self):
        manager = JSONWebTokenManager(KEY, legacy=LegacyTokenVerifier("the legacy key"))
        self.assertEqual({"a": 1}, manager.verify(self.token({"a": 1})))
        self.assertEqual("x", manager.verify(manager.generate({"a": "x"}))["a"])

    def test_every_fault_of_one_is_told(self):
        manager = JSONWebTokenManager(
            KEY, legacy=LegacyTokenVerifier("the legacy key"), now=lambda: 1000
        )
        for token, expected in (
            (self.token({}, key="other"), "InvalidSignatureException"),
            (self.token({}, algorithm="none"), "InvalidSignatureException"),
            (self.token({"exp": 999}), "TokenExpiredException"),
            (self.token({"exp": 0}), "TokenExpiredException"),
            (self.token({"nbf": 1001}), "TokenNotBeforeException"),
            (self.token({"exp": "soon"}), "ParsingTokenException"),
            (self.token([1]), "ParsingTokenException"),
            ("a.b", "ParsingTokenException"),
            ("a.b.c", "ParsingTokenException"),
            ("ä.b.c", "ParsingTokenException"),
            ("e30=.W10=.W10=", "ParsingTokenException"),
        ):
            error = self.assertRaises(Exception, manager.verify, token)
            self.assertEqual(expected, type(error).__name__, token)
        self.assertEqual({"nbf": 999}, manager.verify(self.token({"nbf": 999})))

    def test_unknown_algorithms_are_refused(self):
        for algorithms in ((), ("none",), ("HS256", "RS256")):
            self.assertRaises(ConfigurationError, LegacyTokenVerifier, "legacy", algorithms)


class TokenErrorTests(GatewayTestCase):
    def test_a_view_that_needs_a_token_says_so_in_the_words_of_aiorest_ws(self):
        manager = JSONWebTokenManager(KEY, now=time.time)
        answer = call(make_router(), "GET", "/mine", middlewares=(JSONWebTokenMiddleware(manager),))
        self.assertEqual(TokenNotProvidedException.default_detail, answer.detail)
