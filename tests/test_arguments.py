"""The obvious mistakes of whoever sets a gateway up: each is told where it is made."""

import attrs
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import (
    AbstractMiddleware,
    Application,
    ConfigurationError,
    IsAuthenticated,
    JSONRenderer,
    MethodBasedView,
    RequestHandlerFactory,
    SimpleRouter,
    XMLRenderer,
    blocking,
)
from aiorest_gw.errors import (
    EndpointValueError,
    InvalidHandler,
    InvalidRenderer,
    NotSupportedArgumentType,
)
from aiorest_gw.testing import GatewayTestCase, call
from aiorest_gw.wire.renderers import BaseRenderer


def view(request):
    return "seen"


class Items(MethodBasedView):
    def get(self, request):
        return "seen"


class ViewTests(SynchronousTestCase):
    def setUp(self):
        self.router = SimpleRouter()

    def test_keywords_protect_a_class_too(self):
        self.router.register("/a", Items, auth_required=True)
        self.router.register("/b", Items, permission_classes=[IsAuthenticated])
        self.router.register("/c", Items, renderers=[JSONRenderer, XMLRenderer])
        self.assertEqual(401, call(self.router, "GET", "/a").status)
        self.assertEqual(403, call(self.router, "GET", "/b").status)
        self.assertEqual(["json", "xml"], call(self.router, "OPTIONS", "/c").data["formats"])

    def test_protection_that_is_misspelt_is_told(self):
        for wrong in ("auth_requird", "permission_class", "permision_classes", "renderer"):
            register = self.router.get("/x", **{wrong: True})
            error = self.assertRaises(ConfigurationError, register, view)
            self.assertIn("meant?", error.args[0])
            kind = type("Misspelt", (Items,), {wrong: True})
            self.assertRaises(ConfigurationError, self.router.register, "/y", kind)
        register = self.router.get("/x", auth_required="no")
        self.assertRaises(ConfigurationError, register, view)

    def test_the_request_comes_first(self):
        register = self.router.get("/{a:int}")
        self.assertRaises(InvalidHandler, register, lambda a, request: a)

    def test_blocking_belongs_below_what_registers(self):
        registered = self.router.get("/x")(lambda request: 1)
        self.assertRaises(InvalidHandler, blocking, registered)
        self.assertRaises(InvalidHandler, blocking, Items)

    def test_a_view_is_a_class_that_nothing_has_to_be_given_to(self):
        class Needs(Items):
            def __init__(self, database):
                pass

        self.assertRaises(InvalidHandler, self.router.register, "/x", Needs)
        error = self.assertRaises(InvalidHandler, self.router.register, "/x", Items())
        self.assertIn("give its class", str(error))

    def test_bodies_are_of_types_that_can_be_read(self):
        class Plain:
            title: str

        for hint in (Plain, list[Plain], Plain | None, dict[str, tuple[Plain, int]]):

            def create(request, body):
                pass

            create.__annotations__["body"] = hint
            error = self.assertRaises(InvalidHandler, self.router.post("/x"), create)
            self.assertIn("@attrs.frozen", str(error))

        @attrs.frozen
        class Tree:
            children: list[dict]

        create.__annotations__["body"] = list[Tree]
        self.router.post("/x")(create)

    def test_verbs_and_paths_of_other_kinds_are_told(self):
        for verb in ("GTE", "PSOT", "DELTE"):
            self.assertRaises(NotSupportedArgumentType, self.router.register, "/x", view, verb)
        self.router.register("/purge", view, "PURGE")
        for path in ("/x/<int:a>", "/x/:a", "/x/*", "/x?a=1", "/x#y", "/x/{int:a}"):
            self.assertRaises(EndpointValueError, self.router.register, path, view, "GET")
        self.router.register("/x:y/a:", view, "GET")

    def test_a_renderer_has_a_format(self):
        class Nameless(BaseRenderer):
            pass

        for wrong in ([Nameless], JSONRenderer, ["json"]):
            self.assertRaises(InvalidRenderer, self.router.get("/x", renderers=wrong), view)

    def test_one_value_of_a_query_may_be_a_list(self):
        @self.router.get("/tags")
        def tags(request, tags: list[str], numbers: list[int] | None = None, name: str = ""):
            return [tags, numbers, name]

        for query, found in (
            ("tags=a", [["a"], None, ""]),
            ("tags=a&tags=b&numbers=1&name=x", [["a", "b"], [1], "x"]),
        ):
            self.assertEqual(found, call(self.router, "GET", f"/tags?{query}").data)
        self.assertEqual(422, call(self.router, "GET", "/tags", args={"tags": 5}).status)


