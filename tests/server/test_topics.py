"""Topics from a client's side: subscribing, publishing, history, recovery, presence."""

import gc
import json
import weakref

import attrs
from twisted.internet.defer import Deferred

from aiorest_gw import ConfigurationError, Push, SimpleRouter, TopicRule
from aiorest_gw.engines.memory import MemoryEngine
from aiorest_gw.errors import ServiceUnavailable
from aiorest_gw.testing import GatewayTestCase

from .test_conversation import ByName


class SlowEngine(MemoryEngine):
    """One that takes its time for some calls, as one does that is somewhere else.

    :ivar waiting: by the names of these calls, those that have not ended.
    """

    def __init__(self, now, *slow):
        super().__init__(now)
        self.slow = slow
        self.waiting = {"subscribe": [], "history": []}

    async def subscribe(self, topic):
        await self.wait("subscribe")
        await super().subscribe(topic)

    async def history(self, topic, since, limit):
        found = await super().history(topic, since, limit)
        await self.wait("history")
        return found

    async def wait(self, name):
        if name in self.slow:
            self.waiting[name].append(Deferred())
            await self.waiting[name][-1]

    def go_on(self, name, failure=None):
        """Let the oldest of these calls end."""
        waiting = self.waiting[name].pop(0)
        if failure is None:
            waiting.callback(None)
        else:
            waiting.errback(failure)


class LaggingEngine(MemoryEngine):
    """One that hands on what was published some time behind that."""

    def start(self, node):
        self.late = []
        super().start(attrs.evolve(node, published=lambda *args: self.late.append(args)))
        self.published = node.published

    def hand_on(self):
        late, self.late = self.late, []
        for args in late:
            self.published(*args)


class TopicsTestCase(GatewayTestCase):
    """A gateway with topics, and clients that use them."""

    options = {}  # noqa: RUF012 - of the factory; replaced, never changed

    def setUp(self):
        super().setUp()
        router = SimpleRouter()
        router.get("/join/{topic}")(self.join)
        self.router = router
        self.serve_topics()

    def serve_topics(self, **options):
        rules = [
            TopicRule("secret/**"),
            TopicRule("news/*", read=True, history=5),
            TopicRule("quiet/*", read=True, write=True, presence=False, history=0),
            TopicRule("own/*", read=self.owns, write=self.owns),
            TopicRule("**", read=True, write=True),
        ]
        self.factory = self.serve(
            self.router,
            topics=rules,
            presence_grace=15,
            **{"authenticator": ByName(), **self.options, **options},
        )

    def owns(self, session, topic):
        return topic == f"own/{session.user_id}"

    def join(self, request, topic):
        request.session.join(topic)
        request.factory.manager.publish(topic, "joined", request.user.id)
        return "joined"

    def client(self, name=None):
        data = {} if name is None else {"token": name}
        return self.open_session(self.factory, **data)

    def publish(self, topic, *numbers):
        for number in numbers:
            self.factory.manager.publish(topic, "n", number)

    def data(self, client):
        client.receive()
        found = [push.data for push in client.pushes]
        client.pushes.clear()
        return found

    def subscribe(self, client, topic="news%2Fa", **data):
        return client.request("PUT", f"/~/topics/{topic}", data=data).data

    def present(self, client, topic="news%2Fa"):
        return [one["user_id"] for one in client.request("GET", f"/~/topics/{topic}/presence").data]

    def slow(self, *calls):
        """An engine that takes its time for these."""
        engine = SlowEngine(self.clock.seconds, *calls)
        self.serve_topics(engine=engine)
        return engine


