"""Pushes, topics, streams and requests of the gateway: once, in order, and no more than fits."""

from twisted.internet.defer import Deferred

from aiorest_gw import APIError, Push
from aiorest_gw.client import CommandFailed, ConnectionLost, Position

from .scripted import ScriptedCase


def pushes(count, first=0):
    return [{"event_name": "n", "data": number} for number in range(first, first + count)]


class PushTests(ScriptedCase):
    def test_callbacks_hear_their_names_in_order(self):
        client = self.opened()
        heard = []

        @client.on("order.changed")
        def one(push):
            heard.append(("one", push.data))

        client.on("order.*", lambda push: heard.append(("all orders", push.data)))
        client.on("*", lambda push: heard.append(("all", push.data)))
        self.says(
            {"event_name": "order.changed", "data": 1},
            {"event_name": "order.made", "data": 2},
            {"event_name": None, "data": 3},
        )
        self.assertEqual([], heard)
        self.clock.advance(0)
        of_first = [name for name, data in heard if data == 1]
        self.assertEqual(["one", "all orders", "all"], of_first)
        others = [one for one in heard if one[1] != 1]
        self.assertCountEqual([("all orders", 2), ("all", 2), ("all", 3)], others)
        self.assertTrue(client.off(one))
        self.assertFalse(client.off(one))

    def test_one_that_waits_holds_up_its_own_name_alone(self):
        client = self.opened()
        heard, waits = [], Deferred()

        @client.on("a")
        async def slow(push):
            heard.append(push.data)
            await waits

        client.on("b", lambda push: heard.append(push.data))
        self.says(
            *({"event_name": name, "data": name + number} for number in "12" for name in "ab")
        )
        self.clock.advance(0)
        self.assertEqual(["a1", "b1", "b2"], heard)
        waits.callback(None)
        self.clock.advance(0)
        self.assertEqual(["a1", "b1", "b2", "a2"], heard)

    def test_a_callback_may_ask_and_wait_for_the_answer(self):
        client = self.opened()
        answers = []

        @client.on("n")
        async def ask(push):
            answers.append(await client.get(f"/{push.data}"))

        self.says(*pushes(2))
        self.clock.advance(0)
        self.answers(2, "first")
        self.clock.advance(0)
        self.answers(3, "second")
        self.assertEqual(["first", "second"], answers)

    def test_one_that_fails_is_logged_and_called_again(self):
        client = self.opened()
        client.on("n", lambda push: 1 / push.data)
        self.says(*pushes(3))
        self.clock.advance(0)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_what_is_no_callback_is_refused(self):
        client = self.opened()
        for wrong in (5, lambda: None, lambda a, b: None):
            self.assertRaises(TypeError, client.on, "n", wrong)
        self.assertRaises(TypeError, client.on, None, print)
        self.assertRaises(ValueError, client.on, "a*b", print)

    def test_pushes_are_taken_one_by_one_too(self):
        client = self.opened()
        stream = client.pushes("n")
        self.says(*pushes(2))
        taken = [self.successResultOf(Deferred.fromCoroutine(stream.take())) for _ in "12"]
        self.assertEqual([Push("n", 0), Push("n", 1)], taken)
        waiting = Deferred.fromCoroutine(stream.take())
        self.says(*pushes(1, 2))
        self.assertEqual(2, self.successResultOf(waiting).data)
        stream.close()
        self.failureResultOf(Deferred.fromCoroutine(stream.take()), StopAsyncIteration)

    def test_they_end_when_the_client_is_closed_with_what_closed_it(self):
        client = self.opened()
        stream = client.pushes("n")
        self.says(*pushes(1))
        self.network.peers[-1].is_lost(4503, "taken over")
        self.assertEqual(0, self.successResultOf(Deferred.fromCoroutine(stream.take())).data)
        error = self.failureResultOf(Deferred.fromCoroutine(stream.take()), ConnectionLost).value
        self.assertEqual((4503, client.error), (error.code, error))
        client.connect()
        self.welcome()
        self.assertIs(None, client.error)
        stream = client.pushes("n")
        client.close()
        self.failureResultOf(Deferred.fromCoroutine(stream.take()), StopAsyncIteration)


