"""Requests of a client: each is sent once as far as the gateway knows, and ends in one way."""

from twisted.internet.defer import CancelledError

from aiorest_gw.client import (
    CommandFailed,
    CommandTimeout,
    ConnectionFailed,
    ConnectionLost,
    InvalidCommand,
    SessionLost,
)

from .scripted import ScriptedCase


def urls(messages):
    return [message["url"] for message in messages if "url" in message]


def ids(messages):
    return [message["id"] for message in messages if "url" in message]


class RequestTests(ScriptedCase):
    def test_the_first_message_opens_the_session(self):
        client = self.client("secret token")
        asked = client.get("/a")
        opening = self.welcome()
        self.assertEqual(
            {"id": 1, "method": "PUT", "url": "/~/session", "data": {"token": "secret token"}},
            opening,
        )
        self.assertEqual([{"id": 2, "method": "GET", "url": "/a"}], self.peer.take())
        self.answers(2, {"x": 1})
        self.assertEqual({"x": 1}, self.successResultOf(asked))
        self.assertEqual(("s", 7, "ann"), (client.session_id, client.user_id, client.username))

    def test_what_is_given_is_sent_and_nothing_else(self):
        client = self.opened()
        client.post(
            "/a", 1, args={"x": 2}, deadline=50, event_name="e", headers={"h": 1}, token="t"
        )
        client.request("purge", "/b")
        self.assertEqual(
            [
                {
                    "id": 2, "method": "POST", "url": "/a", "data": 1, "args": {"x": 2}, "token": "t",
                    "deadline": 50, "event_name": "e", "headers": {"h": 1},
                },
                {"id": 3, "method": "purge", "url": "/b"},
            ],
            self.peer.take(),
        )  # fmt: skip

    def test_each_verb_has_a_method(self):
        client = self.opened()
        for verb in ("get", "post", "put", "patch"):
            getattr(client, verb)("/", {"a": 1})
        sent = [(one["method"], one["data"]) for one in self.peer.take()]
        self.assertEqual([(verb, {"a": 1}) for verb in ("GET", "POST", "PUT", "PATCH")], sent)

    def test_no_more_are_open_than_the_gateway_takes(self):
        client = self.opened()
        asked = [client.get(f"/{number}") for number in range(6)]
        self.assertEqual(["/0", "/1", "/2", "/3"], urls(self.peer.take()))
        self.answers(4)
        self.assertEqual(["/4"], urls(self.peer.take()))
        self.successResultOf(asked[2])
        self.answers(2)
        self.assertEqual(["/5"], urls(self.peer.take()))

    def test_a_failure_is_raised_with_what_the_gateway_says(self):
        asked = self.opened().get("/a")
        self.says({"id": 2, "status": 422, "detail": "wrong", "errors": [{"path": "$.a"}]})
        error = self.failureResultOf(asked, CommandFailed).value
        self.assertEqual((422, "wrong", [{"path": "$.a"}]), (error.code, error.message, error.data))
        self.assertEqual("422: wrong ([{'path': '$.a'}])", str(error))

    def test_parts_are_a_list_where_nobody_streams_them(self):
        asked = self.opened().get("/a")
        self.answers(2, 1, more=True)
        self.answers(2, 2, more=True)
        self.assertNoResult(asked)
        self.answers(2)
        self.assertEqual([1, 2], self.successResultOf(asked))

    def test_what_is_no_request_is_refused_at_once(self):
        client = self.opened()
        for wrong in (
            lambda: client.get(None),
            lambda: client.get(""),
            lambda: client.request(5, "/"),
            lambda: client.get("/", args=[1]),
            lambda: client.get("/", deadline=0),
            lambda: client.get("/", deadline="soon"),
            lambda: client.get("/", token=b"x"),
            lambda: client.get("/", headers="x"),
        ):
            self.assertRaises(InvalidCommand, wrong)
        self.assertEqual([], self.peer.take())

    def test_what_cannot_be_written_leaves_no_gap(self):
        client = self.opened()
        error = self.failureResultOf(client.post("/a", object()), InvalidCommand).value
        self.assertIn("object", str(error))
        client.get("/b")
        self.assertEqual([2], ids(self.peer.take()))

    def test_nor_where_it_waited_for_the_connection(self):
        client = self.client()
        bad, good = client.post("/a", {1, object()}), client.get("/b")
        self.welcome()
        self.failureResultOf(bad, InvalidCommand)
        self.assertEqual([2], ids(self.peer.take()))
        self.assertNoResult(good)

    def test_so_many_wait_and_no_more(self):
        client = self.client()
        self.network.works = True
        waiting = [client.get("/") for _ in range(10_000)]
        self.failureResultOf(client.get("/"), InvalidCommand)
        self.assertNoResult(waiting[-1])


