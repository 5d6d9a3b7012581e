"""A gateway that is broken, or means ill, harms nothing; nor do callbacks that do what they should not."""

import asyncio

from twisted.internet.defer import Deferred

from aiorest_gw.client import (
    CommandFailed,
    ConnectionClosed,
    ConnectionFailed,
    GatewayClient,
    InvalidCommand,
    State,
)

from .scripted import LIMITS, ScriptedCase

WELCOME = {"session_id": "s", "resume": "secret", "resumed": False, "limits": LIMITS}


class OpeningTests(ScriptedCase):
    def test_an_opening_that_is_answered_with_nonsense_has_failed_and_says_why(self):
        for wrong in (
            {"resume": None},
            {"resumed": "no"},
            {"session_id": 5},
            {"limits": [1]},
            {"limits": {"max_open_requests": 0}},
            {"limits": {"max_open_requests": "many"}},
            {"limits": {"max_outbox_messages": -5}},
            {"limits": {"max_outbox_size": 1e300}},
            # Nothing was there that could be resumed.
            {"resumed": True, "received": 0},
        ):
            asked = self.client().get("/")
            self.clock.advance(0)
            self.peer.says({"id": 1, "status": 200, "data": WELCOME | wrong})
            self.assertIn("session", str(self.failureResultOf(asked, ConnectionFailed).value))
            self.assertEqual("aborted", self.peer.closed)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_one_that_tells_no_bounds_has_the_usual_ones(self):
        client = self.client()
        asked = client.connect()
        self.clock.advance(0)
        self.peer.says({"id": 1, "status": 200, "data": WELCOME | {"limits": {}}})
        self.successResultOf(asked)

    def test_a_session_is_not_resumed_with_requests_that_were_never_sent(self):
        """What is asked next would be taken for one of them, and never be answered."""
        client = self.opened()
        asked = client.get("/")
        self.network.loses()
        for received in (3, 10**30, -1, None, "2"):
            self.clock.advance(30)
            peer = self.peer
            data = WELCOME | {"resumed": True, "received": received}
            peer.says({"id": 0, "status": 200, "data": data})
            self.assertEqual("aborted", peer.closed)
            self.assertIs(State.LOST, client.state)
            self.network._keeper.again()
        self.clock.advance(30)
        self.welcome(resumed=True, received=2)
        self.answers(2, "done")
        self.assertEqual("done", self.successResultOf(asked))

    def test_a_token_that_cannot_be_written_is_told(self):
        asked = self.client("\ud800").connect()
        self.clock.advance(0)
        self.failureResultOf(asked, InvalidCommand)

    def test_a_provider_that_hangs_is_given_up_and_asked_again(self):
        given, ended = [], []

        def give():
            given.append(Deferred(ended.append))
            return given[-1]

        client = self.client(give, first_attempts=None)
        asked = client.connect()
        for attempt in range(1, 4):
            self.clock.advance(0)
            self.assertEqual(attempt, len(given))
            self.clock.advance(10)
            self.assertEqual("aborted", self.peer.closed)
            self.assertEqual(given[:attempt], ended)
            self.network._keeper.again()
            self.clock.advance(30)
        given[-1].callback("token")
        self.assertEqual({"token": "token"}, self.welcome()["data"])
        self.successResultOf(asked)

    def test_one_that_goes_away_again_and_again_is_not_come_back_to_without_a_pause(self):
        self.opened()
        for _ in range(5):
            self.come_back(4001, "back in 0")
        self.assertEqual([0.5] * 5, self.network.waits)