class AcknowledgingTests(ScriptedCase):
    """The outbox of the gateway's here holds 40 messages: a quarter is acknowledged at once."""

    def acknowledged(self):
        return [one["ack"] for one in self.peer.take() if "ack" in one]

    def test_what_came_is_acknowledged_soon(self):
        self.opened()
        self.says(*pushes(3))
        self.assertEqual([], self.acknowledged())
        self.clock.advance(0.5)
        self.assertEqual([3], self.acknowledged())
        self.clock.advance(5)
        self.assertEqual([], self.acknowledged())

    def test_many_are_acknowledged_at_once(self):
        self.opened()
        self.says(*pushes(25))
        self.assertEqual([10, 20], self.acknowledged())

    def test_and_large_ones(self):
        self.opened()
        self.says({"event_name": "n", "data": "x" * 1_000})
        self.assertEqual([1], self.acknowledged())

    def test_a_request_carries_the_acknowledgement(self):
        client = self.opened()
        self.says(*pushes(3))
        client.get("/")
        self.assertEqual([{"id": 2, "method": "GET", "url": "/", "ack": 3}], self.peer.take())
        self.clock.advance(1)
        self.assertEqual([], self.acknowledged())

    def test_who_takes_nothing_acknowledges_nothing_until_there_is_room(self):
        client = self.opened(max_queued=20)
        stream = client.pushes("n")
        self.says(*pushes(30))
        self.clock.advance(1)
        self.assertEqual([10, 20], self.acknowledged())
        self.assertIn("no more is acknowledged", self.network.warnings[-1])
        for _ in range(19):
            self.successResultOf(Deferred.fromCoroutine(stream.take()))
        self.assertEqual([], self.acknowledged())
        self.successResultOf(Deferred.fromCoroutine(stream.take()))
        self.assertEqual([30], self.acknowledged())

    def test_a_stream_that_nobody_reads_is_acknowledged_no_further(self):
        """Though its request is open: else it would fill all memory."""
        client = self.opened(max_queued=20)
        stream = client.stream("/count")
        first = Deferred.fromCoroutine(stream.take())
        for part in range(35):
            self.answers(2, part, more=True)
        self.clock.advance(1)
        self.assertEqual(0, self.successResultOf(first))
        self.assertEqual([10, 20], self.acknowledged())
        for _ in range(34):
            self.successResultOf(Deferred.fromCoroutine(stream.take()))
        self.assertEqual([35], self.acknowledged())

    def test_but_whoever_waits_for_an_answer_gets_it(self):
        client = self.opened(max_queued=20)

        @client.on("n")
        async def ask(push):
            await client.get("/")

        self.says(*pushes(30))
        self.clock.advance(0)
        self.says(*pushes(10, 30))
        self.assertEqual(40, self.acknowledged()[-1])


class BrokenGatewayTests(ScriptedCase):
    def test_one_that_heeds_no_acknowledgement_fills_no_memory(self):
        """40 are what it says that it keeps."""
        client = self.opened(max_queued=10)
        stream = client.pushes("n")
        self.says(*pushes(180))
        self.assertEqual("open", client.state.value)
        self.says(*pushes(20, 180))
        self.assertEqual("closed", client.state.value)
        self.assertIn("more than it says that it keeps", str(client.error))
        self.successResultOf(Deferred.fromCoroutine(stream.take()))

    def test_what_is_broken_each_time_is_not_asked_for_for_ever(self):
        client = self.opened()
        self.says(*pushes(1))
        for _ in range(4):
            self.peer.says(b"nonsense")
            self.assertEqual("lost", client.state.value)
            self.network._keeper.again()
            self.clock.advance(30)
            self.welcome(resumed=True, received=1)
        self.peer.says(b"nonsense")
        self.assertEqual((1002, "closed"), (client.error.code, client.state.value))

    def test_one_that_is_broken_now_and_then_is_come_back_to(self):
        client = self.opened()
        for _ in range(20):
            self.peer.says(b"nonsense")
            self.network._keeper.again()
            self.clock.advance(30)
            self.welcome(resumed=True, received=1)
            self.says(*pushes(1))
        self.assertEqual("open", client.state.value)


