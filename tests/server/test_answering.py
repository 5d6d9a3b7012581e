"""Every request gets one answer, in its order, within its time."""

import asyncio
import sys

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import capturedLogs, formatEvent

from aiorest_gw import APIError, RequestHandlerProtocol, Response, SimpleRouter
from aiorest_gw.testing import GatewayTestCase


class Waiting:
    """A router whose views wait until a test lets them go."""

    def __init__(self):
        self.router = SimpleRouter()
        self.open = []
        self.cancelled = []
        self.router.get("/wait/{name}")(self.wait)
        self.router.get("/async/{name}")(self.wait_async)
        self.router.get("/now/{name}")(lambda request, name: name)
        self.router.get("/boom")(self.boom)
        self.router.get("/later-boom")(self.later_boom)

    def wait(self, request, name):
        waiting = Deferred(lambda _: self.cancelled.append(name))
        self.open.append((name, waiting))
        return waiting

    async def wait_async(self, request, name):
        return await self.wait(request, name)

    def boom(self, request):
        raise RuntimeError("secret of the view")

    async def later_boom(self, request):
        await self.wait(request, "boom")
        raise RuntimeError("secret of the view")

    def go(self, name, result=None):
        for index, (known, waiting) in enumerate(self.open):
            if known == name:
                del self.open[index]
                waiting.callback(name if result is None else result)
                return


