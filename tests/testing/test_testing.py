"""What applications test with: the doubles behave as the real things do."""

import asyncio
import unittest
import warnings

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import (
    APIError,
    ConfigurationError,
    RequestHandlerFactory,
    Session,
    SimpleRouter,
    blocking,
)
from aiorest_gw.auth import User
from aiorest_gw.testing import GatewayTestCase, ask, call

router = SimpleRouter()


@router.get("/who")
def who(request):
    return [request.user.username, request.session and request.session.data, request.factory]


@router.get("/later")
async def later(request):
    await asyncio.sleep(0)
    return "later"


@router.get("/bug")
def bug(request):
    raise ZeroDivisionError


@router.get("/conflict")
def conflict(request):
    raise APIError("taken", status=409, errors=[{"path": "$", "message": "m"}])


@router.get("/blocks")
@blocking
def blocks(request):
    return "blocked"


class CallTests(SynchronousTestCase):
    def test_an_answer_is_what_a_client_would_get(self):
        user = User(username="ann", is_active=True, is_anonymous=False)
        session = Session("s", data={"a": 1})
        answer = call(router, "GET", "/who", user=user, session=session, factory="f")
        self.assertEqual((200, ["ann", {"a": 1}, "f"]), (answer.status, answer.data))
        answer = call(router, "GET", "/conflict")
        self.assertEqual((409, "taken", [{"path": "$", "message": "m"}]),
                         (answer.status, answer.detail, answer.errors))  # fmt: skip

    def test_views_that_wait_run_to_their_end(self):
        self.assertEqual("later", call(router, "GET", "/later").data)

    def test_a_mistake_of_a_view_is_raised(self):
        """Where a client would get a bare 500, a test wants to see it."""
        self.assertRaises(ZeroDivisionError, call, router, "GET", "/bug")

    def test_one_that_waits_for_what_never_comes_is_given_up(self):
        """Twisted's reactor does not run here, and a view may wait for it."""
        waiting = SimpleRouter()
        waiting.get("/never")(lambda request: Deferred())
        with self.assertRaisesRegex(TimeoutError, "Twisted's reactor does not run here"):
            call(waiting, "GET", "/never", timeout=0.01)

    def test_a_misspelt_argument_is_told(self):
        self.assertRaises(ConfigurationError, call, router, "GET", "/later", dat=1)
        self.assertEqual("later", call(router, "GET", "/later", color="red").data)

    def test_a_deferred_is_awaited_on_a_loop_as_without(self):
        async def fired_later():
            later = SimpleRouter()
            deferred = Deferred()
            later.get("/later")(lambda request: deferred)
            asyncio.get_running_loop().call_soon(deferred.callback, "later")
            return await ask(later, "GET", "/later")

        self.assertEqual("later", asyncio.run(fired_later()).data)

    def test_on_a_loop_it_is_awaited(self):
        self.assertEqual("later", asyncio.run(ask(router, "GET", "/later")).data)


class MemoryTests(GatewayTestCase):
    def test_blocking_views_run_at_once(self):
        self.assertEqual("blocked", self.connect(self.serve(router)).request("GET", "/blocks").data)

    def test_nothing_to_receive_is_an_error(self):
        client = self.connect(self.serve(router, max_message_size=100))
        self.assertIn("nothing", str(self.assertRaises(LookupError, client.receive)))
        client.send(b"x" * 101)
        self.assertIn("1009", str(self.assertRaises(LookupError, client.receive)))

    def test_binary_messages_and_closing(self):
        client = self.connect(self.serve(router))
        client.send(b"eyJ1cmwiOiIvd2hvIn0=", binary=True)
        self.assertEqual(1, len(client.messages))
        client.close()
        self.assertEqual((1000, False), (client.close_code, client.connected))

    def test_a_factory_that_is_ready_is_served(self):
        """With the router and the middlewares that it made itself."""

        class Shop(RequestHandlerFactory):
            def __init__(self):
                super().__init__(router=router, middlewares=[self.counting])
                self.counted = 0

            async def counting(self, request, call_next):
                self.counted += 1
                return await call_next(request)

        shop = Shop()
        self.assertEqual("blocked", self.connect(self.serve(shop)).request("GET", "/blocks").data)
        self.assertEqual("blocked", call(shop, "GET", "/blocks").data)
        self.assertEqual(2, shop.counted)

    def test_mistakes_are_told(self):
        self.assertRaises(TypeError, self.connect, router)
        self.assertRaises(TypeError, self.connect, RequestHandlerFactory)
        self.assertRaises(TypeError, call, "router", "GET", "/")
        refused = self.connect(self.serve(router), path="/elsewhere")
        error = self.assertRaises(ConnectionRefusedError, refused.request, "GET", "/now")
        self.assertIn("There is no gateway at this path", str(error))

        async def within():
            call(router, "GET", "/now")

        self.assertRaises(RuntimeError, asyncio.run, within())
        session = self.open_session(self.serve(router))
        self.assertRaises(RuntimeError, session.open)
        error = self.assertRaises(LookupError, session.answer)
        self.assertIn("asked nothing", str(error))

    def test_an_async_test_does_not_pass_unseen(self):
        class Cases(GatewayTestCase):
            async def test_nothing(self):
                raise AssertionError

        result = unittest.TestResult()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Cases("test_nothing").run(result)
        self.assertEqual(1, len(result.failures))

    def test_time_passes_when_the_test_says_so(self):
        waiting = SimpleRouter()
        waiting.get("/never")(lambda request: Deferred())
        waiting.get("/now")(lambda request: succeed("now"))
        client = self.connect(self.serve(waiting, request_timeout=5))
        self.assertEqual("now", client.request("GET", "/now").data)
        client.send({"method": "GET", "url": "/never", "id": 1})
        self.advance(4)
        self.assertEqual([], client.messages)
        self.advance(1)
        self.assertEqual(504, client.receive().status)
