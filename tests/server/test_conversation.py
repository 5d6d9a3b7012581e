"""The v1 dialect: sessions that are opened, cut, resumed, taken over and left."""

from twisted.internet.defer import Deferred

from aiorest_gw import Policy, Push, RequestHandlerProtocol, SimpleRouter
from aiorest_gw.auth import Identity, JSONWebTokenAuthenticator, JSONWebTokenManager, User
from aiorest_gw.errors import BaseAuthException, SerializerError, ServiceUnavailable
from aiorest_gw.sessions.entries import Outcome
from aiorest_gw.sessions.states import State
from aiorest_gw.sessions.terms import Terms
from aiorest_gw.testing import GatewayTestCase, SessionClient
from aiorest_gw.wire.prepared import Prepared

MANAGER = JSONWebTokenManager("a secret of thirty-two characters")
ANN = User(id="ann", username="Ann", is_active=True, is_anonymous=False)


class ByName:
    """Believes whoever says a name."""

    def authenticate(self, token):
        if token == "nobody":
            raise BaseAuthException
        if token is None:
            return Identity()
        return Identity(User(id=token, username=token.title(), is_active=True, is_anonymous=False))


class ConversationTestCase(GatewayTestCase):
    packed = False

    def setUp(self):
        super().setUp()
        self.ran = []
        self.waiting = {}
        self.cancelled = []
        self.router = SimpleRouter()
        self.router.get("/run/{number:int}")(self.run_it)
        self.router.get("/wait/{name}")(self.wait)
        self.router.get("/push/{name}")(self.push_it)
        self.router.get("/me")(lambda request: [request.user.id, request.session.username])

    def run_it(self, request, number):
        self.ran.append(number)
        return number

    def wait(self, request, name):
        waiting = self.waiting[name] = Deferred(lambda _: self.cancelled.append(name))
        return waiting

    def push_it(self, request, name):
        request.session.push(name, 1)
        return name

    def gateway(self, **options):
        self.factory = self.serve(self.router, **options)
        return self.factory

    def client(self, **data):
        return self.open_session(self.factory, self.packed, **data)

    def unopened(self):
        return SessionClient(lambda **how: self.connect(self.factory, **how), self.packed)