class TopicsTests(TopicsTestCase):
    def test_subscribers_hear_what_is_published_and_others_do_not(self):
        one, other = self.client(), self.client()
        self.publish("news/a", 1)
        told = one.request("PUT", "/~/topics/news%2Fa").data
        self.assertEqual((False, 1), (told["recovered"], told["offset"]))
        self.publish("news/a", 2, 3)
        self.publish("news/b", 4)
        one.receive()
        self.assertEqual([Push("n", 2, "news/a", 2), Push("n", 3, "news/a", 3)], list(one.pushes))
        self.assertEqual([], self.data(other))
        one.pushes.clear()
        self.assertTrue(one.request("DELETE", "/~/topics/news%2Fa").data)
        self.assertFalse(one.request("DELETE", "/~/topics/news%2Fa").data)
        self.publish("news/a", 5)
        self.assertEqual([], self.data(one))

    def test_plain_clients_subscribe_too(self):
        client = self.connect(self.factory)
        client.request("PUT", "/~/topics/news/a")
        self.publish("news/a", 1)
        client.move()
        self.assertEqual(
            [b'{"event_name":"n","data":1,"topic":"news/a","offset":1}'], client.messages
        )
        client.cut()
        self.publish("news/a", 2)

    def test_clients_may_do_what_the_rules_say(self):
        ann = self.client("ann")
        for method, topic, status in (
            ("PUT", "secret/x", 403), ("GET", "secret/x", 403), ("POST", "news/a", 403),
            ("PUT", "news/a", 200), ("PUT", "news/a/b", 200), ("POST", "any/where", 200),
            ("POST", "own/ann", 200), ("POST", "own/bob", 403), ("PUT", "own/ann", 200),
            ("PUT", "~own", 400), ("PUT", "a*", 400), ("PUT", "x" * 256, 400),
            ("PUT", "own//bob", 400), ("PUT", "own/./bob", 400), ("PUT", "own/bob/", 400),
        ):  # fmt: skip
            url = "/~/topics/" + topic.replace("/", "%2F")
            self.assertEqual(status, ann.request(method, url).status, (method, topic))
        self.assertEqual(404, ann.request("GET", "/~/topics/quiet%2Fa/presence").status)

    def test_wrong_rules_are_told(self):
        for wrong in ("", "/a", "a//b", "a*", "**/a", 5, "a/{name}", "a/#", "~/a", " a"):
            self.assertRaises(ConfigurationError, TopicRule, wrong)
        for wrong in ({"history": "5"}, {"history": -1}, {"history": 1.5}, {"history_seconds": "9"},
                      {"read": "yes"}, {"write": 1}, {"policy": "clos"}):  # fmt: skip
            self.assertRaises(ConfigurationError, TopicRule, "a", **wrong)

    def test_without_rules_clients_may_nothing_and_the_application_all(self):
        self.factory = self.serve(self.router)
        client = self.client()
        for method in ("PUT", "POST", "GET"):
            self.assertEqual(403, client.request(method, "/~/topics/a").status)
        client.request("GET", "/join/a")
        self.assertEqual(Push("joined", None, "a", 1), client.push())

    def test_a_view_subscribes_the_caller_and_what_it_pushes_precedes_its_answer(self):
        client = self.client()
        order = []
        take, client._take = client._take, lambda message: order.append("status" in message)
        client.ask("GET", "/join/news%2Fa")
        client.receive()
        self.assertEqual([False, True], order)
        client._take = take

    def test_what_clients_publish_has_its_place(self):
        client = self.client()
        client.request("PUT", "/~/topics/chat")
        answer = client.request("POST", "/~/topics/chat", event_name="said", data="hello").data
        self.assertEqual(1, answer["offset"])
        self.assertEqual(Push("said", "hello", "chat", 1), client.push())

    def test_history_is_bounded_by_count_and_age(self):
        client = self.client()
        self.publish("news/a", *range(8))
        found = client.request("GET", "/~/topics/news%2Fa").data
        self.assertEqual([4, 5, 6, 7, 8], [one["offset"] for one in found["publications"]])
        some = client.request("GET", "/~/topics/news%2Fa", args={"limit": 2}).data
        self.assertEqual([6, 7], [one["data"] for one in some["publications"]])
        since = {"epoch": found["epoch"], "offset": 6}
        more = client.request("GET", "/~/topics/news%2Fa", args={"since": since}).data
        self.assertEqual(
            ([6, 7], True), ([one["data"] for one in more["publications"]], more["complete"])
        )
        self.advance(301)
        old = client.request("GET", "/~/topics/news%2Fa").data
        self.assertEqual(([], 8), (old["publications"], old["offset"]))
        for wrong in (5, {"epoch": 1}, {"epoch": "x", "offset": -1}, []):
            answer = client.request("GET", "/~/topics/news%2Fa", args={"since": wrong})
            self.assertEqual(400, answer.status, wrong)

    def recover(self, client, epoch, offset):
        told = client.request(
            "PUT", "/~/topics/news%2Fa", data={"since": {"epoch": epoch, "offset": offset}}
        ).data
        return told["recovered"], self.data(client)

    def test_recovery_is_all_or_nothing(self):
        self.publish("news/a", *range(8))
        epoch = self.client().request("GET", "/~/topics/news%2Fa").data["epoch"]
        for offset, recovered, missed in (
            (8, True, []), (7, True, [7]), (3, True, [3, 4, 5, 6, 7]), (2, False, []), (0, False, []),
            (9, False, []),
        ):  # fmt: skip
            self.assertEqual(
                (recovered, missed), self.recover(self.client(), epoch, offset), offset
            )
        self.assertEqual((False, []), self.recover(self.client(), "another", 7))

    def test_what_is_published_while_history_is_read_comes_behind_it_once(self):
        engine = self.slow("history")
        self.publish("news/a", 0, 1)
        client = self.client()
        asking = client.ask("GET", "/~/topics/news%2Fa")
        engine.go_on("history")
        client.receive()
        epoch = client.answers[asking][0].data["epoch"]
        since = {"epoch": epoch, "offset": 1}
        id = client.ask("PUT", "/~/topics/news%2Fa", data={"since": since})
        self.publish("news/a", 2, 3)
        self.assertEqual([], self.data(client))
        engine.go_on("history")
        self.assertEqual([1, 2, 3], self.data(client))
        self.assertTrue(client.answers[id][0].data["recovered"])
        self.publish("news/a", 4)
        self.assertEqual([4], self.data(client))

    def test_a_session_that_ends_while_it_subscribes_is_nowhere(self):
        engine = self.slow("history")
        client, other = self.client("ann"), self.client("bob")
        self.factory.manager.get_handler(client.session_id).join("news/a")
        self.factory.manager.close(client.session_id)
        engine.go_on("history")
        self.advance(30)
        self.assertEqual([], self.present(other))
        self.assertEqual({}, engine._memory.subscribers)

    def test_an_engine_that_fails_once_is_asked_again(self):
        failures = [ServiceUnavailable()]

        class Failing(MemoryEngine):
            async def subscribe(self, topic):
                if failures:
                    raise failures.pop()
                await super().subscribe(topic)

        self.serve_topics(engine=Failing(self.clock.seconds))
        client = self.client()
        statuses = [client.request("PUT", "/~/topics/news%2Fa").status for _ in "ab"]
        self.publish("news/a", 1)
        self.assertEqual(([503, 200], [1]), (statuses, self.data(client)))

    def test_what_is_kept_outlives_other_settings(self):
        self.publish("news/a", 1)
        self.factory.manager.send_message_to_user_ids(["ann"], Push("x"))
        self.factory.configure(origins=["https://app.example"])
        ann = self.client("ann")
        self.assertEqual(1, ann.request("GET", "/~/topics/news%2Fa").data["offset"])
        self.assertEqual("x", ann.push().event_name)

    def test_slashes_of_a_topic_may_be_written_as_such(self):
        ann = self.client("ann")
        ann.request("PUT", "/~/topics/news/a")
        self.publish("news/a", 1)
        self.assertEqual([{"user_id": "ann", "username": "Ann"}],
                         ann.request("GET", "/~/topics/news/a/presence").data)  # fmt: skip
        self.assertEqual(1, ann.request("GET", "/~/topics/news/a").data["offset"])

    def test_subscriptions_outlive_connections(self):
        client = self.client()
        client.request("PUT", "/~/topics/news%2Fa")
        client.cut()
        self.publish("news/a", 1, 2)
        client.resume()
        self.assertEqual([1, 2], self.data(client))

    def test_a_session_that_is_gone_is_subscribed_to_nothing(self):
        client = self.client()
        client.request("PUT", "/~/topics/news%2Fa")
        client.cut()
        self.advance(61)
        self.publish("news/a", 1)
        self.assertEqual({}, self.factory.engine._memory.subscribers)

    def test_subscriptions_have_a_limit(self):
        self.serve_topics(max_subscriptions=2)
        client = self.client()
        statuses = [client.request("PUT", f"/~/topics/t{n}").status for n in (1, 2, 3, 2)]
        self.assertEqual([200, 200, 429, 200], statuses)