class StreamTests(ScriptedCase):
    def take(self, stream):
        return Deferred.fromCoroutine(stream.take())

    def test_parts_are_taken_as_they_come(self):
        stream = self.opened().stream("/count", args={"to": 2})
        self.assertEqual([], self.peer.take())
        first = self.take(stream)
        self.assertEqual("/count", self.peer.take()[0]["url"])
        self.answers(2, 1, more=True)
        self.assertEqual(1, self.successResultOf(first))
        self.answers(2, 2, more=True)
        self.answers(2)
        self.assertEqual(2, self.successResultOf(self.take(stream)))
        self.failureResultOf(self.take(stream), StopAsyncIteration)

    def test_an_answer_at_once_is_a_part_too(self):
        stream = self.opened().stream("/one")
        first = self.take(stream)
        self.answers(2, "whole")
        self.assertEqual("whole", self.successResultOf(first))

    def test_a_failure_comes_behind_its_parts(self):
        stream = self.opened().stream("/count")
        first = self.take(stream)
        self.answers(2, 1, more=True)
        self.says({"id": 2, "status": 504, "detail": "too long"})
        self.assertEqual(1, self.successResultOf(first))
        self.failureResultOf(self.take(stream), CommandFailed)

    def test_whoever_leaves_cancels_it(self):
        client = self.opened()

        async def some():
            async for part in client.stream("/count"):
                if part == 2:
                    break
            return part

        running = Deferred.fromCoroutine(some())
        self.peer.take()
        self.answers(2, 1, more=True)
        self.answers(2, 2, more=True)
        self.assertEqual(2, self.successResultOf(running))
        self.assertEqual([{"cancel": 2}], self.peer.take())
        self.answers(2, 3, more=True)
        self.says({"id": 2, "status": 499, "detail": "cancelled"})
        self.assertFalse(client._session.busy)

    def test_one_that_is_closed_meanwhile_fails(self):
        client = self.opened()
        first = self.take(client.stream("/count"))
        client.close()
        self.failureResultOf(first, ConnectionLost)


