"""From a request to its response: routes, middlewares, methods, formats."""

import asyncio

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import (
    AbstractMiddleware,
    APIError,
    ConfigurationError,
    JSONRenderer,
    MethodBasedView,
    Response,
    SimpleRouter,
    XMLRenderer,
    blocking,
)
from aiorest_gw.errors import InvalidHandler, InvalidRenderer
from aiorest_gw.messages import Request
from aiorest_gw.routing.dispatch import Dispatcher
from aiorest_gw.testing import call


def make_router():
    router = SimpleRouter()

    @router.get("/users/{id:int}", name="user", renderers=[JSONRenderer, XMLRenderer], colour="red")
    def user(request, id):
        return {"id": id, "args": request.args}

    @router.get("/fails")
    def fails(request):
        raise APIError("broken", status=409)

    @router.get("/created")
    def created(request):
        return Response("new", status=201)

    return router


class DispatchTests(SynchronousTestCase):
    def setUp(self):
        self.router = make_router()

    def test_not_found_and_not_allowed_are_told_apart_by_status(self):
        """The words are those of aiorest-ws in both cases."""
        unknown, wrong = call(self.router, "GET", "/no"), call(self.router, "PUT", "/users/5")
        self.assertEqual((404, 405), (unknown.status, wrong.status))
        self.assertEqual(unknown.detail, wrong.detail)

    def test_a_query_becomes_args_but_does_not_replace_them(self):
        answer = call(self.router, "GET", "/users/5?a=1&b=2&b=3&c=", args={"a": 9})
        self.assertEqual({"a": 9, "b": ["2", "3"], "c": ""}, answer.data["args"])
        answer = call(self.router, "GET", "/users/5?b=1&b=2&b=3")
        self.assertEqual({"b": ["1", "2", "3"]}, answer.data["args"])

    def test_a_url_that_is_too_long_is_refused(self):
        """Its escapes would be decoded before it is known to lead nowhere."""
        self.router.get("/{rest:path}")(lambda request, rest: len(rest))
        self.assertEqual(8191, call(self.router, "GET", "/" + "x" * 8191).data)
        for url in ("/" + "x" * 8192, "/%41" * 3000, "/users/5?a=" + "%41" * 3000):
            answer = call(self.router, "GET", url)
            self.assertEqual((400, True), (answer.status, "8192" in answer.detail))

    def test_a_query_of_too_many_arguments_is_refused(self):
        self.assertEqual(400, call(self.router, "GET", "/users/5?" + "a=1&" * 5000).status)

    def test_head_is_get_without_its_data(self):
        self.assertEqual((200, None), _pair(call(self.router, "HEAD", "/users/5")))
        self.assertEqual((201, None), _pair(call(self.router, "HEAD", "/created")))
        self.assertEqual((409, None), _pair(call(self.router, "HEAD", "/fails")))

    def test_options_tells_methods_and_formats(self):
        self.assertEqual(
            {"methods": ["GET", "HEAD", "OPTIONS"], "formats": ["json", "xml"]},
            call(self.router, "OPTIONS", "/users/5").data,
        )
        self.router.post("/only-post")(lambda request: None)
        self.assertEqual(
            ["OPTIONS", "POST"], call(self.router, "OPTIONS", "/only-post").data["methods"]
        )

    def test_a_view_may_answer_head_and_options_itself(self):
        self.router.register("/own", lambda request: request.method, ["HEAD", "OPTIONS"])
        self.assertEqual("HEAD", call(self.router, "HEAD", "/own").data)
        self.assertEqual("OPTIONS", call(self.router, "OPTIONS", "/own").data)

    def test_views_of_every_kind(self):
        """Plain, async, with a Deferred, with a coroutine inside, and blocking."""

        async def coroutine(request):
            await asyncio.sleep(0)
            return await succeed("async")

        @blocking
        def blocks(request):
            return "blocks"

        for view, expected in (
            (coroutine, "async"),
            (blocks, "blocks"),
            (lambda request: succeed("deferred"), "deferred"),
            (lambda request: Response("response"), "response"),
            (lambda request: succeed(Response("both")), "both"),
        ):
            router = SimpleRouter()
            router.get("/x")(view)
            self.assertEqual(expected, call(router, "GET", "/x").data)

    def test_a_blocking_view_of_a_class(self):
        ran = []

        class View(MethodBasedView):
            @blocking
            def get(self, request):
                return "blocked"

        self.router.register("/b", View)

        def run(function):
            ran.append(function)
            return function()

        response = Dispatcher(self.router, (), run).answer(Request("GET", "/b"))
        self.assertEqual(("blocked", 1), (response.data, len(ran)))

    def test_an_async_view_cannot_be_blocking(self):
        async def view(request):
            """Never called."""

        self.assertRaises(InvalidHandler, blocking, view)

    def test_the_format_is_chosen_among_the_views_renderers(self):
        dispatch = Dispatcher(self.router, (), lambda f: f())
        for args, expected in (
            ({}, "json"), ({"format": "xml"}, "xml"), ({"format": "yaml"}, "json"),
            ({"format": ["xml"]}, "json"),
        ):  # fmt: skip
            response = dispatch.answer(Request("GET", "/users/5", args=args))
            self.assertEqual(expected, response.renderer.format)

    def test_renderers_are_a_list_of_classes(self):
        for wrong in ("json", [JSONRenderer()], [dict], {JSONRenderer}, None):
            self.assertRaises(
                InvalidRenderer,
                self.router.register, "/r", lambda request: 1, "GET", renderers=wrong,
            )  # fmt: skip

    def test_a_response_that_views_share_is_not_changed(self):
        shared = Response("same")
        self.router.get("/shared", renderers=[XMLRenderer])(lambda request: shared)
        call(self.router, "HEAD", "/shared")
        self.assertEqual(("same", None), (shared.data, shared.renderer))


