"""What a session has to do: requests wait where too much is open or on its way, and nothing waits for ever."""

from twisted.internet.defer import Deferred

from aiorest_gw import SimpleRouter
from aiorest_gw.errors import ServiceUnavailable
from aiorest_gw.sessions.states import State
from aiorest_gw.testing import GatewayTestCase

PIECE = "x" * 60_000


class WorkingTestCase(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.ran = []
        self.waiting = []
        self.router = SimpleRouter()
        self.router.get("/run")(lambda request: self.ran.append(request.id))
        self.router.get("/slow")(self.slow)
        self.router.get("/large")(lambda request: PIECE)
        self.router.post("/upload")(lambda request: len(request.data))
        self.router.get("/wait")(self.wait)
        self.router.post("/where")(self.where)
        self.router.get("/count/{number:int}")(self.count)
        self.gateway()

    def gateway(self, **options):
        self.factory = self.serve(self.router, **options)

    def client(self):
        client = self.open_session(self.factory)
        self.session = self.factory.manager.get_handler(client.session_id)
        return client

    def slow(self, request):
        self.ran.append(request.id)
        self.clock.rightNow += 0.0006

    def wait(self, request):
        self.waiting.append(Deferred())
        return self.waiting[-1]

    async def where(self, request):
        return await request.session.request("GET", "/location", deadline=20)

    async def count(self, request, number):
        for one in range(number):
            yield one

    def too_slow(self):
        """The time for which a client may acknowledge nothing."""
        for _ in range(3):
            self.advance(31)

    def statuses(self, client, ids):
        client.receive()
        return [client.answers[id][-1].status if id in client.answers else None for id in ids]


class FlowTests(WorkingTestCase):
    def test_a_burst_is_answered_though_acknowledgements_lie_behind_it(self):
        client = self.client()
        ids = [client.ask("GET", "/large") for _ in range(9)]
        client.receive()
        ids += [client.ask("POST", "/upload", data="x" * 600_000) for _ in range(2)]
        client.acknowledge()
        for _ in range(10):
            self.advance(0)
        self.assertEqual([200] * 11, self.statuses(client, ids))

    def test_more_requests_than_an_outbox_holds_are_answered(self):
        self.gateway(max_outbox_messages=20)
        client = self.client()
        ids = [client.ask("GET", "/run") for _ in range(130)]
        self.assertLess(20, len(self.ran))
        for _ in range(20):
            client.receive()
            client.acknowledge()
        self.assertEqual([200] * 130, self.statuses(client, ids))
        self.assertEqual(ids, self.ran)

    def test_one_that_acknowledges_slowly_is_served_and_one_that_does_not_is_closed(self):
        client = self.client()
        ids = [client.ask("GET", "/large") for _ in range(24)]
        client.receive()
        for number in range(2, 8):
            self.advance(20)
            client.connection.send({"ack": number})
        self.assertTrue(client.connection.connected)
        self.too_slow()
        client.connection.move()
        self.assertEqual(4002, client.connection.close_code)
        client.resume()
        self.assertIn("nothing is acknowledged", client.opened["reason"])
        self.assertIn(None, self.statuses(client, ids))

    def test_one_that_is_away_is_kept_for_its_time_whatever_waits(self):
        client = self.client()
        ids = [client.ask("GET", "/large") for _ in range(12)]
        client.cut()
        self.advance(55)
        self.assertIs(State.AWAY, self.session.state)
        client.resume()
        client.acknowledge()
        self.assertEqual([200] * 12, self.statuses(client, ids))

    def test_what_cannot_be_read_waits_as_all_else_does(self):
        client = self.client()
        limits = self.factory.limits
        for number in range(2, 3_000):
            client.connection.send({
                "id": number, "method": "GET", "url": "/run", "deadline": 0, "event_name": "x" * 2_000})  # fmt: skip
        self.assertLessEqual(self.session.octets, 4 * limits.max_outbox_size + 3_000)
        self.too_slow()
        client.connection.move()
        self.assertEqual(4002, client.connection.close_code)

    def test_an_acknowledgement_lets_go_what_waits_in_turns(self):
        self.gateway(max_outbox_messages=100)
        client = self.client()
        for _ in range(50):
            client.ask("GET", "/run")
        ids = [client.ask("GET", "/slow") for _ in range(40)]
        client.receive()
        self.ran.clear()
        client.acknowledge()
        self.assertEqual(ids[:2], self.ran)
        for _ in range(20):
            self.advance(0)
        self.assertEqual(ids, self.ran)

    def test_many_requests_that_waited_begin_one_behind_the_other(self):
        """And not each within the one before."""
        self.gateway(max_open_requests=400, max_outbox_messages=100)
        client = self.client()
        for _ in range(49):
            client.ask("GET", "/run")
        for _ in range(400):
            client.ask("GET", "/wait")
        client.receive()
        client.acknowledge()
        self.assertEqual(400, len(self.waiting))

    def test_a_request_that_waits_may_be_cancelled_and_runs_never(self):
        self.gateway(max_open_requests=2)
        client = self.client()
        open = [client.ask("GET", "/wait") for _ in "ab"]
        waiting = [client.ask("GET", "/run") for _ in "ab"]
        client.cancel(waiting[0])
        client.cancel(True)
        self.assertEqual([None, None, 499, None], self.statuses(client, open + waiting))
        self.waiting[0].callback(None)
        self.assertEqual([200, None, 499, 200], self.statuses(client, open + waiting))
        self.assertEqual(waiting[1:], self.ran)

    def test_a_deadline_counts_from_when_a_request_came(self):
        self.gateway(max_open_requests=1)
        client = self.client()
        first = client.ask("GET", "/wait")
        second, third = (
            client.ask("GET", "/run", deadline=500),
            client.ask("GET", "/wait", deadline=5_000),
        )
        self.advance(0.6)
        self.assertEqual([None, 504, None], self.statuses(client, [first, second, third]))
        self.advance(3)
        self.waiting[0].callback(None)
        self.advance(1)
        self.assertEqual([200, 504, None], self.statuses(client, [first, second, third]))
        self.advance(0.5)
        self.assertEqual([200, 504, 504], self.statuses(client, [first, second, third]))
        self.assertEqual([], self.ran)


class DependingTests(WorkingTestCase):
    """Where a view waits for its client, what the client sends is read."""

    def test_answers_of_the_client_are_read_though_its_requests_have_to_wait(self):
        client = self.client()
        ids = [client.ask("POST", "/where", data=PIECE) for _ in range(40)]
        client.receive()
        while client.asked:
            client.answer("here")
            client.receive()
        self.assertEqual([200] * 40, self.statuses(client, ids))

    def test_acknowledgements_are_read_though_streams_have_to_wait(self):
        client = self.client()
        ids = [client.ask("GET", "/count/30") for _ in range(140)]
        for _ in range(20):
            client.receive()
            client.acknowledge()
        self.assertEqual([200] * 140, self.statuses(client, ids))

    def test_a_client_is_told_of_what_is_not_wanted_any_more(self):
        client = self.client()
        id = client.ask("POST", "/where")
        client.receive()
        client.cancel(id)
        client.connection.move()
        self.assertIn(b'"cancel":1', client.connection.messages[0])

    def test_one_that_acknowledges_nothing_is_asked_no_more(self):
        self.gateway(max_outbox_messages=10)
        client = self.client()
        asking = []
        for _ in range(10):
            asking.append(Deferred.fromCoroutine(self.session.request("GET", "/location")))
            client.receive()
            if client.asked:
                client.answer("here")
        for asked in asking[:4]:
            self.assertEqual("here", self.successResultOf(asked))
        for asked in asking[5:]:
            self.failureResultOf(asked, ServiceUnavailable)

    def test_no_part_comes_behind_the_end(self):
        async def stubborn(request):
            try:
                await Deferred()
            except BaseException as error:
                if isinstance(error, GeneratorExit):
                    raise
            yield "late"

        self.router.get("/stubborn")(stubborn)
        client = self.client()
        id = client.ask("GET", "/stubborn")
        client.cancel(id)
        client.receive()
        self.assertEqual([499], [answer.status for answer in client.answers[id]])


class DrainTests(WorkingTestCase):
    def drain(self):
        done = []
        self.factory.drain().addCallback(done.append)
        return done

    def test_what_is_open_may_still_hear_the_client(self):
        client = self.client()
        ids = [client.ask("POST", "/where"), client.ask("GET", "/count/600")]
        client.receive()
        self.drain()
        client.answer("here")
        for _ in range(20):
            if client.connection.connected:
                client.receive()
                client.acknowledge()
        self.assertEqual([200, 200], self.statuses(client, ids))
        self.assertEqual(4001, client.connection.close_code)

    def test_what_waits_is_answered_and_what_comes_is_not_received(self):
        self.gateway(max_outbox_messages=20)
        client = self.client()
        ids = [client.ask("GET", "/run") for _ in range(15)]
        client.receive()
        self.drain()
        refused = client.ask("GET", "/run")
        client.acknowledge()
        self.assertEqual([200] * 15 + [None], self.statuses(client, [*ids, refused]))
        self.assertEqual(4001, client.connection.close_code)
        self.assertEqual((16, ids), (self.session.received, self.ran))

    def test_what_nobody_acknowledges_is_answered_when_the_time_is_over(self):
        self.gateway(max_outbox_messages=6, drain_timeout=5)
        client = self.client()
        ids = [client.ask("GET", "/run") for _ in range(5)]
        self.drain()
        self.advance(5.1)
        self.assertEqual([200] * 3 + [504] * 2, self.statuses(client, ids))
        self.assertEqual(4001, client.connection.close_code)


class EndTests(WorkingTestCase):
    def test_what_waits_when_a_session_ends_does_not_run(self):
        self.gateway(max_outbox_messages=6)
        client = self.client()
        client.ask("GET", "/count/30")
        for _ in range(4):
            client.ask("GET", "/run")
        self.factory.manager.close(client.session_id, 4501)
        self.advance(1)
        self.assertEqual([], self.ran)

    def test_more_is_read_where_acknowledgements_may_lie_behind_it(self):
        """Large answers to a burst of more requests than may be open."""
        client = self.client()
        ids = [client.ask("GET", "/large") for _ in range(140)]
        for _ in range(60):
            client.receive()
            client.acknowledge()
            self.advance(0)
        self.assertEqual([200] * 140, self.statuses(client, ids))
