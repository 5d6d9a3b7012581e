"""Which view answers which URL, and which URL a view has."""

import uuid

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import MethodBasedView, SimpleRouter, endpoint
from aiorest_gw.errors import (
    EndpointValueError,
    InvalidHandler,
    InvalidPathArgument,
    NoMatch,
    NoReverseMatch,
    NotSupportedArgumentType,
)
from aiorest_gw.testing import call


def view(request, *args):
    """A view that tells its path's values."""
    return list(args)


def named(answer):
    """A view that answers always the same."""

    def view(request, *args):
        return answer

    return view


class PathTests(SynchronousTestCase):
    def setUp(self):
        self.router = SimpleRouter()

    def get(self, url, method="GET"):
        return call(self.router, method, url)

    def test_a_trailing_slash_is_optional_on_both_sides(self):
        self.router.get("/with/")(named("with"))
        self.router.get("/without")(named("without"))
        self.router.get("/of/{id}/")(named("dynamic"))
        for url in ("/with", "/with/"):
            self.assertEqual("with", self.get(url).data)
        for url in ("/without", "/without/"):
            self.assertEqual("without", self.get(url).data)
        for url in ("/of/1", "/of/1/"):
            self.assertEqual("dynamic", self.get(url).data)

    def test_parameters_are_converted(self):
        """Each built-in type takes what it should, and leaves the rest to 404."""
        one = uuid.UUID("12345678-1234-5678-1234-567812345678")
        for type, url, expected in (
            ("", "a b", "a b"),
            (":str", "5", "5"),
            (":int", "-5", -5),
            (":float", "1.5", 1.5),
            (":float", "2", 2.0),
            (":uuid", str(one).upper(), str(one)),
            (":path", "a/b/c", "a/b/c"),
        ):
            router = self.router = SimpleRouter()
            router.get("/x/{value%s}" % type)(view)
            self.assertEqual([expected], self.get(f"/x/{url}").data, type)

    def test_what_does_not_fit_a_type_is_not_found(self):
        for type, url in (
            ("int", "x"), ("int", "1.0"), ("int", "\u0661"), ("int", "9" * 19), ("int", "+1"),
            ("float", "nan"), ("float", "1e5"), ("float", "inf"), ("float", "1."),
            ("uuid", "123"), ("uuid", "{12345678-1234-5678-1234-567812345678}"),
            ("str", ""), ("str", "a/b"), ("path", ""),
        ):  # fmt: skip
            router = self.router = SimpleRouter()
            router.get("/x/{value:%s}" % type)(view)
            self.assertEqual(404, self.get(f"/x/{url}").status, (type, url))

    def test_the_more_fixed_route_wins_whatever_the_order(self):
        for path in ("{p:path}", "{s}/x", "{s}", "{f:float}", "{i:int}", "me", "me/x"):
            self.router.get(f"/u/{path}")(named(path))
        for url, expected in (
            ("me", "me"), ("5", "{i:int}"), ("5.5", "{f:float}"), ("you", "{s}"),
            ("me/x", "me/x"), ("you/x", "{s}/x"), ("you/y", "{p:path}"), ("me/y", "{p:path}"),
        ):  # fmt: skip
            self.assertEqual(expected, self.get(f"/u/{url}").data)

    def test_a_less_fixed_route_answers_the_methods_that_the_other_has_not(self):
        self.router.get("/u/me")(named("me"))
        self.router.delete("/u/{id}")(named("deleted"))
        self.assertEqual("me", self.get("/u/me").data)
        self.assertEqual("deleted", self.get("/u/me", "DELETE").data)
        self.assertEqual(405, self.get("/u/me", "PUT").status)

    def test_percent_escapes_are_decoded_after_the_path_is_split(self):
        """A slash inside a value does not split it, and fixed parts may be escaped too."""
        self.router.get("/a b/{x}/{y}")(view)
        self.assertEqual(["1/2", "ä"], self.get("/a%20b/1%2F2/%C3%A4").data)
        self.router.get("/fixed é")(named("fixed"))
        self.assertEqual("fixed", self.get("/fixed%20%C3%A9").data)

    def test_a_template_that_was_not_filled_in_is_not_found(self):
        self.router.get("/x/{id}")(view)
        self.assertEqual(404, self.get("/x/{id}").status)

    def test_paths_that_are_wrong_are_refused(self):
        for path in (
            "/{", "/}", "/{}", "/{a b}", "/x{a}", "/{a}x", "/{1a}", "/{a:}", "/{a:none}", "/{a}/{a}",
            "/{p:path}/x", "/a//b", "/{a:int:str}",
        ):  # fmt: skip
            self.assertRaises(EndpointValueError, self.router.register, path, view, "GET")

    def test_a_path_is_a_text_that_begins_with_a_slash(self):
        for path in ("a", "", None, 5, b"/a"):
            self.assertRaises(InvalidPathArgument, self.router.register, path, view, "GET")

    def test_an_escaped_slash_is_no_separator(self):
        self.router.get("/a/b")(named("fixed"))
        for url in ("/a%2Fb", "/a%2fb", "/a/b%2F", "/a%2F/b"):
            self.assertEqual(404, self.get(url).status, url)

    def test_a_decorator_without_its_path_is_told(self):
        error = self.assertRaises(InvalidPathArgument, self.router.get, view)
        self.assertIn("takes the path", str(error))
        self.assertRaises(InvalidPathArgument, self.router.route, "no/slash", "GET")

    def test_an_own_type_of_parameter(self):
        def parse(text):
            if not text.startswith("#"):
                raise ValueError(text)
            return int(text[1:], 16)

        self.router.add_type("colour", parse, lambda value: f"#{value:06x}", int)

        @self.router.get("/c/{value:colour}", name="colour")
        def colour(request, value: int):
            return value

        self.assertEqual(255, self.get("/c/%230000ff").data)
        self.assertEqual(404, self.get("/c/blue").status)
        self.assertEqual("/c/%230000ff", self.router.reverse("colour", 255))
        self.assertRaises(EndpointValueError, self.router.add_type, "colour", parse)
        self.assertRaises(EndpointValueError, self.router.add_type, "no name", parse)