class CancelTests(ScriptedCase):
    def test_a_request_that_was_sent_is_cancelled(self):
        client = self.opened()
        asked = client.get("/a")
        self.peer.take()
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertEqual([{"cancel": 2}], self.peer.take())
        self.says({"id": 2, "status": 499, "detail": "cancelled"})
        self.assertEqual([], [*client._session._calls.open])

    def test_one_that_waits_is_never_sent(self):
        client = self.client()
        first, second = client.get("/a"), client.get("/b")
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.welcome()
        self.assertEqual(["/b"], urls(self.peer.take()))
        self.assertNoResult(second)

    def test_one_that_is_cancelled_while_we_are_away_is_cancelled_when_we_are_back(self):
        client = self.opened()
        received, unknown = client.get("/a"), client.get("/b")
        self.network.loses()
        for one in (received, unknown):
            one.cancel()
            self.failureResultOf(one, CancelledError)
        self.clock.advance(1)
        self.welcome(resumed=True, received=2)
        self.assertEqual(
            [{"cancel": 2}, {"id": 3, "method": "GET", "url": "/b"}, {"cancel": 3}],
            self.peer.take(),
        )

    def test_who_waits_for_a_deadline_gives_up_soon_behind_it(self):
        client = self.opened()
        asked = client.get("/a", deadline=2_000)
        self.clock.advance(2.9)
        self.assertNoResult(asked)
        self.peer.take()
        self.clock.advance(0.2)
        error = self.failureResultOf(asked, CommandTimeout).value
        self.assertEqual("GET /a was not answered in 2000 ms", str(error))
        self.assertIn({"cancel": 2}, self.peer.take())
        self.assertIsInstance(error, TimeoutError)

    def test_also_where_there_is_no_connection(self):
        self.network.works = False
        client = self.client(first_attempts=None)
        asked = client.get("/a", deadline=500)
        self.clock.pump([0.1] * 20)
        error = self.failureResultOf(asked, CommandTimeout).value
        self.assertIn("it was not sent", str(error))