class OpeningTests(ConversationTestCase):
    def test_a_session_is_opened_and_tells_what_the_client_needs(self):
        self.gateway(session_ttl=30, ping_interval=20)
        client = self.client()
        self.assertEqual((None, "", False), tuple(
            client.opened[name] for name in ("user_id", "username", "resumed")))  # fmt: skip
        self.assertEqual(
            (20, 30), (client.opened["heartbeat"], client.opened["limits"]["session_ttl"])
        )
        [session] = self.factory.manager.sessions
        self.assertEqual(session.session_id, client.session_id)
        self.assertEqual(5, client.request("GET", "/run/5").data)

    def test_the_reason_for_which_nothing_was_resumed_is_ours(self):
        self.gateway()
        self.assertNotIn("reason", self.client(reason="the client's").opened)
        client = self.unopened()
        client.resume(resume="x", reason="the client's")
        self.assertEqual("there is no such session, or none any more", client.opened["reason"])

    def test_what_is_pushed_before_waits_for_it(self):
        """And goes to the session that a client comes back to."""

        class Greeting(RequestHandlerProtocol):
            def onOpen(self):
                super().onOpen()
                self.session.push("welcome", 1)
                self.session.send_object({"event_name": "object", "data": 2})
                sessions.append(self.session)

        sessions = []
        self.gateway(protocol=Greeting)
        client = self.client()
        names = ["welcome", "object"]
        self.assertEqual(names, [client.push().event_name for _ in names])
        sessions[-1].push("later")
        self.assertEqual("later", client.push().event_name)
        client.cut()
        client.resume()
        self.assertTrue(client.opened["resumed"])
        self.assertEqual(names, [client.push().event_name for _ in names])
        self.assertIs(State.GONE, sessions[0].state)
        sessions[-1].close(4000)
        client.connection.move()
        self.assertEqual(4000, client.connection.close_code)

    def test_before_it_nothing_else_can_be_done_with_it(self):
        self.gateway(max_outbox_messages=3)
        client, told = self.unopened(), []
        session = client.connection.server.session
        for _ in range(3):
            session.deliver(Prepared(Push("x")), Terms(), told.append)
        for wrong, call, *arguments in (
            (ServiceUnavailable, session.push, "x"), (ServiceUnavailable, session.join, "topic"),
            (ServiceUnavailable, session.leave, "topic"), (ValueError, session.close, 1006),
            (SerializerError, session.push, "x", object()), (SerializerError, session.send_object, [1]),
        ):  # fmt: skip
            self.assertRaises(wrong, call, *arguments)
        asking = Deferred.fromCoroutine(session.request("GET", "/x"))
        self.failureResultOf(asking, ServiceUnavailable)
        session.close(4000)
        client.connection.move()
        self.assertEqual((4000, 3), (client.connection.close_code, len(told)))
        session.deliver(Prepared(Push("x")), Terms(), told.append)
        self.assertEqual({Outcome.DROPPED}, {ending.outcome for ending in told})

    def test_until_then_all_else_is_answered_401(self):
        self.gateway()
        client = self.unopened()
        for _ in range(2):
            self.assertEqual(401, client.request("GET", "/run/5").status)
        self.assertEqual(200, client.open().status)
        self.assertEqual(6, client.request("GET", "/run/6").data)
        self.assertEqual([6], self.ran)

    def test_who_opens_none_is_closed(self):
        self.gateway(session_timeout=10)
        client = self.unopened()
        self.advance(9)
        self.assertTrue(client.connection.connected)
        self.advance(1.2)
        self.assertEqual(4501, client.connection.close_code)
        opened = self.client()
        self.advance(20)
        self.assertTrue(opened.connection.connected)

    def test_who_is_refused_is_told_and_closed(self):
        self.gateway(authenticator=ByName())
        client = self.unopened()
        self.assertEqual(401, client.open(token="nobody").status)
        self.assertEqual(4501, client.connection.close_code)
        self.assertEqual((), self.factory.manager.sessions)

    def test_the_user_is_that_of_the_token(self):
        self.gateway(authenticator=ByName())
        client = self.client(token="ann")
        self.assertEqual(["ann", "Ann"], client.request("GET", "/me").data)
        self.assertEqual(("ann", "Ann"), (client.opened["user_id"], client.opened["username"]))

    def test_credentials_may_come_with_the_handshake(self):
        self.gateway(authenticator=ByName())
        headers = {"Authorization": "Bearer ann"}
        for data, user in (({}, "ann"), ({"token": "bob"}, "bob")):
            client = SessionClient(lambda **how: self.connect(self.factory, headers=headers, **how))
            client.open(**data)
            self.assertEqual(user, client.opened["user_id"])

    def test_an_authenticator_may_take_its_time_and_what_follows_waits(self):
        answers = []

        class Slow:
            def authenticate(self, token):
                answers.append(Deferred())
                return answers[-1]

        self.gateway(authenticator=Slow())
        client = self.unopened()
        client._send({"id": 1, "method": "PUT", "url": "/~/session"})
        client._send({"id": 2, "method": "GET", "url": "/me"})
        client.receive()
        self.assertEqual({}, client.answers)
        answers[0].callback(Identity(ANN))
        client.receive()
        self.assertEqual([200, 200], [client.answers[id][0].status for id in (1, 2)])
        self.assertEqual(["ann", "Ann"], client.answers[2][0].data)

    def test_one_that_leaves_while_it_is_authenticated_leaves_nothing(self):
        waiting = Deferred()

        class Slow:
            def authenticate(self, token):
                return waiting

        self.gateway(authenticator=Slow())
        client = self.unopened()
        client._send({"id": 1, "method": "PUT", "url": "/~/session"})
        client.cut()
        self.assertEqual((), self.factory.manager.sessions)

    def test_wrong_opening_messages_are_told(self):
        self.gateway()
        for data in ("text", {"resume": 5}, {"ack": "1"}, {"token": []}):
            client = self.unopened()
            client._send({"id": 1, "method": "PUT", "url": "/~/session", "data": data})
            client.receive()
            self.assertEqual(400, client.answers[1][0].status, data)
            self.assertTrue(client.connection.connected)

    def test_an_opening_is_the_first_request_of_its_session_and_has_its_id(self):
        """With another one it would begin behind requests that nobody has seen."""
        self.gateway()
        for id, data in ((2, {}), (7, {}), (0, {}), (0, {"resume": None}), (2, {"resume": "x.y"})):
            client = self.unopened()
            client._send({"id": id, "method": "PUT", "url": "/~/session", "data": data})
            client.receive()
            [answer] = client.answers.pop(id)
            self.assertEqual(400, answer.status, (id, data))
            self.assertIn("`id` should be 1, or 0 with a `resume`", answer.detail)
            self.assertTrue(client.connection.connected)
            self.assertEqual(200, client.open().status)
            self.assertEqual(5, client.request("GET", "/run/5").data)
        for id in (0, 1):
            client = self.unopened()
            client._send(
                {"id": id, "method": "PUT", "url": "/~/session", "data": {"resume": "x.y"}}
            )
            client.receive()
            self.assertFalse(client.opened["resumed"])
            self.assertEqual(6, client.request("GET", "/run/6").data)

    def test_there_are_no_more_sessions_than_may_be(self):
        from aiorest_gw import HandlerManager

        manager = HandlerManager(max_concurrent_connections=1)
        self.gateway(manager=manager)
        first = self.client()
        second = self.unopened()
        self.assertEqual(503, second.open().status)
        first.request("DELETE", "/~/session")
        self.advance(0)
        self.assertEqual(200, second.open().status)
        self.assertEqual(1, manager.highest_concurrent_connections)