class AnsweringTests(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.views = Waiting()
        self.factory = self.serve(self.views.router, max_open_requests=4)
        self.client = self.connect(self.factory)

    def get(self, url, **keys):
        self.client.send({"method": "GET", "url": url} | keys)

    def data(self):
        """What was answered since."""
        self.client.move()
        found = []
        while self.client.messages:
            answer = self.client.receive()
            found.append(answer.data if answer.detail is None else answer.detail)
        return found

    def test_requests_without_id_are_answered_in_order(self):
        """However long each of them takes."""
        self.get("/wait/a")
        self.get("/async/b")
        self.get("/now/c")
        self.client.send(b"no request")
        self.views.go("b")
        self.assertEqual([], self.data())
        self.views.go("a")
        self.assertEqual(["a", "b", "c"], self.data()[:3])

    def test_a_message_that_is_no_request_waits_for_its_turn(self):
        self.get("/wait/a")
        self.client.send(b"[]")
        self.assertEqual([], self.data())
        self.views.go("a")
        self.assertEqual(["a", "The message is not a JSON object."], self.data())

    def test_requests_with_id_are_answered_as_they_finish(self):
        self.get("/wait/a", id=1)
        self.get("/wait/b", id=2)
        self.get("/wait/c")
        self.get("/now/d", id="d")
        self.views.go("b")
        self.assertEqual(["d", "b"], self.data())
        self.views.go("c")
        self.views.go("a")
        self.assertEqual(["c", "a"], self.data())

    def test_an_unexpected_error_is_logged_once_and_not_told(self):
        for url in ("/boom", "/later-boom"):
            self.get(url, id=1, event_name="e")
            self.views.go("boom")
            answer = self.client.receive()
            self.assertEqual((500, "A server error occurred.", "e"),
                             (answer.status, answer.detail, answer.event_name))  # fmt: skip
            self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))

    def test_an_answer_that_cannot_be_written_is_an_error(self):
        self.views.router.get("/object")(lambda request: object())
        self.views.router.get("/detail")(_raises(APIError(object(), status=400)))
        self.get("/object", id=1)
        self.assertEqual(500, self.client.receive().status)
        self.get("/detail", id=1)
        self.assertEqual(500, self.client.receive().status)
        self.assertEqual(2, len(self.flushLoggedErrors()))

    def test_a_status_that_is_none_is_an_error(self):
        """It would reach clients that compare it with a number."""
        wrong = ("200", None, 2000, 200.0)
        for status in wrong:
            self.views.router.get(f"/status/{status}")(
                lambda request, status=status: Response("x", status=status)
            )
            self.get(f"/status/{status}", id=1)
            self.assertEqual(500, self.client.receive().status, status)
        self.views.router.get("/raised")(_raises(APIError("x", status="400")))
        self.get("/raised", id=1)
        self.assertEqual(500, self.client.receive().status)
        self.assertEqual(len(wrong) + 1, len(self.flushLoggedErrors(ValueError)))

    def test_a_request_is_ended_when_its_time_is_over(self):
        """It is answered 504, and the view is cancelled."""
        self.get("/wait/a", id=1)
        self.get("/async/b")
        self.advance(29.9)
        self.assertEqual([], self.data())
        self.advance(0.2)
        self.assertEqual(["The request was not answered in time."] * 2, self.data())
        self.assertEqual(["a", "b"], sorted(self.views.cancelled))

    def test_the_operator_is_told_of_a_view_that_takes_too_long(self):
        with capturedLogs() as events:
            self.get("/wait/secret", id=1)
            self.advance(31)
        [text] = [formatEvent(event) for event in events]
        self.assertIn("a request was not answered in time: GET /wait/{name}", text)
        self.assertNotIn("secret", text)

    def test_a_deadline_shortens_the_time_but_does_not_lengthen_it(self):
        self.get("/wait/a", id=1, deadline=500)
        self.get("/wait/b", id=2, deadline=900_000)
        self.advance(0.6)
        self.assertEqual(1, len(self.data()))
        self.advance(29.5)
        self.assertEqual(1, len(self.data()))

    def test_a_deadline_beyond_all_numbers_is_no_deadline(self):
        self.client.send(b'{"method":"GET","url":"/wait/a","id":1,"deadline":%s}' % (b"9" * 400))
        self.views.go("a")
        self.assertEqual(["a"], self.data())

    def test_a_view_that_ends_the_process_ends_its_request(self):
        """Whether it does so at once or later."""

        def leave(request):
            sys.exit(3)

        async def leave_later(request):
            await self.views.wait(request, "leave")
            sys.exit(3)

        self.views.router.get("/leave")(leave)
        self.views.router.get("/leave-later")(leave_later)
        for url in ("/leave", "/leave-later"):
            self.get(url, id=1)
            self.views.go("leave")
            self.assertEqual(500, self.client.receive().status)
        self.assertEqual(2, len(self.flushLoggedErrors(SystemExit)))

    def test_a_late_result_is_nobodys(self):
        """A view that does not stop when it is cancelled answers nothing twice."""

        async def stubborn(request):
            try:
                await self.views.wait(request, "x")
            except CancelledError:
                return "late"

        self.views.router.get("/stubborn")(stubborn)
        self.get("/stubborn", id=1, deadline=1)
        self.advance(1)
        self.assertEqual(1, len(self.data()))

    def test_a_view_that_fails_when_it_is_cancelled_is_logged(self):
        async def clumsy(request):
            try:
                await self.views.wait(request, "x")
            finally:
                raise RuntimeError("clumsy")

        self.views.router.get("/clumsy")(clumsy)
        self.get("/clumsy", id=1, deadline=1)
        self.advance(1)
        self.assertEqual(["The request was not answered in time."], self.data())
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))

    def test_a_closed_connection_cancels_what_it_had_open(self):
        for end in (lambda client: client.close(), lambda client: client.cut()):
            client = self.connect(self.factory)
            client.send({"method": "GET", "url": "/wait/a"})
            client.send({"method": "GET", "url": "/async/b", "id": 1})
            end(client)
            self.assertEqual(["a", "b"], sorted(self.views.cancelled))
            self.views.cancelled.clear()
        self.assertEqual([], [call for call in self.clock.getDelayedCalls() if call.getTime() > 29])

    def test_no_more_than_so_many_requests_are_open(self):
        """What comes behind them waits, and goes on when one is answered; nothing is lost."""
        for number in range(10):
            self.get(f"/wait/{number}", id=number)
        self.assertEqual(4, len(self.views.open))
        for number in range(10):
            self.views.go(str(number))
            self.client.move()
            self.assertLessEqual(len(self.views.open), 4)
        self.assertEqual([str(number) for number in range(10)], self.data())

    def test_what_waits_is_bounded(self):
        """Reading pauses; no more than a little is read ahead."""
        for number in range(4):
            self.get(f"/wait/{number}", id=number)
        self.get("/now/small", id=4)
        self.assertFalse(self.client.paused)
        self.get("/now/large", id=5, data="x" * 70_000)
        self.assertTrue(self.client.paused)
        self.views.go("0")
        self.assertEqual(["0", "small", "large"], self.data())
        self.assertFalse(self.client.paused)

    def test_a_client_that_leaves_is_noticed_while_its_requests_wait(self):
        for number in range(6):
            self.get(f"/wait/{number}", id=number)
        self.client.cut()
        self.assertEqual(4, len(self.views.cancelled))

    def test_large_requests_count_by_their_size(self):
        """As many bytes as one message may have: else 64 open ones would be 64 times as much."""
        client = self.connect(self.serve(self.views.router, max_message_size=1_000))
        for number in range(10):
            url = f"/wait/{number}"
            client.send({"method": "GET", "url": url, "id": number, "data": "x" * 400})
        self.assertEqual(3, len(self.views.open))
        for number in range(10):
            self.views.go(str(number))
            client.move()
        self.assertEqual(10, len(client.messages))

    def test_answers_that_wait_for_their_turn_count_by_their_size(self):
        self.views.router.get("/large")(lambda request: "x" * 600_000)
        self.get("/wait/slow")
        self.get("/large")
        self.get("/large")
        self.get("/now/held")
        self.assertEqual(3, self.client.server._answering.open)
        self.views.go("slow")
        self.assertEqual(4, len(self.data()))

    def test_many_requests_in_one_read_are_held_too(self):
        """The bound counts what arrived already."""
        self.client.server.transport.pauseProducing()
        for number in range(50):
            self.get(f"/wait/{number}", id=number)
        self.client.server.transport.resumeProducing()
        self.client.move()
        self.assertEqual(4, len(self.views.open))
        for number in range(50):
            self.views.go(str(number))
        self.assertEqual(50, len(self.data()))

    def test_answers_that_wait_for_their_turn_count_as_open(self):
        """Or a slow first request would let answers pile up without a bound."""
        self.get("/wait/slow")
        for _ in range(10):
            self.get("/now/x")
        self.assertEqual(4, self.client.server._answering.open)
        self.views.go("slow")
        self.assertEqual(["slow", *"x" * 10], self.data())

    def test_a_connection_that_is_not_read_for_its_requests_is_not_dead(self):
        """Its pong lies behind what was not read: no reason to close it."""
        factory = self.serve(
            self.views.router, max_open_requests=1, ping_interval=2, ping_timeout=1,
        )  # fmt: skip
        client = self.connect(factory)
        for number in range(3):
            client.send({"method": "GET", "url": f"/wait/{number}", "id": number})
        for _ in range(10):
            self.advance(1)
        self.assertTrue(client.connected)
        for number in range(3):
            self.views.go(str(number))
            client.move()
        self.assertEqual(3, len(client.messages))

    def test_a_client_can_close_while_it_is_not_read(self):
        """The server's own close takes up reading again, so that the handshake completes."""
        for number in range(6):
            self.get(f"/wait/{number}", id=number)
        self.client.server.sendClose(3000, "enough")
        self.client.move()
        self.assertEqual((3000, False), (self.client.close_code, self.client.connected))

    def test_a_status_of_a_response_is_sent_with_an_id(self):
        self.views.router.get("/created")(lambda request: Response("new", 201))
        self.get("/created", id=1)
        self.assertEqual(201, self.client.receive().status)

    def test_hooks_of_the_protocol_can_be_overridden(self):
        class Shouting(RequestHandlerProtocol):
            def _decode_message(self, payload, isBinary=False):
                return super()._decode_message(payload.lower(), isBinary)

            def _encode_message(self, response, isBinary=False):
                return super()._encode_message(response.upper(), isBinary)

        self.factory.protocol = Shouting
        client = self.connect(self.factory)
        client.send(b'{"METHOD":"GET","URL":"/now/ABC"}')
        self.assertEqual([b'{"DATA":"ABC","EVENT_NAME":NULL}'], client.messages)


