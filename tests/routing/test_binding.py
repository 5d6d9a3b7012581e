"""A view's signature to checked arguments."""

import dataclasses
import datetime
import decimal
import enum
from typing import Annotated, Any

import attrs
import msgspec
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import MethodBasedView, SimpleRouter
from aiorest_gw.errors import InvalidHandler
from aiorest_gw.testing import call


@attrs.define
class Address:
    city: str


@attrs.define
class NewUser:
    email: str
    age: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    address: Address | None = None
    since: datetime.date | None = None
    tags: list[str] = attrs.field(factory=list)


@dataclasses.dataclass
class Size:
    width: int
    height: int


class Kind(enum.Enum):
    BIG = "big"


class BindingTests(SynchronousTestCase):
    def test_no_text_is_a_number_that_json_has_none_for(self):
        router = SimpleRouter()

        @router.get("/float")
        def wait(request, s: float, more: list[float] | None = None):
            return s

        for text in ("nan", "NaN", "inf", "-inf", "Infinity", "1e999"):
            self.assertEqual(422, call(router, "GET", "/float", args={"s": text}).status, text)
            args = {"s": 1, "more": ["1", text]}
            self.assertEqual(422, call(router, "GET", "/float", args=args).status, text)
        self.assertEqual(1.5, call(router, "GET", "/float?s=1.5").data)

    def test_no_argument_of_a_client_collides_with_the_request(self):
        router = SimpleRouter()

        class Gathers(MethodBasedView):
            def get(self, req, **named):
                return named

        router.register("/class", Gathers)
        router.get("/function")(lambda req, **named: named)
        for url in ("/class", "/function"):
            args = {"request": 1, "self": 2, "req": 3, "args": 4, "kwargs": 5, "a": 6}
            answer = call(router, "GET", url, args=args)
            self.assertEqual((200, 6), (answer.status, answer.data["a"]), url)

    def setUp(self):
        self.router = SimpleRouter()

    def ask(self, view, path="/x", url=None, **options):
        router = SimpleRouter()
        router.post(path)(view)
        return call(router, "POST", url or path, **options)

    def paths(self, answer):
        self.assertEqual(422, answer.status, answer)
        return [error["path"] for error in answer.errors]

    def test_path_body_and_args_are_converted(self):
        def create(request, id: int, body: NewUser, limit: int = 10, kind: Kind | None = None):
            self.assertIsInstance(body, NewUser)
            return [id, body.email, body.since, limit, kind]

        answer = self.ask(
            create, "/u/{id}", "/u/5?limit=7",
            data={"email": "a@b", "since": "2020-01-02"}, args={"kind": "big"},
        )  # fmt: skip
        self.assertEqual([5, "a@b", "2020-01-02", 7, "big"], answer.data)

    def test_everything_that_is_wrong_is_told_with_its_place(self):
        """Not only the first mistake, so that a form can mark every field."""

        def create(request, id: int, body: NewUser, limit: int):
            """Never called."""

        answer = self.ask(
            create, "/u/{id}", "/u/x?limit=y",
            data={"age": "old", "address": {"city": 5}, "tags": ["a", 1]},
        )  # fmt: skip
        self.assertEqual(
            {
                "$.path.id", "$.data.email", "$.data.age", "$.data.address.city", "$.data.tags[1]",
                "$.args.limit",
            },
            set(self.paths(answer)),
        )  # fmt: skip
        self.assertIn({"path": "$.data.email", "message": "Missing required field"}, answer.errors)

    def test_the_rules_of_a_class_are_checked(self):
        def create(request, body: NewUser):
            """Never called."""

        answer = self.ask(create, data={"email": "x", "age": -1})
        self.assertEqual(["$.data"], self.paths(answer))
        self.assertIn("age", answer.errors[0]["message"])

    def test_a_body_of_a_wrong_shape_is_told(self):
        def create(request, body: NewUser):
            """Never called."""

        for data in (None, [], "x", 5):
            self.assertEqual(["$.data"], self.paths(self.ask(create, data=data)))

    def test_bodies_of_other_types(self):
        for hint, data, expected in (
            (Size, {"width": 1, "height": 2}, {"width": 1, "height": 2}),
            (list[int], [1, 2], [1, 2]),
            (dict[str, decimal.Decimal], {"a": "1.5"}, {"a": "1.5"}),
            (Annotated[int, msgspec.Meta(ge=1)], 1, 1),
            (Any, {"x": 1}, {"x": 1}),
        ):

            def create(request, body):
                return body

            create.__annotations__["body"] = hint
            self.assertEqual(expected, self.ask(create, data=data).data)

        def positive(request, body: Annotated[int, msgspec.Meta(ge=1)]):
            """Never called."""

        self.assertEqual(["$.data"], self.paths(self.ask(positive, data=0)))

    def test_a_body_without_a_type_is_the_data(self):
        self.assertEqual({"a": 1}, self.ask(lambda request, body: body, data={"a": 1}).data)

    def test_a_default_stands_for_a_missing_body(self):
        def create(request, body: Size | None = None, *, body_given: bool = False):
            return body is None

        self.assertTrue(self.ask(create).data)

    def test_a_missing_argument_is_told(self):
        answer = self.ask(lambda request, q: q)
        self.assertEqual(["$.args.q"], self.paths(answer))
        self.assertEqual("Check `args` in query on errors and try again.", answer.detail)

    def test_undeclared_args_reach_only_those_who_gather_them(self):
        """They stay readable in the request."""

        def narrow(request, a=None):
            return [a, request.args]

        def wide(request, a=None, **rest):
            return [a, rest]

        args = {"a": 1, "b": 2}
        self.assertEqual([1, args], self.ask(narrow, args=args).data)
        self.assertEqual([1, {"b": 2}], self.ask(wide, args=args).data)

    def test_no_argument_replaces_the_request_the_path_or_the_body(self):
        def view(request, id, body, **rest):
            return [request.method, id, body, rest]

        args = {"request": 1, "id": 2, "body": 3, "self": 4}
        answer = self.ask(view, "/x/{id}", "/x/5", args=args, data="data")
        self.assertEqual(["POST", "5", "data", {"self": 4}], answer.data)

        class View(MethodBasedView):
            def post(self, request, **rest):
                return rest

        router = SimpleRouter()
        router.register("/x", View)
        self.assertEqual({"id": 2, "body": 3}, call(router, "POST", "/x", args=args).data)

    def test_path_values_go_by_position_where_the_names_differ(self):
        """As views written for aiorest-ws take them."""
        by_position = self.ask(lambda request, a, b: [a, b], "/{x}/{y}", "/1/2")
        gathered = self.ask(lambda request, *values: values, "/{x}/{y}", "/1/2")
        by_name = self.ask(lambda request, y, x: [x, y], "/{x}/{y}", "/1/2")
        everything = self.ask(lambda *values: len(values), "/{x}/{y}", "/1/2")
        for answer in (by_position, gathered, by_name):
            self.assertEqual(["1", "2"], answer.data)
        self.assertEqual(3, everything.data)

    def test_positional_only_parameters_take_the_path(self):
        def view(request, first, second: int, /, third=3):
            return [first, second, third]

        self.assertEqual(["a", 5, 4], self.ask(view, "/{x}/{y}", "/a/5", args={"third": 4}).data)
        self.assertEqual(
            [1, "a"], self.ask(lambda request, x=1, /, *, id: [x, id], "/{id}", "/a").data
        )

    def test_a_hint_that_fits_the_path_is_not_checked_twice(self):
        def view(request, id: int):
            return id

        self.assertEqual(5, self.ask(view, "/{id:int}", "/5").data)

    def test_a_view_that_cannot_be_called_is_refused_at_registration(self):
        class Unknown:
            pass

        def no_request():
            """Takes nothing."""

        def keyword_only(*, request):
            """Takes nothing in order."""

        def keywords(**request):
            """Takes nothing in order."""

        def never_given(request, x, /):
            """Nothing can give x."""

        def too_few(request):
            """Takes no id."""

        def bad_name(request, body: "NoSuchType"):  # noqa: F821
            """Its annotation means nothing."""

        def no_json(request, body: complex | Unknown | bytes | Size):
            """Its annotation is no JSON."""

        for view, path in (
            (no_request, "/a"), (keyword_only, "/a"), (keywords, "/a"), (never_given, "/a"), (too_few, "/{id}"), (bad_name, "/a"),
            (no_json, "/a"),
        ):  # fmt: skip
            self.assertRaises(InvalidHandler, self.router.register, path, view, "GET")

    def test_classes_are_checked_like_functions(self):
        class View(MethodBasedView):
            def post(self, request, id: int, body: Size):
                return [id, body.width]

        router = SimpleRouter()
        router.register("/{id}", View)
        self.assertEqual([5, 1], call(router, "POST", "/5", data={"width": 1, "height": 2}).data)
        self.assertEqual(422, call(router, "POST", "/x", data={"width": 1, "height": 2}).status)