class RuleTests(ConversationTestCase):
    def test_what_breaks_the_rules_beyond_answering_is_closed(self):
        self.gateway()
        for message in (
            {"method": "GET", "url": "/me"}, {"id": "2", "method": "GET", "url": "/me"},
            {"id": 3, "method": "GET", "url": "/me"}, {"id": 2.0, "url": "/me"}, {"id": True, "url": "/"},
            {}, {"ack": 5}, {"ack": -1}, {"ack": "0"}, {"data": 1},
        ):  # fmt: skip
            client = self.client()
            client._send(message)
            client.connection.move()
            self.assertEqual(4504, client.connection.close_code, message)
        self.assertEqual([], self.ran)

    def test_what_is_no_message_is_closed(self):
        self.gateway()
        for packed, octets, binary in (
            (False, b"{", False), (False, b"[]", False), (False, b"5", False), (True, b"\xc1", True),
            (True, b"\x93\x01", True), (False, b'{"ack":0}', True), (True, b"{}", False),
        ):  # fmt: skip
            client = self.open_session(self.factory, packed)
            client.connection.send(octets, binary)
            client.connection.move()
            self.assertEqual(4504, client.connection.close_code, octets)

    def test_a_request_that_came_before_is_not_run_again(self):
        self.gateway()
        client = self.client()
        client.request("GET", "/run/1")
        client._send({"id": 2, "method": "GET", "url": "/run/2"})
        client.receive()
        self.assertEqual(([1], {}), (self.ran, client.answers))

    def test_errors_have_the_id(self):
        """N7: an error that nobody can relate to a request is none."""
        self.gateway()
        client = self.client()
        for method, url, status in (
            ("GET", "/no", 404),
            ("PUT", "/me", 405),
            ("GET", "/run/x", 404),
        ):
            self.assertEqual(status, client.request(method, url).status)
        deadline = client.request("GET", "/me", deadline=-1)
        self.assertEqual(400, deadline.status)
        self.assertEqual(200, client.request("GET", "/me").status)

    def test_one_request_waits_for_no_other(self):
        """N2: a slow view delays nobody, neither its own connection's other requests."""
        self.gateway()
        client = self.client()
        slow = client.ask("GET", "/wait/a")
        self.assertEqual(1, client.request("GET", "/run/1").data)
        self.waiting["a"].callback("late")
        client.receive()
        self.assertEqual("late", client.answers[slow][0].data)

    def test_a_cancelled_request_is_ended_and_answered(self):
        self.gateway()
        client = self.client()
        id = client.ask("GET", "/wait/a")
        client.cancel(id)
        client.cancel(id)
        client.cancel("nothing")
        client.receive()
        self.assertEqual(([499], ["a"]), ([a.status for a in client.answers[id]], self.cancelled))

    def test_a_deadline_reaches_the_view(self):
        self.gateway()
        client = self.client()
        id = client.ask("GET", "/wait/a", deadline=500)
        self.advance(0.6)
        client.receive()
        self.assertEqual((504, ["a"]), (client.answers[id][0].status, self.cancelled))

    def test_the_pushes_of_a_request_precede_its_answer(self):
        self.gateway()
        client = self.client()
        client.request("GET", "/push/x")
        self.assertEqual(Push("x", 1), client.push())
        self.assertEqual(2, client.seq)
        order = []
        client._take = lambda message: order.append("status" in message)
        client.ask("GET", "/push/y")
        client.receive()
        self.assertEqual([False, True], order)