class PresenceTests(TopicsTestCase):
    def test_presence_has_a_grace(self):
        ann, bob, again = self.client("ann"), self.client("bob"), self.client("ann")
        for client in (ann, bob, again):
            client.request("PUT", "/~/topics/news%2Fa")
        self.assertEqual(["ann", "bob"], self.present(bob))
        ann.cut()
        again.cut()
        self.advance(14)
        self.assertEqual(["ann", "bob"], self.present(bob))
        again.resume(token="ann")
        self.advance(2)
        self.assertEqual(["ann", "bob"], sorted(self.present(bob)))
        again.cut()
        self.advance(15.2)
        self.assertEqual(["bob"], self.present(bob))

    def test_who_leaves_is_not_present_any_more(self):
        ann, bob = self.client("ann"), self.client("bob")
        for client in (ann, bob):
            client.request("PUT", "/~/topics/news%2Fa")
        ann.request("DELETE", "/~/topics/news%2Fa")
        self.assertEqual(["bob"], self.present(bob))
        ann.request("PUT", "/~/topics/news%2Fa")
        ann.request("DELETE", "/~/session")
        self.advance(0)
        self.assertEqual(["bob"], self.present(bob))

    def test_one_who_comes_back_as_another_session_does_not_flicker(self):
        """A client of the plain dialect has a new session each time."""
        bob = self.client("bob")
        for _ in range(3):
            ann = self.connect(self.factory, headers={"Authorization": "Bearer ann"})
            self.assertEqual(200, ann.request("PUT", "/~/topics/news/a", id=1).status)
            self.assertEqual(["ann"], self.present(bob))
            ann.cut()
            self.advance(14)
            self.assertEqual(["ann"], self.present(bob))
        self.advance(1.2)
        self.assertEqual([], self.present(bob))

    def test_nobody_in_particular_is_not_there_when_nobody_could_know_it_again(self):
        bob = self.client("bob")
        for _ in range(10):
            plain = self.connect(self.factory)
            plain.request("PUT", "/~/topics/news/a")
            plain.cut()
        self.assertEqual([], self.present(bob))
        anybody = self.client()
        self.subscribe(anybody)
        anybody.cut()
        self.assertEqual([None], self.present(bob))
        anybody.resume()
        self.advance(20)
        self.assertEqual([None], self.present(bob))

    def test_those_who_were_cut_off_are_bounded(self):
        self.serve_topics(max_away=5)
        bob = self.client("bob")
        for number in range(20):
            ann = self.connect(self.factory, headers={"Authorization": f"Bearer {number}"})
            ann.request("PUT", "/~/topics/news/a")
            ann.cut()
        self.assertEqual([str(number) for number in range(15, 20)], self.present(bob))

    def test_the_grace_of_one_who_was_given_up_is_that_of_the_cut(self):
        self.serve_topics(max_away=1)
        bob, ann, carl = self.client("bob"), self.client("ann"), self.client("carl")
        self.subscribe(ann)
        ann.cut()
        self.advance(10)
        carl.cut()
        self.assertIsNone(self.factory.manager.get_handler(ann.session_id))
        self.assertEqual(["ann"], self.present(bob))
        self.advance(5.2)
        self.assertEqual([], self.present(bob))

    def test_one_who_is_subscribed_while_away_has_the_grace_from_then(self):
        engine = self.slow("history")
        ann, bob = self.client("ann"), self.client("bob")
        ann.ask("PUT", "/~/topics/news%2Fa")
        ann.cut()
        self.advance(20)
        engine.go_on("history")
        self.assertEqual(["ann"], self.present(bob))
        self.advance(15.2)
        self.assertEqual([], self.present(bob))

    def test_credentials_that_come_while_the_client_is_away_change_nothing_of_that(self):
        case, name = self, ByName()

        class Slow:
            def authenticate(self, token):
                found = name.authenticate(token)
                if case.asked is None:
                    return found
                case.asked.append((Deferred(), found))
                return case.asked[-1][0]

        def shown():
            for deferred, found in self.asked:
                deferred.callback(found)
            self.asked = None

        self.asked, self.options = None, {"authenticator": Slow()}
        self.serve_topics(max_away=1)
        bob, ann, carl = self.client("bob"), self.client("ann"), self.client("carl")
        self.subscribe(ann)
        self.asked = []
        ann.ask("PUT", "/~/session", data={"token": "ann"})
        ann.cut()
        self.advance(1)
        shown()
        self.assertEqual(["ann"], self.present(bob))
        self.advance(14.2)
        self.assertEqual([], self.present(bob))
        carl.cut()
        manager = self.factory.manager
        self.assertEqual((False, True), (
            manager.get_handler(ann.session_id) is not None,
            manager.get_handler(carl.session_id) is not None))  # fmt: skip