def _raises(error):
    def view(request):
        raise error

    return view


class AsyncioTests(GatewayTestCase):
    """The same on a running asyncio loop, where views are tasks."""

    def test_asyncio_and_deferreds_in_one_view(self):
        router = SimpleRouter()
        waiting: Deferred = Deferred()
        cancelled = []

        @router.get("/both")
        async def both(request):
            async with asyncio.timeout(5):
                await asyncio.sleep(0)
                first = await waiting
                await asyncio.wait_for(asyncio.sleep(0), 5)
            return first

        @router.get("/fails")
        async def fails(request):
            failing: Deferred = Deferred()
            asyncio.get_running_loop().call_soon(failing.errback, APIError("no", status=409))
            await failing

        @router.get("/hangs/{on}")
        async def hangs(request, on):
            try:
                await (asyncio.sleep(60) if on == "asyncio" else Deferred())
            except BaseException as error:
                cancelled.append(type(error))
                raise

        @router.get("/leaves")
        async def leaves(request):
            await asyncio.sleep(0)
            sys.exit(3)

        @router.get("/interrupts")
        async def interrupts(request):
            failing: Deferred = Deferred()
            asyncio.get_running_loop().call_soon(failing.errback, KeyboardInterrupt())
            await failing

        async def scenario():
            client = self.connect(self.serve(router))
            client.send({"method": "GET", "url": "/both", "id": 1})
            client.send({"method": "GET", "url": "/fails", "id": 2})
            client.send({"method": "GET", "url": "/leaves", "id": 3})
            client.send({"method": "GET", "url": "/interrupts", "id": 4})
            for on in ("asyncio", "deferred"):
                client.send({"method": "GET", "url": f"/hangs/{on}", "id": on, "deadline": 1000})
            await asyncio.sleep(0)
            waiting.callback("fired")
            while len(client.messages) < 4:
                await asyncio.sleep(0)
                client.move()
            statuses = sorted(client.receive().status for _ in range(4))
            self.assertEqual([200, 409, 500, 500], statuses)
            self.assertEqual(2, len(self.flushLoggedErrors(RuntimeError)))
            self.advance(1)
            self.assertEqual([504, 504], [client.receive().status for _ in range(2)])
            while len(cancelled) < 2:
                await asyncio.sleep(0)

        asyncio.run(scenario())
        self.assertEqual([asyncio.CancelledError] * 2, cancelled)