class MiddlewareTests(SynchronousTestCase):
    def test_what_could_never_be_called_is_told(self):
        class Misspelt(AbstractMiddleware):
            def proces_request(self, request, handler):
                pass

        class TooFew(AbstractMiddleware):
            def process_request(self, request):
                pass

        class Needs:
            def __init__(self, manager):
                pass

        async def one_argument(request):
            pass

        for wrong in (Misspelt, Misspelt(), TooFew, Needs, one_argument, object(), "x"):
            self.assertRaises(ConfigurationError, RequestHandlerFactory, middlewares=[wrong])

    def test_one_that_forgets_the_answer_is_an_error(self):
        router = SimpleRouter()
        router.get("/x")(view)

        async def forgets(request, call_next):
            await call_next(request)

        error = self.assertRaises(TypeError, call, router, "GET", "/x", middlewares=[forgets])
        self.assertIn("return await call_next(request)", str(error))


class FactoryTests(GatewayTestCase):
    def test_arguments_of_a_wrong_kind_are_told(self):
        router = SimpleRouter()
        error = self.assertRaises(TypeError, RequestHandlerFactory, router)
        self.assertIn("router=", str(error))
        for options in (
            {"limits": {}}, {"limits": {"max_depth": 5}}, {"protocol": 5}, {"protocol": str},
            {"path": 5}, {"path": "ws://x/api"}, {"compress": "no"}, {"trusted_proxy": ["::1"]},
        ):  # fmt: skip
            self.assertRaises(ConfigurationError, RequestHandlerFactory, **options)
        factory = RequestHandlerFactory(router=router)
        error = self.assertRaises(ConfigurationError, factory.configure, max_dept=5)
        self.assertIn("max_depth", error.args[0])

    def test_what_a_subclass_would_shadow_is_told(self):
        for name in ("router", "middlewares"):
            self.assertRaises(TypeError, type, "Ours", (RequestHandlerFactory,), {name: []})

    def test_applications_are_told_too(self):
        router = SimpleRouter()
        for options in ({"factory": RequestHandlerFactory()}, {"factory": router}, {"port": 9000},
                        {"router": router}, {"host": "::"}):  # fmt: skip
            self.assertRaises(ConfigurationError, Application, **options)
        for options in ({"host": "ws://127.0.0.1"}, {"path": None}, {"host": None}, {"port": "80"}):
            make = Application().make_service
            self.assertRaises(ConfigurationError, make, reactor=self.clock, **options)


class AnswerTests(GatewayTestCase):
    def test_a_renderer_that_gives_no_bytes_is_an_error_and_nothing_else_is_lost(self):
        class Text(BaseRenderer):
            format = "text"

            def render(self, data):
                return "text"

        router = SimpleRouter()
        router.get("/text", renderers=[Text])(view)
        router.get("/json")(view)
        client = self.connect(self.serve(router))
        statuses = [client.request("GET", url).status for url in ("/json", "/text", "/json")]
        self.assertEqual([200, 500, 200], statuses)
        [failure] = self.flushLoggedErrors(TypeError)
        self.assertIn("Text.render should return bytes", str(failure.value))

    def test_what_cannot_be_written_is_logged_with_its_view(self):
        from twisted.logger import formatEvent, globalLogPublisher

        events = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        router = SimpleRouter()

        @router.get("/users/{id:int}")
        def unwritable(request, id):
            return object()

        self.connect(self.serve(router)).request("GET", "/users/5?token=secret")
        [failure] = self.flushLoggedErrors(TypeError)
        [text] = [formatEvent(event) for event in events if "log_failure" in event]
        self.assertIn("GET /users/{id:int}", text)
        self.assertIn("unwritable", text)
        self.assertNotIn("secret", text)