class FaultTests(ConversationTestCase):
    """What others do wrong, and what comes in the wrong moment."""

    def test_an_authenticator_that_fails_is_told_and_closed(self):
        class Failing:
            answer = None

            def authenticate(self, token):
                if isinstance(self.answer, BaseException):
                    raise self.answer
                return self.answer

        failing = Failing()
        self.gateway(authenticator=failing)
        for answer in (ValueError("wrong"), SystemExit(1), "a string", 5,
                       Identity(User(id=[], username="x", is_active=True, is_anonymous=False))):  # fmt: skip
            failing.answer = answer
            client = self.unopened()
            client._send({"id": 1, "method": "PUT", "url": "/~/session"})
            client.connection.move()
            self.assertEqual(1011, client.connection.close_code, answer)
            self.assertTrue(self.flushLoggedErrors())
        self.assertEqual((), self.factory.manager.sessions)

    def test_an_ack_may_be_null(self):
        self.gateway()
        client = self.client()
        client.cut()
        client.seq = None
        client.resume()
        self.assertTrue(client.opened["resumed"])

    def test_a_session_that_ends_while_it_resumes_is_gone(self):
        """By a receipt that is told then."""
        self.gateway()
        client = self.client()
        manager = self.factory.manager
        receipt = manager.send_message(client.session_id, Push("x"), receipt=True)
        receipt.when_done(lambda: manager.close(client.session_id))
        client.receive()
        client.cut()
        client.resume()
        self.assertEqual((), manager.sessions)
        client.connection.move()
        self.assertEqual(1000, client.connection.close_code)

    def test_a_deadline_that_is_none_is_refused_in_messagepack_too(self):
        self.gateway()
        client = self.open_session(self.factory, packed=True)
        for wrong in ("abc", -5, [1], 0):
            self.assertEqual(400, client.request("GET", "/wait/a", deadline=wrong).status, wrong)
        self.assertEqual({}, self.waiting)

    def test_one_who_cannot_be_written_to_keeps_nobody_from_a_push(self):
        self.gateway()
        plain = [self.connect(self.factory) for _ in range(3)]
        packed, numbered = self.open_session(self.factory, True), self.client()

        def failing(data):
            raise OSError("gone")

        plain[1].server.transport.write = failing
        self.factory.manager.send_message_to_all(Push("x", 2**64))
        self.assertEqual(1, len(self.flushLoggedErrors(OSError)))
        self.assertEqual(2**64, plain[2].receive().data)
        self.assertEqual((2.0**64, 2**64), (packed.push().data, numbered.push().data))
        del plain[1].server.transport.write

    def test_objects_are_sent_to_v1_clients_whole(self):
        self.gateway()
        many = {f"k{number}": number for number in range(20)}
        for packed in (False, True):
            client = self.open_session(self.factory, packed)
            session = self.factory.manager.get_handler(client.session_id)
            taken = []
            client._take = taken.append
            for message in ({}, {"a": 1}, dict(list(many.items())[:15]), many):
                session.send_object(message)
                client.receive()
                self.assertEqual(message, taken.pop(), packed)
            self.assertRaises(SerializerError, session.send_object, [1])

    def test_a_request_of_the_application_is_not_sent_twice_while_it_is_on_its_way(self):
        self.gateway()
        client = self.client()
        session = self.factory.manager.get_handler(client.session_id)
        Deferred.fromCoroutine(session.request("GET", "/x", data="y" * 300_000, deadline=1_000))
        for _ in range(5):
            client.connection.deaf = True
            client.cut()
            client.resume()
            client.asked.clear()
        self.assertTrue(client.opened["resumed"])
        self.assertLessEqual(session.unacknowledged, 2)

    def test_a_receipt_may_push(self):
        self.gateway()
        client = self.connect(self.factory)
        manager, id = self.factory.manager, client.server.session.session_id
        client.deaf = True
        manager.send_message(id, Push("fill", "x" * 100_000))
        receipt = manager.send_message(id, Push("r"), receipt=True)
        receipt.when_done(lambda: [manager.send_message(id, Push(name)) for name in "AB"])
        client.deaf = False
        client.move()
        names = [client.receive().event_name for _ in range(len(client.messages))]
        self.assertEqual(["fill", "r", "A", "B"], names)

    def test_one_who_has_left_while_it_was_away_is_gone(self):
        self.gateway()
        client = self.client()
        client.request("DELETE", "/~/session")
        client.cut()
        self.advance(0)
        self.assertEqual((), self.factory.manager.sessions)