def _pair(answer):
    return answer.status, answer.data


class MiddlewareTests(SynchronousTestCase):
    def setUp(self):
        self.router = make_router()
        self.seen = []

    def wrapping(self, name):
        async def middleware(request, call_next):
            self.seen.append(f"{name} in")
            try:
                return await call_next(request)
            finally:
                self.seen.append(f"{name} out")

        return middleware

    def before(self, name, result=None):
        seen = self.seen

        class Before(AbstractMiddleware):
            def process_request(self, request, handler):
                seen.append(f"{name} {handler.colour if handler.attributes else ''}".strip())
                return result

        return Before

    def test_the_order_is_that_of_listing(self):
        middlewares = (
            self.wrapping("a"), self.before("b"), self.wrapping("c"), self.before("d", succeed(1)),
        )  # fmt: skip
        answer = call(self.router, "GET", "/users/5", middlewares=middlewares)
        self.assertEqual(5, answer.data["id"])
        self.assertEqual(["a in", "b red", "c in", "d red", "c out", "a out"], self.seen)

    def test_a_wrapper_sees_and_changes_responses(self):
        async def louder(request, call_next):
            response = await call_next(request)
            return Response({"was": response.data}, status=response.status + 1)

        answer = call(self.router, "GET", "/created", middlewares=(louder,))
        self.assertEqual((202, {"was": "new"}), _pair(answer))

    def test_a_wrapper_sees_and_changes_errors(self):
        """Those of unknown URLs and methods too."""

        async def softer(request, call_next):
            try:
                return await call_next(request)
            except APIError as error:
                return {"status": error.status}

        for method, url, expected in (
            ("GET", "/no", 404), ("PUT", "/fails", 405), ("GET", "/fails", 409), (None, "/fails", 400),
            ("GET", None, 400),
        ):  # fmt: skip
            answer = call(self.router, method, url, middlewares=(softer,))
            self.assertEqual((200, {"status": expected}), _pair(answer))

    def test_a_wrapper_need_not_be_async(self):
        answer = call(
            self.router, "GET", "/created", middlewares=(lambda request, call_next: "own",)
        )
        self.assertEqual("own", answer.data)

    def test_a_hook_before_views_refuses(self):
        class Closed(AbstractMiddleware):
            def process_request(self, request, handler):
                raise APIError("closed", status=403)

        class ClosedLater(AbstractMiddleware):
            async def process_request(self, request, handler):
                await asyncio.sleep(0)
                raise APIError("closed", status=403)

        for middleware in (Closed, ClosedLater):
            answer = call(self.router, "GET", "/created", middlewares=(middleware,))
            self.assertEqual((403, "closed"), (answer.status, answer.detail))

    def test_a_hook_before_views_is_not_asked_where_there_is_no_view(self):
        call(self.router, "GET", "/no", middlewares=(self.before("x"),))
        self.assertEqual([], self.seen)

    def test_a_hook_is_asked_before_the_method_is_looked_at(self):
        """As in aiorest-ws: a view that wants a token says so whatever the method."""
        call(self.router, "PUT", "/fails", middlewares=(self.before("x"),))
        self.assertEqual(["x"], self.seen)

    def test_what_a_middleware_sets_wins_over_what_the_client_sent(self):
        class Tenant(AbstractMiddleware):
            def process_request(self, request, handler):
                request.tenant = "ours"

        self.router.get("/tenant")(lambda request: request.tenant)
        for middlewares, expected in (((Tenant,), "ours"), ((), "theirs")):
            answer = call(self.router, "GET", "/tenant", middlewares=middlewares, tenant="theirs")
            self.assertEqual(expected, answer.data)

    def test_a_view_that_waits_behind_a_hook_that_waits(self):
        waiting: Deferred = Deferred()
        waiting.callback(None)

        async def view(request):
            await asyncio.sleep(0)
            return "late"

        self.router.get("/late")(view)
        answer = call(self.router, "GET", "/late", middlewares=(self.before("x", waiting),))
        self.assertEqual("late", answer.data)

    def test_what_is_no_middleware_is_refused(self):
        for wrong in (5, "x", object()):
            self.assertRaises(
                ConfigurationError, call, self.router, "GET", "/created", middlewares=(wrong,)
            )

    def test_a_view_tells_middlewares_its_attributes(self):
        class View(MethodBasedView):
            auth_required = True
            cost = 5

            def get(self, request):
                """Never called."""

        self.router.register("/v", View)
        _, bound, _ = self.router.find("/v", "GET")
        self.assertEqual((True, 5), (bound.view.auth_required, bound.view.cost))
        self.assertRaises(AttributeError, lambda: bound.view.nothing)
        self.assertRaises(AttributeError, lambda: bound.view._private)
