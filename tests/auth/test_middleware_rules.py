"""Who makes a request is found out once, and every permission is asked in its order."""

import inspect

from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import AbstractPermission, IsAuthenticated, Request, SimpleRouter
from aiorest_gw.auth import (
    ANONYMOUS,
    JSONWebTokenManager,
    JSONWebTokenMiddleware,
    TokenRevokedException,
    User,
)
from aiorest_gw.errors import (
    BaseAuthException,
    ConfigurationError,
    ParsingTokenException,
    PermissionDeniedException,
    ServiceUnavailable,
    TokenNotProvidedException,
)
from aiorest_gw.routing.dispatch import Dispatcher

MANAGER = JSONWebTokenManager("k" * 32)
ANN = User(id=1, username="ann", is_active=True, is_anonymous=False)


def answering(result):
    class Permission(AbstractPermission):
        @staticmethod
        def check(request, handler):
            return result

    return Permission


class Users(dict):
    """A store; false, as long as it is empty."""

    def get_user_by_token_payload(self, payload):
        return self.get(payload["sub"])


class Tokens:
    def __init__(self, answer):
        self.answer = answer

    def is_revoked(self, payload):
        return self.answer


class MiddlewareTests(SynchronousTestCase):
    def process(self, request, requires=None, **stores):
        """Ask for a view that requires something, to the request's end."""
        router = SimpleRouter()
        router.get("/", **(requires or {}))(lambda request: "in")
        middlewares = [JSONWebTokenMiddleware(MANAGER, **stores)]
        request.method, request.url = "GET", "/"

        async def run():
            response = Dispatcher(router, middlewares, lambda call: call()).answer(request)
            if inspect.isawaitable(response):
                await response

        results = []
        Deferred.fromCoroutine(run()).addBoth(results.append)
        [result] = results
        if isinstance(result, Failure):
            result.raiseException()
        return request

    def refuse(self, error, request, requires=None, **stores):
        return self.assertRaises(error, self.process, request, requires, **stores)

    def token(self, **claims):
        return Request(token=MANAGER.generate(claims))

    def test_a_request_without_a_token_is_nobodys(self):
        for nothing in (None, ""):
            request = self.process(Request(token=nothing))
            self.assertIs(ANONYMOUS, request.user)
            self.assertIsNone(request.token_payload)
            self.refuse(TokenNotProvidedException, Request(token=nothing), {"auth_required": True})

    def test_what_is_no_token_is_refused_on_every_view(self):
        for wrong in (0, False, [], {}, "x", b"x", 5):
            self.refuse(ParsingTokenException, Request(token=wrong))

    def test_a_token_is_only_looked_for_in_the_request(self):
        """Not in the session, where an earlier request may have left one."""
        from aiorest_gw import Session

        session = Session("s", data={"token": MANAGER.generate(sub="1")})
        request = Request()
        request.session = session
        self.assertIs(ANONYMOUS, self.process(request).user)

    def test_without_a_store_the_claims_say_who_it_is(self):
        for claims, user in (
            ({"sub": "1"}, ("1", "1", True)),
            ({"sub": "1", "username": "ann"}, ("1", "ann", True)),
            ({"username": "ann"}, (None, "ann", True)),
            ({"sub": "1", "username": None}, ("1", "", True)),
            ({}, (None, "", False)),
            ({"sub": ""}, (None, "", False)),
            ({"username": None}, (None, "", False)),
        ):
            found = self.process(self.token(**claims)).user
            self.assertEqual(user, (found.id, found.username, found.is_authenticated()), claims)

    def test_a_store_that_is_empty_is_asked_all_the_same(self):
        self.refuse(BaseAuthException, self.token(sub="1"), users=Users())
        self.assertIs(ANN, self.process(self.token(sub="1"), users=Users({"1": ANN})).user)

    def test_a_store_may_answer_later(self):
        answer = Deferred()
        users = Users({"1": answer})
        request = self.token(sub="1")
        waiting = JSONWebTokenMiddleware(MANAGER, users).process_request(request, None)
        done = Deferred.fromCoroutine(waiting)
        self.assertNoResult(done)
        answer.callback(ANN)
        self.successResultOf(done)
        self.assertIs(ANN, request.user)

    def test_an_inactive_user_is_refused(self):
        bob = User(id=2, username="bob", is_anonymous=False)
        error = self.refuse(BaseAuthException, self.token(sub="2"), users=Users({"2": bob}))
        self.assertEqual(401, error.status)

    def test_a_user_need_not_be_of_our_class(self):
        class Theirs:
            is_active = True

        theirs = Theirs()
        request = self.process(self.token(sub="3"), users=Users({"3": theirs}))
        self.assertIs(theirs, request.user)

    def test_revoked_tokens_are_refused_whenever_the_store_says_so(self):
        for answer in (True, succeed(True)):
            error = self.refuse(TokenRevokedException, self.token(sub="1"), tokens=Tokens(answer))
            self.assertEqual((401, "Token has been revoked."), (error.status, error.detail))
        for answer in (False, succeed(False)):
            self.process(self.token(sub="1"), tokens=Tokens(answer))

    def test_nobody_is_let_in_where_it_cannot_be_told(self):
        """A store that fails is a failure, and not a yes."""
        request = self.token(sub="1")
        self.refuse(ServiceUnavailable, request, tokens=Tokens(fail(ServiceUnavailable())))
        self.assertIs(ANONYMOUS, request.user)

    def test_what_a_permission_says_counts_in_each_form(self):
        async def later(result):
            return result

        for allowed in (True, 1, "yes"):
            for form in (lambda x: x, succeed, later):
                view = {"permission_classes": [answering(form(allowed))]}
                self.process(self.token(sub="1"), view)
        for denied in (False, None, 0, ""):
            for form in (lambda x: x, succeed, later):
                view = {"permission_classes": [answering(True), answering(form(denied))]}
                self.refuse(PermissionDeniedException, self.token(sub="1"), view)

    def test_permissions_are_asked_in_order_until_one_denies(self):
        asked = []

        def noting(name, result):
            class Noting(AbstractPermission):
                @staticmethod
                def check(request, handler):
                    asked.append((name, request.user.username, handler.cost))
                    return result

            return Noting

        permissions = [noting("a", True), noting("b", False), noting("c", True)]
        view = {"auth_required": True, "permission_classes": permissions, "cost": 5}
        self.refuse(PermissionDeniedException, self.token(sub="1"), view)
        self.assertEqual([("a", "1", 5), ("b", "1", 5)], asked)

    def test_permissions_are_asked_though_no_token_is_required(self):
        view = {"permission_classes": [IsAuthenticated]}
        error = self.refuse(PermissionDeniedException, Request(), view)
        self.assertEqual(403, error.status)
        self.process(Request(), {"permission_classes": [answering(True)]})
        self.process(self.token(sub="1"), view)

    def test_a_subclass_holds_what_a_class_is_made_with(self):
        class Ours(JSONWebTokenMiddleware):
            manager = MANAGER
            users = Users({"1": ANN})
            tokens = Tokens(False)

        request = self.token(sub="1")
        self.successResultOf(Deferred.fromCoroutine(Ours().process_request(request, None)))
        self.assertIs(ANN, request.user)

    def test_a_middleware_without_a_manager_is_refused(self):
        error = self.assertRaises(ConfigurationError, JSONWebTokenMiddleware)
        self.assertIn("manager", str(error))


class UserTests(SynchronousTestCase):
    def test_nobody_may_do_anything(self):
        self.assertEqual(
            (False, False, False, ""),
            (
                ANONYMOUS.is_authenticated(),
                ANONYMOUS.is_user,
                ANONYMOUS.has_permission("p"),
                ANONYMOUS.get_fullname(),
            ),
        )

    def test_a_user_cannot_be_changed_and_has_no_password(self):
        self.assertRaises(AttributeError, setattr, ANN, "is_staff", True)
        self.assertFalse(hasattr(ANN, "password"))

    def test_permissions_in_one_text_are_a_mistake(self):
        """They would be its letters."""
        self.assertRaises(TypeError, User, permissions="write")