class ResumingTests(ConversationTestCase):
    def test_a_client_that_comes_back_gets_what_it_missed_once_and_in_order(self):
        self.gateway()
        client = self.client()
        manager = self.factory.manager
        manager.send_message(client.session_id, Push("a"))
        client.receive()
        client.connection.deaf = True
        manager.send_message(client.session_id, Push("b"))
        client.cut()
        manager.send_message(client.session_id, Push("c"))
        self.assertEqual(200, client.resume().status)
        manager.send_message(client.session_id, Push("d"))
        client.receive()
        self.assertEqual([*"abcd"], [push.event_name for push in client.pushes])
        self.assertTrue(client.opened["resumed"])

    def test_requests_run_once_whatever_the_connection_does(self):
        self.gateway()
        client = self.client()
        client.request("GET", "/run/1")
        client.connection.deaf = True
        client.ask("GET", "/run/2")  # runs, and its answer is lost
        client.cut()
        client.ask("GET", "/run/3")  # never arrives
        client.resume()
        client.receive()
        self.assertEqual([1, 2, 3], self.ran)
        self.assertEqual([2, 3], [client.answers[id][0].data for id in (3, 4)])

    def test_a_request_goes_on_while_its_client_is_away(self):
        self.gateway()
        client = self.client()
        id = client.ask("GET", "/wait/a")
        client.cut()
        self.waiting["a"].callback("done")
        client.resume()
        client.receive()
        self.assertEqual("done", client.answers[id][0].data)
        self.assertEqual([], self.cancelled)

    def test_a_session_is_kept_for_some_time(self):
        self.gateway(session_ttl=60)
        client = self.client()
        client.ask("GET", "/wait/a")
        old = client.session_id
        client.cut()
        self.advance(59)
        self.assertEqual(1, len(self.factory.manager.sessions))
        self.advance(1.2)
        self.assertEqual(((), ["a"]), (self.factory.manager.sessions, self.cancelled))
        client.resume()
        self.assertFalse(client.opened["resumed"])
        self.assertIn("away for too long", client.opened["reason"])
        self.assertNotEqual(old, client.session_id)
        self.assertEqual(7, client.request("GET", "/run/7").data)

    def test_those_who_only_come_and_go_fill_no_memory(self):
        """Of one address, and of all; who is away for longest is given up, and told so."""
        self.gateway(max_away=5, max_away_per_address=3)

        def clients(address, number):
            found = [
                SessionClient(lambda **how: self.connect(self.factory, address=address, **how))
                for _ in range(number)
            ]
            for client in found:
                client.open()
                client.cut()
            return found

        first = clients("10.0.0.1", 5)
        self.assertEqual(3, len(self.factory.manager.sessions))
        first[0].resume()
        self.assertIn("too many", first[0].opened["reason"])
        first[3].resume()
        self.assertTrue(first[3].opened["resumed"])
        first[3].cut()
        first[3]._connect = lambda **how: self.connect(self.factory, address="10.0.0.9", **how)
        first[3].resume()
        clients("10.0.0.2", 3)
        self.assertEqual(7, len(self.factory.manager.sessions))
        clients("127.0.0.1", 10)
        self.assertEqual(5 + 2, len(self.factory.manager.sessions))

    def test_who_comes_back_stays(self):
        self.gateway(session_ttl=60)
        client = self.client()
        client.cut()
        self.advance(50)
        client.resume()
        self.advance(50)
        self.assertEqual(3, client.request("GET", "/run/3").data)

    def test_only_who_knows_the_secret_resumes(self):
        self.gateway()
        client = self.client()
        client.cut()
        token = client.opened["resume"]
        for wrong in ("", "x", client.session_id, client.session_id + ".", token[:-1], token + "x",
                      "." + token, "é." + token):  # fmt: skip
            stranger = self.unopened()
            stranger.open(resume=wrong)
            self.assertFalse(stranger.opened["resumed"], wrong)
            self.assertNotEqual(client.session_id, stranger.session_id)
            self.assertTrue(stranger.opened["reason"])
        client.resume()
        self.assertTrue(client.opened["resumed"])

    def test_a_second_connection_takes_the_session_over(self):
        self.gateway()
        client = self.client()
        before = client.connection
        client.resume()
        self.assertTrue(client.opened["resumed"])
        before.move()
        self.assertEqual(4503, before.close_code)
        self.assertEqual(4, client.request("GET", "/run/4").data)
        self.assertEqual(1, len(self.factory.manager.sessions))

    def test_a_resume_is_authenticated_again(self):
        self.gateway(authenticator=ByName())
        client = self.client(token="ann")
        client.cut()
        for token, resumed in (("bob", False), (None, False)):
            other = self.unopened()
            other.open(resume=client.opened["resume"], token=token)
            self.assertEqual(resumed, other.opened["resumed"])
        refused = self.unopened()
        self.assertEqual(401, refused.open(resume=client.opened["resume"], token="nobody").status)
        client.resume(token="ann")
        self.assertTrue(client.opened["resumed"])

    def test_what_is_not_kept_any_more_is_told(self):
        self.gateway()
        client = self.client()
        for number in range(3):
            client.request("GET", f"/run/{number}")
        client.acknowledge()
        client.cut()
        for ack in (0, 2, 4):
            other = self.unopened()
            other.open(resume=client.opened["resume"], ack=ack)
            self.assertFalse(other.opened["resumed"])
            self.assertIn("number", other.opened["reason"])
        client.resume()
        self.assertTrue(client.opened["resumed"])

    def test_acknowledgements_free_what_is_kept_and_ride_on_anything(self):
        self.gateway(max_outbox_messages=3)
        client = self.client()
        for number in range(20):
            self.assertEqual(number, client.request("GET", f"/run/{number}", ack=client.seq).data)
        self.assertTrue(client.connection.connected)

    def test_requests_wait_until_answers_are_acknowledged(self):
        """Nothing that a client asks for is lost, as long as it acknowledges what it gets."""
        self.gateway(max_outbox_messages=6, max_open_requests=5)
        client = self.client()
        ids = [client.ask("GET", f"/run/{number}") for number in range(8)]
        client.receive()
        self.assertEqual([0, 1, 2], self.ran)
        for _ in ids:
            client.acknowledge()
            client.receive()
        self.assertEqual([*range(8)], [client.answers[id][0].data for id in ids])

    def test_answers_find_room_however_large_they_are(self):
        self.router.get("/large")(lambda request: "x" * 200_000)
        self.gateway()
        client = self.client()
        ids = [client.ask("GET", "/large") for _ in range(20)]
        for _ in ids:
            client.receive()
            client.acknowledge()
        client.receive()
        self.assertEqual(20, sum(len(client.answers[id]) for id in ids))

    def test_with_all_requests_open_the_rest_is_heard(self):
        """Acknowledgements, answers, and that a request is not wanted any more."""
        self.gateway(max_open_requests=4, max_outbox_messages=10)
        client = self.client()
        ids = [client.ask("GET", f"/wait/{number}") for number in range(6)]
        for number in range(50):
            self.factory.manager.send_message(client.session_id, Push(number))
            client.receive()
            client.acknowledge()
        client.cancel(ids[0])
        client.receive()
        self.assertEqual((50, 499), (len(client.pushes), client.answers[ids[0]][0].status))
        self.assertEqual({"0", "1", "2", "3", "4"}, set(self.waiting))

    def test_who_acknowledges_nothing_is_closed_and_told(self):
        self.gateway(max_outbox_messages=6, request_timeout=30)
        client = self.client()
        for number in range(5):
            client.ask("GET", f"/run/{number}")
        self.advance(29)
        self.assertTrue(client.connection.connected)
        self.advance(1.2)
        client.connection.move()
        self.assertEqual((4002, [0, 1, 2]), (client.connection.close_code, self.ran))
        client.resume()
        self.assertFalse(client.opened["resumed"])
        self.assertIn("nothing is acknowledged", client.opened["reason"])

    def test_pushes_that_may_not_be_dropped_close_where_there_is_no_room(self):
        self.gateway(max_outbox_messages=3)
        client = self.client()
        for number in range(4):
            self.factory.manager.send_message(client.session_id, Push(number))
        client.connection.move()
        self.assertEqual(4002, client.connection.close_code)
        client.resume()
        self.assertFalse(client.opened["resumed"])
        self.assertIn("too much", client.opened["reason"])

    def test_a_client_that_leaves_for_good_cannot_come_back(self):
        self.gateway()
        client = self.client()
        self.assertEqual(200, client.request("DELETE", "/~/session").status)
        self.advance(0)
        self.assertEqual(1000, client.connection.close_code)
        self.assertEqual((), self.factory.manager.sessions)
        client.resume()
        self.assertFalse(client.opened["resumed"])

    def test_too_much_for_one_who_is_away_is_told_when_it_comes_back(self):
        self.gateway(max_outbox_messages=5)
        client = self.client()
        client.cut()
        for number in range(8):
            self.factory.manager.send_message(
                client.session_id, Push(str(number)), policy=Policy.DROP_OLDEST
            )
        client.resume()
        self.assertEqual(
            [Push("~/dropped", {"count": 3}), *(Push(str(number)) for number in range(3, 8))],
            list(client.pushes),
        )