class RegistrationTests(SynchronousTestCase):
    def setUp(self):
        self.router = SimpleRouter()

    def test_a_path_takes_each_method_once(self):
        """Parameters' names make no difference, and the first view stays."""
        self.router.get("/x/{id}")(named("first"))
        self.router.post("/x/{id}")(named("post"))
        for path in ("/x/{id}", "/x/{other}", "/x/{id}/"):
            self.assertRaises(EndpointValueError, self.router.register, path, view, "GET")
        self.assertEqual("first", call(self.router, "GET", "/x/1").data)
        self.router.get("/y")(view)
        self.assertRaises(EndpointValueError, self.router.register, "/y/", view, ["PUT", "GET"])
        self.assertEqual(405, call(self.router, "PUT", "/y").status)

    def test_a_refused_path_leaves_nothing_behind(self):
        self.router.get("/a", name="taken")(view)
        self.assertRaises(
            EndpointValueError, self.router.register, "/new/{x}", view, "GET", "taken"
        )
        self.assertEqual(404, call(self.router, "GET", "/new/1").status)

    def test_names_are_unique_and_texts(self):
        self.router.get("/a", name="name")(view)
        self.assertRaises(EndpointValueError, self.router.register, "/b", view, "GET", "name")
        self.assertRaises(NotSupportedArgumentType, self.router.register, "/b", view, "GET", 5)

    def test_methods_are_verbs(self):
        for wrong in (5, None, [], [5], "", "GET POST", b"GET", {"GET": 1}):
            self.assertRaises(NotSupportedArgumentType, self.router.register, "/a", view, wrong)
        self.router.register("/a", view, (" get", "Brew"))
        self.assertEqual([], call(self.router, "BREW", "/a").data)

    def test_a_handler_is_a_view_class_or_a_function(self):
        class NoView:
            def get(self, request):
                """Never called."""

        class Empty(MethodBasedView):
            pass

        class WithDispatch(MethodBasedView):
            def dispatch(self, request):
                """Would be ignored in silence."""

            def get(self, request):
                """Never called."""

        for wrong in (NoView, NoView(), 5, None, "view", Empty, WithDispatch, dict):
            self.assertRaises(InvalidHandler, self.router.register, "/a", wrong, "GET")

    def test_a_class_answers_only_what_it_defines_and_was_registered_for(self):
        class Both(MethodBasedView):
            def get(self, request):
                return "got"

            def post(self, request):
                return "posted"

        self.router.register("/both", Both)
        self.router.register("/one", Both, ["GET", "PUT"])
        self.assertEqual("posted", call(self.router, "POST", "/both").data)
        self.assertEqual("got", call(self.router, "GET", "/one").data)
        self.assertEqual(405, call(self.router, "POST", "/one").status)
        self.assertEqual(405, call(self.router, "PUT", "/one").status)

    def test_each_request_gets_a_new_instance(self):
        class Counter(MethodBasedView):
            count = 0

            def get(self, request):
                self.count += 1
                return self.count

        self.router.register("/count", Counter)
        self.assertEqual([1, 1], [call(self.router, "GET", "/count").data for _ in range(2)])

    def test_an_endpoint_stays_a_function(self):
        @endpoint("/sum/{a:int}/{b:int}", ["GET"], name="sum")
        def total(request, a, b):
            return a + b

        self.router.register_endpoint(total)
        self.assertEqual(3, total(None, 1, 2))
        self.assertEqual(3, call(self.router, "GET", "/sum/1/2").data)
        self.assertRaises(NotSupportedArgumentType, self.router.register_endpoint, view)

    def test_shortcuts_for_each_verb(self):
        for verb in ("get", "post", "put", "patch", "delete"):
            getattr(self.router, verb)("/x")(named(verb))
            self.assertEqual(verb, call(self.router, verb.upper(), "/x").data)