class SlowEngineTests(TopicsTestCase):
    """What happens while an engine that takes its time is waited for."""

    def test_what_was_recovered_before_it_is_handed_on_comes_once(self):
        engine = LaggingEngine(self.clock.seconds)
        self.serve_topics(engine=engine, max_outbox_messages=20)
        self.connect(self.factory).request("PUT", "/~/topics/a")
        place = self.subscribe(self.client(), "b")
        since = {"epoch": place["epoch"], "offset": 0}
        for count in (5, 30):
            self.publish("a", *range(count))
            client = self.client()
            id = client.ask("PUT", "/~/topics/a", data={"since": since})
            got = self.data(client)
            engine.hand_on()
            while id not in client.answers:
                client.acknowledge()
                got += self.data(client)
            self.publish("a", "more")
            engine.hand_on()
            got += self.data(client)
            self.assertEqual([*range(count), "more"], got)
            since["offset"] += len(got)

    def test_to_unsubscribe_while_subscribing_harms_no_other_topic(self):
        engine = self.slow()
        client = self.client("ann")
        for topic in "abc":
            self.subscribe(client, topic)
        engine.slow = ("history",)
        subscribing = client.ask("PUT", "/~/topics/d")
        self.assertTrue(client.request("DELETE", "/~/topics/d").data)
        engine.go_on("history")
        engine.slow = ()
        client.receive()
        self.assertFalse(client.answers[subscribing][0].data["recovered"])
        for topic in "abcd":
            self.publish(topic, topic)
        self.assertEqual(["a", "b", "c"], self.data(client))
        self.assertEqual([], self.present(client, "d"))
        client.request("DELETE", "/~/session")
        self.advance(0.1)
        self.assertEqual(({}, {}), (engine._memory.subscribers, engine._memory.members))

    def test_one_who_subscribes_again_meanwhile_is_subscribed(self):
        engine = self.slow("subscribe", "history")
        client = self.client()
        asked = [client.ask("PUT", "/~/topics/a"), client.ask("DELETE", "/~/topics/a")]
        asked.append(client.ask("PUT", "/~/topics/a"))
        for name in ("subscribe", "subscribe", "history", "history"):
            engine.go_on(name)
        self.publish("a", 1)
        self.assertEqual([1], self.data(client))
        self.assertEqual([200, 200, 200], [client.answers[id][0].status for id in asked])

    def test_nobody_is_told_to_be_subscribed_before_the_engine_is(self):
        engine = self.slow("subscribe")
        ann, bob = self.client("ann"), self.client("bob")
        asked = [(client, client.ask("PUT", "/~/topics/a")) for client in (ann, bob)]
        self.publish("a", 1)
        for client in (ann, bob):
            client.receive()
        self.assertEqual([False, False], [id in client.answers for client, id in asked])
        self.assertEqual(1, len(engine.waiting["subscribe"]))
        engine.go_on("subscribe")
        self.publish("a", 2)
        self.assertEqual([[2], [2]], [self.data(client) for client in (ann, bob)])
        told = [client.answers[id][0].data["offset"] for client, id in asked]
        self.assertEqual([1, 1], told)

    def test_where_the_engine_cannot_subscribe_all_who_wait_are_told_and_may_ask_again(self):
        engine = self.slow("subscribe")
        ann, bob = self.client("ann"), self.client("bob")
        asked = [(client, client.ask("PUT", "/~/topics/a")) for client in (ann, bob)]
        engine.go_on("subscribe", ServiceUnavailable())
        for client in (ann, bob):
            client.receive()
        self.assertEqual([503, 503], [client.answers[id][0].status for client, id in asked])
        engine.slow = ()
        self.subscribe(bob, "a")
        self.publish("a", 1)
        self.assertEqual([[], [1]], [self.data(client) for client in (ann, bob)])

    def test_one_request_that_is_cancelled_takes_no_other_along(self):
        engine = self.slow("subscribe")
        client = self.client()
        first, second = client.ask("PUT", "/~/topics/a"), client.ask("PUT", "/~/topics/a")
        client.cancel(first)
        engine.go_on("subscribe")
        self.publish("a", 1)
        self.assertEqual([1], self.data(client))
        self.assertEqual([499, 200], [client.answers[id][0].status for id in (first, second)])

    def test_one_who_is_subscribed_misses_nothing_where_it_cannot_be_asked_for_more(self):
        engine = self.slow()
        client = self.client()
        place = self.subscribe(client, "a")
        engine.slow = ("history",)
        since = {"epoch": place["epoch"], "offset": 0}
        id = client.ask("PUT", "/~/topics/a", data={"since": since})
        self.publish("a", 1, 2)
        self.assertEqual([], self.data(client))
        engine.go_on("history", ServiceUnavailable())
        self.assertEqual([1, 2], self.data(client))
        self.assertEqual(503, client.answers[id][0].status)
        self.publish("a", 3)
        self.assertEqual([3], self.data(client))

    def test_what_is_held_meanwhile_is_bounded_and_what_is_missed_is_told(self):
        engine = self.slow()
        place = self.subscribe(self.client(), "b")
        engine.slow = ("history",)
        client = self.client()
        since = {"epoch": place["epoch"], "offset": 0}
        id = client.ask("PUT", "/~/topics/a", data={"since": since})
        for number in range(1_005):
            self.publish("a", number)
        self.publish("a", "x" * 600_000)
        self.publish("a", "y" * 600_000)
        engine.go_on("history")
        client.receive()
        [push] = client.pushes
        told = client.answers[id][0].data
        self.assertEqual((1_007, False, 1_007), (push.offset, told["recovered"], told["offset"]))
        client.acknowledge()
        client.pushes.clear()
        self.publish("a", "z")
        self.assertEqual(["z"], self.data(client))