class PackedOpeningTests(OpeningTests):
    packed = True


class PackedResumingTests(ResumingTests):
    packed = True


class ExpiryTests(ConversationTestCase):
    def test_credentials_that_end_close_the_connection_after_a_grace(self):
        """N8: and a token that is renewed does not."""
        now = [1_000_000.0]
        manager = JSONWebTokenManager("a secret of thirty-two characters", now=lambda: now[0])
        self.gateway(authenticator=JSONWebTokenAuthenticator(manager), token_grace=25)

        def pass_time(seconds):
            now[0] += seconds
            self.advance(seconds)

        client = self.client(token=manager.generate(sub="ann", exp=60))
        pass_time(84)
        self.assertTrue(client.connection.connected)
        pass_time(1.2)
        client.connection.move()
        self.assertEqual(4502, client.connection.close_code)
        client.resume(token=manager.generate(sub="ann", exp=60))
        self.assertTrue(client.opened["resumed"])
        pass_time(50)
        token = manager.generate(sub="ann", exp=100)
        self.assertEqual(200, client.request("PUT", "/~/session", data={"token": token}).status)
        pass_time(60)
        self.assertTrue(client.connection.connected)
        pass_time(70)
        client.connection.move()
        self.assertEqual(4502, client.connection.close_code)

    def test_a_token_of_somebody_else_renews_nothing(self):
        self.gateway(authenticator=ByName())
        client = self.client(token="ann")
        for token, status in (("bob", 403), ("nobody", 401), ("ann", 200)):
            answer = client.request("PUT", "/~/session", data={"token": token})
            self.assertEqual(status, answer.status, token)
        self.assertEqual("ann", client.request("GET", "/~/session").data["user_id"])

    def test_revocation_acts_at_once_on_every_connection(self):
        self.gateway(authenticator=ByName())
        clients = [self.client(token=name) for name in ("ann", "ann", "bob")]
        away = self.client(token="ann")
        away.cut()
        self.assertEqual(3, self.factory.manager.close_user_ids(["ann"]))
        for client, code in zip(clients, (4501, 4501, None), strict=True):
            client.connection.move()
            self.assertEqual(code, client.connection.close_code)
        away.resume(token="ann")
        self.assertFalse(away.opened["resumed"])