class TopicTests(ScriptedCase):
    def subscribed(self, client, topic="news", offset=5, epoch="e", recovered=False, **options):
        subscribing = client.subscribe(topic, **options)
        id = self.peer.take()[-1]["id"]
        self.answers(id, {"recovered": recovered, "epoch": epoch, "offset": offset})
        return self.successResultOf(subscribing)

    def published(self, *offsets, topic="news"):
        self.says(*({"event_name": "n", "data": o, "topic": topic, "offset": o} for o in offsets))
        self.clock.advance(0)

    def test_publications_come_with_their_place(self):
        heard = []
        subscription = self.subscribed(self.opened(), callback=heard.append)
        self.assertEqual(Position("e", 5), subscription.position)
        self.published(6, 7)
        self.assertEqual([Push("n", 6, "news", 6), Push("n", 7, "news", 7)], heard)
        self.assertEqual(Position("e", 7), subscription.position)

    def test_since_is_asked_for_in_any_form(self):
        client = self.opened()
        place = {"epoch": "e", "offset": 3}
        for since in (place, Position("e", 3)):
            client.subscribe("a/b", since=since)
            sent = self.peer.take()[-1]
            self.assertEqual(("/~/topics/a%2Fb", {"since": place}), (sent["url"], sent["data"]))
        self.assertRaises(TypeError, client.subscribe, "a", since=3)
        self.assertRaises(TypeError, client.subscribe, None)

    def test_what_was_missed_comes_before_the_answer(self):
        heard = []
        client = self.opened()
        subscribing = client.subscribe("news", heard.append, since=Position("e", 3))
        self.published(4, 5)
        self.answers(2, {"recovered": True, "epoch": "e", "offset": 5})
        self.assertTrue(self.successResultOf(subscribing).recovered)
        self.published(6)
        self.assertEqual([4, 5, 6], [push.offset for push in heard])

    def test_each_of_several_hears_each_publication_once(self):
        client, first, second = self.opened(), [], []
        self.subscribed(client, callback=first.append)
        self.published(6, 7)
        client.subscribe("news", second.append, since=Position("e", 5))
        id = self.peer.take()[-1]["id"]
        self.published(6, 7)
        self.answers(id, {"recovered": True, "epoch": "e", "offset": 7})
        self.published(8)
        self.assertEqual([6, 7, 8], [push.offset for push in first])
        self.assertEqual([6, 7, 8], [push.offset for push in second])

    def test_after_a_lost_session_it_goes_on_where_it_stopped(self):
        client, heard, losses = self.opened(), [], []
        client.on_lost(losses.append)
        subscription = self.subscribed(client, callback=heard.append)
        self.published(6)
        self.come_back(resumed=False)
        [again] = self.peer.take()
        self.assertEqual({"since": {"epoch": "e", "offset": 6}}, again["data"])
        self.published(7)
        self.answers(again["id"], {"recovered": True, "epoch": "e", "offset": 7})
        self.published(8)
        self.assertEqual([6, 7, 8], [push.offset for push in heard])
        self.assertEqual([None], [loss.topic for loss in losses])
        self.assertTrue(subscription.recovered)

    def test_what_is_not_kept_any_more_is_told(self):
        client, heard, losses = self.opened(), [], []
        client.on_lost(losses.append)
        self.subscribed(client, callback=heard.append)
        self.come_back(resumed=False)
        [again] = self.peer.take()
        self.answers(again["id"], {"recovered": False, "epoch": "another", "offset": 2})
        self.published(3)
        self.assertEqual([None, "news"], [loss.topic for loss in losses])
        self.assertEqual([3], [push.offset for push in heard])

    def test_one_that_is_refused_then_has_ended(self):
        client, losses = self.opened(), []
        client.on_lost(losses.append)
        subscription = self.subscribed(client)
        self.come_back(resumed=False)
        [again] = self.peer.take()
        self.says({"id": again["id"], "status": 403, "detail": "no more"})
        self.failureResultOf(Deferred.fromCoroutine(subscription.take()), CommandFailed)
        self.assertEqual(["403: no more"], [loss.reason for loss in losses[1:]])

    def test_a_session_that_is_lost_while_it_subscribes_is_no_failure(self):
        client = self.opened()
        subscribing = client.subscribe("news")
        self.come_back(resumed=False)
        [again] = self.peer.take()
        self.assertEqual("/~/topics/news", again["url"])
        self.answers(again["id"], {"recovered": False, "epoch": "e", "offset": 0})
        self.successResultOf(subscribing)

    def test_a_refused_one_hears_nothing(self):
        client, heard = self.opened(), []
        subscribing = client.subscribe("news", heard.append)
        self.peer.take()
        self.says({"id": 2, "status": 403, "detail": "no"})
        self.failureResultOf(subscribing, CommandFailed)
        self.published(1)
        self.assertEqual([], heard)

    def test_the_last_one_to_leave_unsubscribes(self):
        client = self.opened()
        first, second = self.subscribed(client), self.subscribed(client)
        client.unsubscribe(first)
        self.assertEqual([], [one for one in self.peer.take() if "url" in one])
        leaving = client.unsubscribe(second)
        [sent] = self.peer.take()
        self.assertEqual(("DELETE", "/~/topics/news"), (sent["method"], sent["url"]))
        self.answers(sent["id"], True)
        self.successResultOf(leaving)
        self.assertRaises(TypeError, client.unsubscribe, "news")

    def test_a_loop_that_is_left_leaves_the_topic(self):
        client = self.opened()
        subscription = self.subscribed(client)

        async def first():
            async with subscription:
                async for push in subscription:
                    offset = push.offset
                    break
            return offset

        running = Deferred.fromCoroutine(first())
        self.published(6)
        self.assertEqual(6, self.successResultOf(running))
        self.assertEqual("DELETE", self.peer.take()[-1]["method"])

    def test_publishing_history_and_presence_are_requests(self):
        client = self.opened()
        client.publish("news", "said", {"text": "x"})
        client.history("news", since=Position("e", 1), limit=5)
        client.presence("news")
        self.assertEqual(
            [
                {"id": 2, "method": "POST", "url": "/~/topics/news", "event_name": "said",
                 "data": {"text": "x"}},
                {"id": 3, "method": "GET", "url": "/~/topics/news",
                 "args": {"since": {"epoch": "e", "offset": 1}, "limit": 5}},
                {"id": 4, "method": "GET", "url": "/~/topics/news/presence"},
            ],
            self.peer.take(),
        )  # fmt: skip