class RecoveryTests(TopicsTestCase):
    """What was missed is more than there is room for."""

    def recover(self, *bodies, packed=False, **limits):
        """Somebody asks for what was published."""
        self.serve_topics(**limits)
        place = self.subscribe(self.client(), "a")
        self.publish("a", *bodies)
        self.since = {"epoch": place["epoch"], "offset": 0}
        client = self.client() if not packed else self.open_session(self.factory, packed=True)
        self.asked = client.ask("PUT", "/~/topics/a", data={"since": self.since})
        return client

    def test_it_is_sent_as_fast_as_the_client_reads(self):
        for packed in (False, True):
            client = self.recover(*range(50), packed=packed, max_outbox_messages=20)
            got = self.data(client)
            self.assertEqual([*range(5)], got)
            self.publish("a", 50)
            while self.asked not in client.answers:
                client.acknowledge()
                got += self.data(client)
            told = client.answers[self.asked][0].data
            self.assertEqual((True, 51), (told["recovered"], told["offset"]))
            self.assertEqual([*range(51)], got)
            client.acknowledge()
            self.publish("a", 51)
            self.assertEqual([51], self.data(client))

    def test_it_goes_on_where_the_client_was_cut_off(self):
        client = self.recover(*range(50), max_outbox_messages=20)
        got = self.data(client)
        client.cut()
        self.publish("a", 50)
        self.advance(20)
        client.resume()
        while self.asked not in client.answers:
            client.acknowledge()
            got += self.data(client)
        self.assertEqual([*range(51)], got)

    def test_little_of_it_is_sent_at_once(self):
        client = self.recover(*range(10), max_outbox_messages=20)
        self.assertEqual([*range(10)], self.data(client))
        self.assertTrue(client.answers[self.asked][0].data["recovered"])

    def test_there_is_room_left_for_what_is_published_then(self):
        client = self.recover(*range(20), max_outbox_messages=20)
        self.publish("a", *range(20, 40))
        self.assertEqual([*range(5)], self.data(client))
        self.assertIsNone(client.connection.close_code)

    def test_its_bytes_count_too(self):
        """What was missed may be more than may be on its way, and takes no room from what comes then."""
        client = self.recover(*("x" * 1_000 for _ in range(30)), max_outbox_size=20_000)
        got = self.data(client)
        self.assertTrue(2 < len(got) < 8, len(got))
        self.publish("a", *("y" * 1_000 for _ in range(15)))
        while self.asked not in client.answers:
            client.acknowledge()
            got += self.data(client)
        self.assertEqual("x" * 30 + "y" * 15, "".join(data[0] for data in got))
        self.assertIsNone(client.connection.close_code)

    def test_two_requests_for_it_are_done_one_after_the_other(self):
        client = self.recover(*range(30), max_outbox_messages=20)
        asked = [self.asked, client.ask("PUT", "/~/topics/a", data={"since": self.since})]
        got = self.data(client)
        self.publish("a", 30)
        while asked[1] not in client.answers:
            client.acknowledge()
            got += self.data(client)
        self.assertEqual([*range(31), *range(31)], got)
        self.assertTrue(all(client.answers[id][0].data["recovered"] for id in asked))

    def test_one_that_wants_it_no_more_hears_what_it_is_subscribed_to(self):
        self.serve_topics(max_outbox_messages=20)
        client = self.client()
        place = self.subscribe(client, "a")
        for number in range(30):
            self.publish("a", number)
            client.receive()
            client.acknowledge()
        self.assertEqual([*range(30)], self.data(client))
        since = {"epoch": place["epoch"], "offset": 0}
        id = client.ask("PUT", "/~/topics/a", data={"since": since})
        self.publish("a", 30, 31)
        self.assertEqual([*range(5)], self.data(client))
        client.cancel(id)
        self.assertEqual([30, 31], self.data(client))
        self.publish("a", 32)
        self.assertEqual([32], self.data(client))

    def test_one_that_leaves_gets_no_more_of_it(self):
        client = self.recover(*range(50), max_outbox_messages=20)
        self.assertEqual([*range(5)], self.data(client))
        self.assertTrue(client.request("DELETE", "/~/topics/a").data)
        client.acknowledge()
        self.assertEqual([], self.data(client))
        self.assertFalse(client.answers[self.asked][0].data["recovered"])

    def test_one_that_reads_more_slowly_than_is_published_is_closed_as_ever(self):
        client = self.recover(*range(50), max_outbox_messages=20)
        self.publish("a", *range(2_000))
        client.receive()
        self.assertEqual(4002, client.connection.close_code)

    def test_one_that_acknowledges_nothing_is_told_that_it_is_not_sent(self):
        self.serve_topics(max_outbox_messages=20)
        place = self.subscribe(self.client(), "a")
        self.publish("a", *range(30))
        client = self.connect(self.factory)
        for offset, recovered, missed in ((0, False, 0), (12, True, 18)):
            since = {"epoch": place["epoch"], "offset": offset}
            client.send({"method": "PUT", "url": "/~/topics/a", "data": {"since": since}})
            client.move()
            *pushes, answer = [json.loads(message) for message in client.messages]
            told = answer["data"]
            self.assertEqual((recovered, 30), (told["recovered"], told["offset"]))
            self.assertEqual([*range(31 - missed, 31)], [push["offset"] for push in pushes])
            client.messages.clear()

    def test_what_is_recovered_or_read_is_what_was_written_when_it_was_published(self):
        data = {"n": [1.5]}
        self.factory.manager.publish("a", "n", data)
        data["n"].append(2)
        for packed in (False, True):
            client = self.open_session(self.factory, packed=packed)
            found = client.request("GET", "/~/topics/a").data
            since = {"epoch": found["epoch"], "offset": 0}
            self.subscribe(client, "a", since=since)
            self.assertEqual(Push("n", {"n": [1.5]}, "a", 1), client.push())
            self.assertEqual(
                [{"event_name": "n", "data": {"n": [1.5]}, "topic": "a", "offset": 1}],
                found["publications"],
            )


class ForgettingTests(TopicsTestCase):
    def test_who_subscribes_unsubscribes_and_leaves_is_forgotten(self):
        for packed in (False, True):
            client = self.open_session(self.factory, packed=packed)
            there = weakref.ref(self.factory.manager.get_handler(client.session_id))
            self.subscribe(client)
            client.request("DELETE", "/~/topics/news%2Fa")
            client.request("DELETE", "/~/session")
            self.advance(1)
            self.clients.clear()
            del client
            gc.collect()
            self.assertIsNone(there())
