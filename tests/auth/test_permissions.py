"""A view that requires something is closed to all others, whatever middlewares there are."""

from twisted.internet.defer import succeed
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import AbstractPermission, IsAuthenticated, MethodBasedView, SimpleRouter, endpoint
from aiorest_gw.auth import User
from aiorest_gw.errors import ConfigurationError
from aiorest_gw.testing import call

ANN = User(id=1, username="ann", is_active=True, is_anonymous=False)


class Signs(AbstractPermission):
    @staticmethod
    async def check(request, handler):
        return await succeed(request.data == handler.phrase)


class PermissionTests(SynchronousTestCase):
    def setUp(self):
        self.router = SimpleRouter()
        self.ran = []

        reached = self.view

        class Mine(MethodBasedView):
            auth_required = True

            def get(self, request):
                return reached(request)

        @endpoint("/endpoint", "GET", permission_classes=[IsAuthenticated])
        def ours(request):
            return self.view(request)

        self.router.register("/class", Mine)
        self.router.register_endpoint(ours)
        self.router.get("/{id:int}", auth_required=True)(lambda request, id: self.view(request))
        later = self.router.get("/later", permission_classes=[Signs, IsAuthenticated], phrase="x")
        later(self.asynchronous)

    def view(self, request):
        self.ran.append(request.url)
        return "in"

    async def asynchronous(self, request):
        return await succeed(self.view(request))

    def test_without_a_middleware_that_authenticates_it_is_closed(self):
        for url, status in (("/class", 401), ("/endpoint", 403), ("/7", 401), ("/later", 403)):
            for method in ("GET", "HEAD", "OPTIONS"):
                self.assertEqual(status, call(self.router, method, url).status, (method, url))
        self.assertEqual([], self.ran)

    def test_whoever_found_out_the_user_opens_it(self):
        async def by_name(request, call_next):
            request.user = ANN
            return await call_next(request)

        for url in ("/class", "/endpoint", "/7"):
            self.assertEqual("in", call(self.router, "GET", url, middlewares=[by_name]).data)
            self.assertEqual("in", call(self.router, "GET", url, user=ANN).data)

    def test_a_permission_that_waits_is_waited_for(self):
        for data, user, status in (("x", ANN, 200), ("y", ANN, 403), ("x", User(), 403)):
            answer = call(self.router, "GET", "/later", data=data, user=user)
            self.assertEqual(status, answer.status, (data, user))
        self.assertEqual(["/later"], self.ran)

    def test_what_is_no_permission_is_refused_at_registration(self):
        class NeedsAnInstance:
            def check(self, request, handler):
                return True

        for wrong in (IsAuthenticated, "IsAuthenticated", [str], [None], [NeedsAnInstance]):
            register = self.router.get("/wrong", permission_classes=wrong)
            self.assertRaises(ConfigurationError, register, lambda request: 1)
        register = self.router.get("/right", permission_classes=[NeedsAnInstance()])
        register(lambda request: 1)
        self.assertEqual(1, call(self.router, "GET", "/right").data)
