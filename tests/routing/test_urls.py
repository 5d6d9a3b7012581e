"""``reverse`` and ``resolve`` as functions."""

from aiorest_gw import ConfigurationError, SimpleRouter, resolve, reverse
from aiorest_gw.errors import NoMatch, NoReverseMatch
from aiorest_gw.testing import GatewayTestCase


def make_router(path):
    router = SimpleRouter()

    @router.get(path, name="user")
    def user(request, id):
        return [reverse("user", args=[id]), resolve(request.url).view_name]

    @router.get("/later")
    async def later(request):
        return reverse("user", args=[7])

    return router


class UrlTests(GatewayTestCase):
    def test_of_a_router(self):
        router = make_router("/users/{id:int}")
        self.assertEqual("/users/5?q=a+b", reverse("user", router, [5], {"q": "a b"}))
        self.assertEqual((5,), resolve("/users/5", router).args)

    def test_a_factory_that_knows_its_address_puts_it_before(self):
        factory = self.serve(make_router("/users/{id}"), url="ws://example.com:8080/api")
        self.assertEqual("ws://example.com:8080/api/users/x", reverse("user", factory, ["x"]))
        self.assertEqual("/users/x", reverse("user", factory, ["x"], relative=True))
        self.assertEqual("user", resolve("ws://example.com:8080/api/users/x", factory).view_name)
        self.assertEqual("user", resolve("/users/x", factory).view_name)
        for foreign in ("ws://evil.example/api/users/x", "ws://example.com:8080/apiary/users/x"):
            self.assertRaises(NoMatch, resolve, foreign, factory)

    def test_two_gateways_in_one_process_do_not_meet(self):
        """Each request reverses by the gateway that serves it."""
        one = self.connect(self.serve(make_router("/one/{id}")))
        two = self.connect(self.serve(make_router("/two/{id}")))
        self.assertEqual(["/one/5", "user"], one.request("GET", "/one/5").data)
        self.assertEqual(["/two/5", "user"], two.request("GET", "/two/5").data)
        self.assertEqual("/one/7", one.request("GET", "/later").data)

    def test_outside_of_a_request_a_router_has_to_be_given(self):
        self.assertRaises(ConfigurationError, reverse, "user")
        self.assertRaises(ConfigurationError, resolve, "/x")

    def test_unknown_names_are_told(self):
        self.assertRaises(NoReverseMatch, reverse, "nobody", SimpleRouter())