class IncludeTests(SynchronousTestCase):
    def setUp(self):
        self.api = SimpleRouter()
        self.api.get("/items/{id:int}", name="item")(view)
        self.router = SimpleRouter()

    def test_routes_are_taken_over_under_a_prefix(self):
        self.router.include(self.api, "/api/")
        self.assertEqual([5], call(self.router, "GET", "/api/items/5").data)
        self.assertEqual("/api/items/5", self.router.reverse("item", 5))
        self.assertEqual(404, call(self.router, "GET", "/items/5").status)

    def test_routes_that_come_later_are_taken_over_too(self):
        """In whichever order modules are imported."""
        outer = SimpleRouter()
        outer.include(self.router, "/v1")
        self.router.include(self.api, "/api")
        self.api.post("/items", name="create")(named("created"))
        self.assertEqual("created", call(outer, "POST", "/v1/api/items").data)
        self.assertEqual("/v1/api/items", outer.reverse("create"))

    def test_a_prefix_may_hold_parameters(self):
        self.router.include(self.api, "/shops/{shop}")
        self.assertEqual(["a", 5], call(self.router, "GET", "/shops/a/items/5").data)
        twice = SimpleRouter()
        self.assertRaises(EndpointValueError, twice.include, self.api, "/{id}")

    def test_without_a_prefix_paths_stay(self):
        self.router.include(self.api)
        self.assertEqual([5], call(self.router, "GET", "/items/5").data)

    def test_what_is_taken_already_is_refused_as_a_whole(self):
        self.api.get("/other")(view)
        self.router.get("/other")(named("mine"))
        self.assertRaises(EndpointValueError, self.router.include, self.api)
        self.assertEqual(404, call(self.router, "GET", "/items/5").status)
        self.router.get("/elsewhere", name="item")(view)
        self.assertRaises(EndpointValueError, self.router.include, self.api, "/api")

    def test_a_later_route_that_an_including_router_refuses_is_refused_everywhere(self):
        self.router.include(self.api)
        self.router.get("/taken")(view)
        self.assertRaises(EndpointValueError, self.api.register, "/taken", view, "GET")
        self.assertEqual(404, call(self.api, "GET", "/taken").status)

    def test_only_routers_and_no_circles(self):
        self.assertRaises(TypeError, self.router.include, "router")
        self.assertRaises(TypeError, self.router.include, self.router)
        self.router.include(self.api)
        self.assertRaises(TypeError, self.api.include, self.router)
        self.assertRaises(InvalidPathArgument, self.router.include, SimpleRouter(), "api")