class AskingTests(ConversationTestCase):
    """The application asks the client."""

    def asking(self, client, **options):
        found = []
        session = self.factory.manager.get_handler(client.session_id)
        running = Deferred.fromCoroutine(session.request("GET", "/location", **options))
        running.addBoth(found.append)
        return found

    def test_a_client_answers_a_request_of_the_application(self):
        self.gateway()
        client = self.client()
        found = self.asking(client, data=5, deadline=2)
        client.receive()
        [asked] = client.asked
        self.assertEqual(("GET", "/location", 5, 2000), tuple(
            asked[key] for key in ("method", "url", "data", "deadline")))  # fmt: skip
        client.answer({"lat": 1})
        self.assertEqual([{"lat": 1}], found)

    def test_an_error_of_the_client_is_raised(self):
        self.gateway()
        client = self.client()
        found = self.asking(client)
        client.receive()
        client.answer("no idea", status=404)
        self.assertEqual((404, "no idea"), (found[0].value.status, found[0].value.detail))

    def test_one_that_does_not_answer_in_time(self):
        """G10: nobody waits for ever; the client hears that its answer is not wanted any more."""
        self.gateway()
        client = self.client()
        found = self.asking(client, deadline=2)
        self.advance(2.2)
        self.assertEqual(504, found[0].value.status)
        client.receive()
        self.assertEqual(0, len(client.asked))
        client._send({"id": 1, "status": 200, "data": "late"})
        client.request("GET", "/me")

    def test_it_is_asked_again_when_it_is_back(self):
        self.gateway()
        client = self.client()
        found = self.asking(client)
        client.receive()
        client.acknowledge()
        client.cut()
        client.resume()
        client.answer("here")
        self.assertEqual(["here"], found)

    def test_a_session_that_ends_answers_nothing_any_more(self):
        self.gateway()
        client = self.client()
        found = self.asking(client)
        self.factory.manager.close(client.session_id)
        self.assertEqual(504, found[0].value.status)