class MessageTests(ScriptedCase):
    def test_a_push_may_have_any_name(self):
        client, heard = self.opened(), []
        client.on("*", lambda push: heard.append(push.event_name))
        for name in ({"a": 1}, ["b"], 5, None):
            self.says({"event_name": name})
        self.clock.advance(0)
        self.assertEqual([{"a": 1}, ["b"], 5, None], heard)

    def test_an_answer_has_so_many_parts_and_no_more(self):
        client = self.opened()
        asked = client.get("/endless")
        for _ in range(10_001):
            self.says({"id": 2, "status": 200, "data": "part", "more": True})
        error = self.failureResultOf(asked, CommandFailed).value
        self.assertEqual(413, error.code)
        self.assertIn({"cancel": 2}, self.peer.take())
        self.says({"id": 2, "status": 200, "data": "part", "more": True})
        self.assertEqual([None], [call.parts for call in client._session._calls.open.values()])

    def test_a_subscription_that_is_answered_with_nonsense_has_failed(self):
        for answer in (None, 5, {}, {"epoch": "e", "offset": "2"}, {"epoch": [], "offset": 2}):
            asked = self.opened().subscribe("news")
            self.answers(2, answer)
            self.assertEqual(502, self.failureResultOf(asked, CommandFailed).value.code)
            self.says({"event_name": "e", "topic": "news", "offset": 3})
            self.assertIsNone(self.peer.closed)

    def test_also_when_it_is_asked_for_again_and_that_is_told(self):
        client, losses = self.opened(), []
        client.on_lost(lambda loss: losses.append(loss.topic))
        asked = client.subscribe("news")
        self.answers(2, {"epoch": "e", "offset": 2, "recovered": False})
        taken = self.successResultOf(asked).take()
        self.come_back(resumed=False)
        self.answers(1, "nonsense")
        self.failureResultOf(Deferred.fromCoroutine(taken), CommandFailed)
        self.assertEqual([None, "news"], losses)

    def test_since_has_to_be_a_place(self):
        client = self.opened()
        for since in ({"epoch": "e", "offset": "2"}, {"epoch": 1, "offset": 2}, {"offset": 2}, 5):
            with self.assertRaisesRegex(TypeError, "since is a position"):
                client.subscribe("news", since=since)
        self.assertEqual([], self.peer.take())

    def test_a_subscription_that_is_cancelled_meanwhile_leaves_the_topic(self):
        client = self.opened()
        asked = client.subscribe("news")
        asked.addErrback(lambda _: None)
        asked.cancel()
        sent = [(one.get("method"), one.get("cancel")) for one in self.peer.take()]
        self.assertEqual([("PUT", None), (None, 2), ("DELETE", None)], sent)


class CallbackTests(ScriptedCase):
    def test_whoever_is_told_that_the_session_is_lost_may_close_at_once(self):
        client = self.opened()
        asked = client.get("/")
        asked.addErrback(lambda _: client.close())
        self.come_back(resumed=False)
        self.assertIs(State.CLOSED, client.state)
        self.successResultOf(asked)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_watcher_may_raise_anything(self):
        for error in (asyncio.CancelledError, GeneratorExit, BaseException):

            def watch(state, reason, error=error):
                raise error

            client = self.opened()
            asked = client.get("/")
            client.on_state(watch)
            client.close()
            self.failureResultOf(asked, ConnectionClosed)
            self.assertEqual(1, len(self.flushLoggedErrors(error)))

    def test_what_fails_at_once_is_told_and_nothing_goes_on(self):
        def connect(reactor, address):
            raise OSError("no network")

        for ask in (GatewayClient.connect, lambda one: one.get("/"), lambda one: one.ping()):
            for client in (
                GatewayClient("ws://127.0.0.1/", connector=connect, reactor=self.clock),
                GatewayClient("ws://a..b/", reactor=self.clock),
            ):
                asked = ask(client)
                self.clock.advance(0)
                self.failureResultOf(asked, ConnectionFailed)
                self.assertEqual([], self.clock.getDelayedCalls())

    def test_also_who_closes_within_the_call_that_opens_is_not_waited_for(self):
        client = self.client()
        client.on_state(lambda state, reason: state is State.CONNECTING and client.close() and None)
        self.failureResultOf(client.connect(), ConnectionClosed)
        self.failureResultOf(client.get("/"), ConnectionClosed)
        parts = Deferred.fromCoroutine(client.stream("/").take())
        self.failureResultOf(parts, ConnectionClosed)
        self.clock.advance(10)
        self.assertEqual([], self.network.attempts)