class ReverseTests(SynchronousTestCase):
    def setUp(self):
        self.router = SimpleRouter()
        for name, path in (
            ("root", "/"), ("plain", "/a b/"), ("user", "/u/{id:int}/{name}"), ("file", "/f/{p:path}"),
            ("one", "/o/{id:uuid}"), ("x", "/x/{x:float}"),
        ):  # fmt: skip
            self.router.get(path, name=name)(view)

    def test_values_are_escaped(self):
        self.assertEqual("/", self.router.reverse("root"))
        self.assertEqual("/a%20b/", self.router.reverse("plain"))
        self.assertEqual("/u/5/a%2Fb%3F%26", self.router.reverse("user", 5, "a/b?&"))
        self.assertEqual("/u/5/%2E%2E", self.router.reverse("user", name="..", id=5))
        self.assertEqual("/f/a/b%20c", self.router.reverse("file", "a/b c"))
        self.assertEqual("/f/%2F/a/%2E%2E//b%2F", self.router.reverse("file", "//a/..//b/"))

    def test_a_query_is_escaped(self):
        self.assertEqual(
            "/?q=a+b%26c&n=1&n=2", self.router.reverse("root", query={"q": "a b&c", "n": [1, 2]})
        )

    def test_values_that_do_not_fit_are_refused(self):
        for name, args in (
            ("user", ("x", "y")), ("user", (5,)), ("user", (5, "a", "b")), ("user", (5, "")),
            ("root", (1,)), ("one", ("5",)), ("file", ("",)), ("user", (None, "x")),
        ):  # fmt: skip
            self.assertRaises(ValueError, self.router.reverse, name, *args)
        self.assertRaises(ValueError, self.router.reverse, "user", 5, id=6)
        self.assertRaises(ValueError, self.router.reverse, "user", 5, nom="x")
        self.assertRaises(NoReverseMatch, self.router.reverse, "nobody")

    def test_a_path_resolves_to_its_name_and_values(self):
        match = self.router.resolve("/u/5/x/?q=1")
        self.assertEqual(("user", (5, "x"), {"id": 5, "name": "x"}),
                         (match.view_name, match.args, match.kwargs))  # fmt: skip
        self.assertRaises(NoMatch, self.router.resolve, "/u/x/y")

    @settings(max_examples=200, deadline=None)
    @given(st.integers(-(10**17), 10**17), st.text(min_size=1).filter(lambda t: t.isprintable()))
    def test_what_is_reversed_resolves_to_the_same_values(self, number, text):
        url = self.router.reverse("user", number, text)
        self.assertEqual((number, text), self.router.resolve(url).args)

    @settings(max_examples=200, deadline=None)
    @given(st.from_regex(r"-?\d{1,30}(\.\d{1,30})?", fullmatch=True, alphabet="0123456789.-"))
    @example("57777777777777777777777.77")
    @example("0." + "0" * 29 + "1")
    def test_a_float_that_is_found_is_reversed_without_exponent(self, text):
        try:
            values = self.router.resolve(f"/x/{text}").args
        except NoMatch:
            self.assertGreaterEqual(abs(float(text)), 1e30)
        else:
            self.assertEqual(values, self.router.resolve(self.router.reverse("x", *values)).args)
        for wrong in (float("inf"), float("nan"), 1e30, 1e-40, True, "x"):
            self.assertRaises(ValueError, self.router.reverse, "x", wrong)

    @settings(max_examples=200, deadline=None)
    @given(st.text("a./%?ü", min_size=1))
    def test_a_path_is_reversed_with_all_its_slashes_and_dots(self, text):
        url = self.router.reverse("file", text)
        self.assertEqual((text,), self.router.resolve(url).args)
        self.assertFalse({".", ".."} & set(url.split("/")))