class ServingTests(ScriptedCase):
    def asks(self, id, url, method="GET", **more):
        self.says({"id": id, "method": method, "url": url} | more)

    def answered(self):
        self.clock.advance(0)
        return [one for one in self.peer.take() if "status" in one]

    def test_what_a_handler_returns_is_the_answer(self):
        client = self.opened()

        @client.handles("/files/{name}")
        def file(request):
            return [request.method, request.parameters, request.args, request.data]

        self.asks(1, "/files/a%20b", args={"x": 1}, data="d")
        self.assertEqual(
            [{"id": 1, "status": 200, "data": ["GET", {"name": "a b"}, {"x": 1}, "d"]}],
            self.answered(),
        )

    def test_one_may_take_its_time_and_is_cancelled(self):
        client = self.opened()
        later, never = Deferred(), Deferred()
        client.handles("/later", lambda request: later)
        client.handles("/never", lambda request: never)
        self.asks(1, "/later")
        self.asks(2, "/never")
        self.assertEqual([], self.answered())
        later.callback(5)
        self.assertEqual([{"id": 1, "status": 200, "data": 5}], self.answered())
        self.says({"cancel": 2}, {"cancel": 1}, {"cancel": 77})
        self.assertEqual([499], [one["status"] for one in self.answered()])

    def test_what_is_asked_again_is_answered_again_and_runs_once(self):
        client = self.opened()
        ran, waits = [], Deferred()
        client.handles("/now", lambda request: ran.append("now"))
        client.handles("/later", lambda request: ran.append("later") or waits)
        self.asks(1, "/now")
        self.asks(2, "/later")
        self.answered()
        self.come_back(received=1)
        self.asks(1, "/now")
        self.asks(2, "/later")
        waits.callback(None)
        self.assertCountEqual([1, 2], [one["id"] for one in self.answered()])
        self.assertEqual(["now", "later"], ran)

    def test_an_answer_that_falls_into_a_gap_is_given_when_it_is_asked_again(self):
        client = self.opened()
        waits = Deferred()
        client.handles("/later", lambda request: waits)
        self.asks(1, "/later")
        self.network.loses()
        waits.callback("late")
        self.clock.advance(1)
        self.welcome(resumed=True, received=1)
        self.assertEqual([], self.answered())
        self.asks(1, "/later")
        self.assertEqual([{"id": 1, "status": 200, "data": "late"}], self.answered())

    def test_another_session_counts_anew(self):
        client = self.opened()
        ran = []
        client.handles("/", lambda request: ran.append(request.data))
        self.asks(1, "/", data="first")
        self.come_back(resumed=False)
        self.asks(1, "/", data="second")
        self.assertEqual(["first", "second"], ran)

    def test_failures_are_told_in_the_words_of_http(self):
        client = self.opened()
        self.asks(1, "/a")

        @client.handles("/a", methods=["GET"])
        def refuses(request):
            raise APIError("not now", status=409, errors=[{"path": "$", "message": "m"}])

        client.handles("/b", lambda request: 1 / 0)
        client.handles("/c", lambda request: object())
        for id, url in enumerate(("/a", "/b", "/c", "/d"), 2):
            self.asks(id, url)
        self.asks(6, "/a", method="post")
        answers = self.answered()
        self.assertEqual([501, 409, 500, 500, 404, 405], [one["status"] for one in answers])
        self.assertEqual([{"path": "$", "message": "m"}], answers[1]["errors"])
        self.assertNotIn("division", answers[2]["detail"])
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.flushLoggedErrors()

    def test_no_more_than_64_run_at_the_same_time(self):
        client = self.opened()
        client.handles("/", lambda request: Deferred())
        for id in range(1, 67):
            self.asks(id, "/")
        self.assertEqual([(65, 503), (66, 503)], [(a["id"], a["status"]) for a in self.answered()])