class StreamTests(ConversationTestCase):
    def setUp(self):
        super().setUp()
        self.made = []
        self.closed = []
        self.router.get("/count/{number:int}")(self.count)
        self.router.get("/broken")(self.broken)
        self.router.get("/large/{number:int}")(self.large)

    async def count(self, request, number):
        try:
            for one in range(number):
                self.made.append(one)
                yield one
        finally:
            self.closed.append(number)

    async def large(self, request, number):
        for one in range(number):
            self.made.append(one)
            yield "x" * 20_000

    async def broken(self, request):
        yield 1
        raise ValueError("wrong")

    def test_an_async_generator_is_answered_in_parts(self):
        self.gateway()
        client = self.client()
        id = client.ask("GET", "/count/3")
        client.receive()
        answers = client.answers[id]
        self.assertEqual([0, 1, 2, None], [answer.data for answer in answers])
        self.assertEqual([200] * 4, [answer.status for answer in answers])
        self.assertEqual([3], self.closed)

    def test_it_is_not_advanced_while_the_client_does_not_acknowledge_or_is_away(self):
        self.gateway(max_outbox_messages=20)
        client = self.client()
        id = client.ask("GET", "/count/100")
        client.receive()
        self.assertEqual(10, len(self.made))
        client.cut()
        self.advance(1)
        self.assertEqual(10, len(self.made))
        client.resume()
        while len(client.answers[id]) < 101:
            client.acknowledge()
            client.receive()
        self.assertEqual([*range(100), None], [answer.data for answer in client.answers[id]])

    def test_it_is_not_advanced_while_the_client_does_not_read(self):
        self.gateway()
        client = self.client()
        client.connection.deaf = True
        id = client.ask("GET", "/large/100")
        self.advance(0)
        made = len(self.made)
        self.assertLess(made, 10)
        self.advance(1)
        self.assertEqual(made, len(self.made))
        client.connection.deaf = False
        while len(client.answers.get(id, ())) < 101:
            client.receive()
            client.acknowledge()
        self.assertEqual([*range(100)], self.made)

    def test_a_stream_that_is_cancelled_is_closed(self):
        self.gateway(max_outbox_messages=20)
        client = self.client()
        id = client.ask("GET", "/count/100")
        client.cancel(id)
        client.receive()
        self.assertEqual((499, [100]), (client.answers[id][-1].status, self.closed))

    def test_one_that_fails_says_so_at_its_end(self):
        self.gateway()
        client = self.client()
        id = client.ask("GET", "/broken")
        client.receive()
        self.assertEqual([200, 500], [answer.status for answer in client.answers[id]])
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_a_client_of_the_plain_dialect_gets_all_parts_in_one(self):
        client = self.connect(self.gateway())
        self.assertEqual([0, 1, 2], client.request("GET", "/count/3").data)