class ResumeTests(ScriptedCase):
    def test_only_what_the_gateway_has_not_received_is_sent_again(self):
        client = self.opened()
        asked = [client.get(f"/{number}") for number in range(3)]
        self.says({"event_name": "x", "data": None})
        opening = self.come_back(received=3)
        self.assertEqual(
            {
                "id": 0,
                "method": "PUT",
                "url": "/~/session",
                "data": {"resume": "secret", "ack": 1},
            },
            opening,
        )
        self.assertEqual([4], ids(self.peer.take()))
        for id in (2, 3, 4):
            self.answers(id, id)
        self.assertEqual([2, 3, 4], [self.successResultOf(one) for one in asked])

    def test_what_is_asked_meanwhile_waits(self):
        client = self.opened()
        self.network.loses()
        asked = client.get("/a")
        self.assertNoResult(asked)
        self.clock.advance(1)
        self.welcome(resumed=True, received=1)
        self.assertEqual([2], ids(self.peer.take()))

    def test_a_lost_session_is_told_and_what_nobody_knows_of_fails(self):
        client = self.opened()
        losses = []
        client.on_lost(losses.append)
        asked = [client.get(f"/{number}") for number in range(5)]
        self.peer.take()
        self.come_back(resumed=False, reason="it is gone")
        for one in asked[:4]:
            self.failureResultOf(one, SessionLost)
        # The fifth had to wait, so it was never sent; a new session counts anew.
        self.assertEqual([(1, "/4")], [(one["id"], one["url"]) for one in self.peer.take()])
        [loss] = losses
        self.assertEqual(("it is gone", None), (loss.reason, loss.topic))
        self.answers(1, "done")
        self.assertEqual("done", self.successResultOf(asked[4]))

    def test_each_state_and_each_coming_back_is_told(self):
        client = self.client()
        news = []
        client.on_state(lambda state, reason: news.append((state.value, reason)))
        client.on_resumed(lambda: news.append("resumed"))
        client.on_lost(lambda loss: news.append("lost"))
        client.connect()
        self.welcome()
        self.come_back(4003, "no heartbeat", received=1)
        self.come_back(resumed=False, reason="gone")
        client.close()
        self.assertEqual(
            [
                ("connecting", ""), ("open", ""),
                ("lost", "4003: no heartbeat"), ("resuming", ""), ("open", ""), "resumed",
                ("lost", "1006"), ("resuming", ""), ("open", ""), "lost",
                ("closed", "closed by the application"),
            ],
            news,
        )  # fmt: skip

    def test_a_watcher_that_fails_harms_nobody(self):
        client = self.client()
        seen = []
        client.on_state(lambda state, reason: 1 / 0)
        client.on_state(lambda state, reason: seen.append(state))
        client.connect()
        self.welcome()
        self.assertEqual(2, len(seen))
        self.assertEqual(2, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_who_cannot_be_told_is_refused_at_once(self):
        """And not when the news comes, in the night."""
        client = self.client()
        for register, watcher, told in (
            (client.on_state, lambda state: None, "two arguments, state, reason"),
            (client.on_lost, lambda: None, "one argument, loss"),
            (client.on_resumed, lambda news: None, "no arguments"),
            (client.on_state, "print", "two arguments"),
        ):
            self.assertIn(told, str(self.assertRaises(TypeError, register, watcher)))

    def test_a_decorator_without_its_name_is_refused(self):
        """Else the function would be gone, and nobody would call it."""
        client = self.client()
        for decorator, told in ((client.on, "'order.*'"), (client.handles, "'/location'")):
            error = self.assertRaises(TypeError, decorator, lambda what: what)
            self.assertIn(told, str(error))

    def test_a_gap_in_what_comes_is_asked_for_again(self):
        client = self.opened()
        pushes = []
        client.on("*", pushes.append)
        self.says({"event_name": "a", "data": 1})
        self.peer.says({"seq": 3, "event_name": "c", "data": 3})
        self.assertEqual("aborted", self.peer.closed)
        self.network._keeper.again()
        self.clock.advance(30)
        self.assertEqual(1, self.welcome(resumed=True, received=1)["data"]["ack"])
        self.says({"event_name": "b", "data": 2}, {"event_name": "c", "data": 3})
        self.clock.advance(0)
        self.assertEqual([1, 2, 3], [push.data for push in pushes])

    def test_what_is_no_message_drops_the_connection_and_nothing_else(self):
        for wrong in (b"\xff", b"[]", b"nonsense", b'{"seq":"x"}', b"[" * 100_000):
            self.setUp()
            client = self.opened()
            asked = client.get("/a")
            self.peer.says(wrong)
            self.assertEqual("aborted", self.peer.closed)
            self.network._keeper.again()
            self.clock.advance(30)
            self.welcome(resumed=True, received=2)
            self.answers(2, "still")
            self.assertEqual("still", self.successResultOf(asked))


class ClosingTests(ScriptedCase):
    def test_leaving_tells_the_gateway_and_whoever_waits(self):
        client = self.opened()
        asked = [client.get("/") for _ in range(6)]
        self.peer.take()
        self.successResultOf(client.close())
        self.assertEqual(["/~/session"], urls(self.peer.take()))
        self.assertEqual((1000, ""), self.peer.closed)
        for one in asked:
            self.assertEqual(1000, self.failureResultOf(one, ConnectionLost).value.code)
        self.assertEqual("closed", client.state.value)

    def test_a_client_that_was_closed_may_begin_anew(self):
        client = self.opened()
        client.close()
        asked = client.get("/a")
        self.assertEqual(1, self.welcome()["id"])
        self.answers(2, "again")
        self.assertEqual("again", self.successResultOf(asked))

    def test_codes_say_whether_to_come_back(self):
        for code, comes_back in (
            (1000, False), (1001, False), (1002, False), (1007, False), (1009, False),
            (1006, True), (1011, True), (1012, True), (3000, True), (4001, True), (4002, True),
            (4003, True), (4004, True), (4499, True), (4501, False), (4502, False), (4503, False),
            (4504, False), (4999, False),
        ):  # fmt: skip
            self.setUp()
            client = self.opened()
            asked = client.get("/")
            self.network.peers[-1].is_lost(code, "why")
            if comes_back:
                self.assertNoResult(asked)
                self.assertEqual("lost", client.state.value, code)
            else:
                error = self.failureResultOf(asked, ConnectionLost).value
                self.assertEqual((code, "closed"), (error.code, client.state.value))
                self.assertIn("why", str(error))

    def test_a_gateway_that_drains_says_within_which_time_to_come_back(self):
        self.opened()
        self.network.chance = 0.25
        self.network.loses(4001, "draining, come back within 40")
        self.assertEqual([10.0], self.network.waits)

    def test_who_sent_too_much_waits_a_while(self):
        self.opened()
        self.network.chance = 0.0
        self.network.loses(4004, "too many messages")
        self.assertEqual([1.0], self.network.waits)

    def test_attempts_are_further_and_further_apart_and_begin_anew(self):
        client = self.opened()
        self.network.works = False
        self.network.loses()
        self.clock.pump([0.25] * 600)
        self.assertEqual([0.25, 0.5, 1, 2, 4, 8, 15, 15, 15], self.network.waits[:9])
        self.network.works = True
        client.network_returned()
        self.welcome(resumed=True, received=1)
        self.network.waits.clear()
        self.network.loses()
        self.assertEqual([0.25], self.network.waits)

    def test_it_may_give_up_after_so_many_attempts(self):
        client = self.opened(attempts=3)
        self.network.works = False
        asked = client.get("/a")
        self.network.loses()
        self.clock.pump([0.25] * 100)
        error = self.failureResultOf(asked, ConnectionFailed).value
        self.assertIn("in 3 attempts: the network is down", str(error))
        self.assertEqual(1 + 3, len(self.network.attempts))

    def test_the_first_attempt_is_the_only_one_unless_more_are_asked_for(self):
        self.network.works = False
        client = self.client()
        asked, connecting = client.get("/a"), client.connect()
        self.clock.advance(0)
        for one in (asked, connecting):
            error = self.failureResultOf(one, ConnectionFailed).value
            self.assertIn("the network is down", str(error))
        patient = self.client(first_attempts=None).connect()
        self.clock.pump([0.5] * 10)
        self.assertNoResult(patient)
        self.network.works = True
        self.clock.pump([0.5] * 20)
        self.welcome()
        self.successResultOf(patient)


class LivenessTests(ScriptedCase):
    def test_a_silent_peer_is_asked_and_given_up(self):
        client = self.opened(heartbeat=25, silence=10)
        self.clock.pump([1] * 25)
        self.assertEqual([], self.peer.pings)
        self.clock.pump([1] * 25)
        self.assertEqual(1, len(self.peer.pings))
        self.clock.pump([1] * 10)
        self.assertEqual(("aborted", "lost"), (self.peer.closed, client.state.value))

    def test_one_that_answers_is_kept(self):
        client = self.opened(heartbeat=25, silence=10)
        for _ in range(500):
            self.clock.advance(1)
            while self.peer.pings:
                self.peer.pongs(self.peer.pings.pop())
        self.assertEqual("open", client.state.value)

    def test_a_session_that_is_never_opened_is_tried_again(self):
        client = self.client(first_attempts=2, opening=10)
        connecting = client.connect()
        self.clock.advance(0)
        self.clock.advance(10)
        self.assertEqual("aborted", self.peer.closed)
        self.assertNoResult(connecting)
        self.network._keeper.again()
        self.clock.advance(1)
        self.assertEqual(2, len(self.network.peers))
        self.clock.advance(10)
        self.failureResultOf(connecting, ConnectionFailed)

    def test_a_ping_takes_until_its_pong(self):
        client = self.opened()
        first, second = client.ping(), client.ping(timeout=2)
        self.clock.advance(1)
        one, other = self.peer.pings
        self.peer.pongs(one)
        self.assertEqual(1.0, self.successResultOf(first))
        self.peer.pongs(b"never sent")
        self.clock.advance(1)
        self.failureResultOf(second, CommandTimeout)
        self.peer.pongs(other)
        lost = client.ping()
        self.network.loses()
        self.failureResultOf(lost, ConnectionLost)


class TokenTests(ScriptedCase):
    def provider(self):
        self.given = []

        def give():
            self.given.append(f"token {len(self.given) + 1}")
            return self.given[-1]

        return give

    def refuses(self, opening_id=1):
        self.peer.says({"id": opening_id, "status": 401, "detail": "no"})
        self.network.loses(4501, "not authenticated")

    def test_it_is_asked_once_as_long_as_the_token_holds(self):
        self.opened(self.provider())
        self.assertEqual("token 1", self.come_back(received=1)["data"]["token"])
        self.assertEqual(1, len(self.given))

    def test_credentials_that_ran_out_are_got_anew(self):
        client = self.opened(self.provider())
        asked = client.get("/a")
        self.assertEqual("token 2", self.come_back(4502, received=2)["data"]["token"])
        self.answers(2, 1)
        self.assertEqual(1, self.successResultOf(asked))

    def test_an_old_token_that_is_refused_is_replaced_and_a_new_one_is_not(self):
        client = self.opened(self.provider())
        self.network.loses()
        self.clock.advance(1)
        self.peer.take()
        self.refuses(0)
        self.clock.advance(1)
        [opening] = self.peer.take()
        self.assertEqual("token 2", opening["data"]["token"])
        asked = client.get("/a")
        self.refuses(0)
        self.assertEqual(401, self.failureResultOf(asked, CommandFailed).value.code)
        self.assertEqual("closed", client.state.value)

    def test_without_a_provider_a_refusal_ends_it(self):
        client = self.client("wrong")
        connecting = client.connect()
        self.clock.advance(0)
        self.peer.says({"id": 1, "status": 401, "detail": "the token is wrong"})
        error = self.failureResultOf(connecting, CommandFailed).value
        self.assertEqual("401: the token is wrong", str(error))
        self.assertEqual("closed", client.state.value)

    def test_a_provider_that_fails_says_why(self):
        def fails():
            raise LookupError("no password")

        connecting = self.client(fails).connect()
        self.clock.advance(0)
        self.failureResultOf(connecting, LookupError)
        self.assertEqual(1, len(self.flushLoggedErrors(LookupError)))

    def test_a_provider_may_take_its_time(self):
        from twisted.internet.defer import Deferred

        later = Deferred()
        self.client(lambda: later).connect()
        self.clock.advance(0)
        self.assertEqual([], self.peer.take())
        later.callback("late")
        self.assertEqual("late", self.peer.take()[0]["data"]["token"])

    def test_one_that_is_renewed_is_the_next_one(self):
        client = self.opened("first")
        renewing = client.renew("second")
        [sent] = self.peer.take()
        self.assertEqual(("PUT", "/~/session"), (sent["method"], sent["url"]))
        self.answers(2, {"user_id": 8, "username": "bob"})
        self.successResultOf(renewing)
        self.assertEqual((8, "bob"), (client.user_id, client.username))
        self.assertEqual("second", self.come_back(received=2)["data"]["token"])

    def test_a_gateway_that_is_full_is_tried_later(self):
        connecting = self.client(first_attempts=3).connect()
        self.clock.advance(0)
        self.peer.take()
        self.peer.says({"id": 1, "status": 503, "detail": "full"})
        self.network._keeper.again()
        self.clock.advance(1)
        self.welcome()
        self.successResultOf(connecting)
