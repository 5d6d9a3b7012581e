"""HandlerManager: who is there, and the application's way to them; over connections in memory."""

import threading

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.python import threadable

from aiorest_gw import ConfigurationError, HandlerManager, Policy, Push, SimpleRouter
from aiorest_gw.auth import User
from aiorest_gw.errors import SerializerError
from aiorest_gw.sessions.entries import Ending, Outcome
from aiorest_gw.testing import GatewayTestCase

from .test_conversation import ByName


class ManagerTestCase(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.gateway()

    def gateway(self, router=None, **options):
        options.setdefault("authenticator", ByName())
        self.factory = self.serve(router or SimpleRouter(), **options)
        self.manager = self.factory.manager

    def session_of(self, client):
        return client.server.session

    def plain(self, **options):
        return self.connect(self.factory, **options)

    def numbered(self, name=None):
        return self.open_session(self.factory, **({} if name is None else {"token": name}))

    def names(self, client):
        client.receive()
        found = [push.event_name for push in client.pushes]
        client.pushes.clear()
        return found

    def wait_for(self, receipt):
        async def awaited():
            return await receipt

        found = []
        Deferred.fromCoroutine(awaited()).addBoth(found.append)
        return found


class RegistryTests(ManagerTestCase):
    def test_sessions_are_found_by_id_and_by_user(self):
        ann, phone, bob = self.numbered("ann"), self.numbered("ann"), self.numbered("bob")
        self.assertIs(self.manager.get_handler(bob.session_id), self.manager.sessions[2])
        self.assertIsNone(self.manager.get_handler("nobody"))
        self.assertEqual(
            2, self.manager.send_message_to_user_ids(["ann", "ann", "carl"], Push("x"))
        )
        self.assertEqual(["x"], self.names(ann))
        self.assertEqual(["x"], self.names(phone))
        self.assertEqual([], self.names(bob))

    def test_whoever_leaves_is_forgotten_whatever_became_of_its_user(self):
        """N10: a handler that has no user any more leaves nothing of its user behind."""
        client = self.plain()
        session = self.session_of(client)
        session.user = User(id="ann", username="Ann", is_active=True, is_anonymous=False)
        self.manager.register(session)
        session.user = User()
        client.cut()
        self.assertEqual(0, self.manager.concurrent_connections)
        self.assertEqual(
            0, self.manager.send_message_to_user_ids(["ann"], Push("x"), volatile=True)
        )
        self.manager.unregister(session)

    def test_one_who_logs_in_is_found_by_the_new_user(self):
        client = self.plain()
        self.assertEqual(200, client.request("PUT", "/~/session", data={"token": "ann"}).status)
        self.assertEqual(1, self.manager.send_message_to_user_ids("ann", Push("x")))
        self.assertEqual("x", client.receive().event_name)
        self.assertEqual("ann", client.request("GET", "/~/session").data["user_id"])

    def test_the_highest_number_is_kept_and_there_may_be_a_limit(self):
        clients = [self.plain() for _ in range(3)]
        clients[0].cut()
        self.plain()
        self.assertEqual((3, 3), (self.manager.concurrent_connections,
                                  self.manager.highest_concurrent_connections))  # fmt: skip
        self.gateway(manager=HandlerManager(max_concurrent_connections=1))
        self.plain()
        self.assertIn("503", self.plain().refusal)

    def test_a_manager_of_another_kind_is_told(self):
        self.assertRaises(ConfigurationError, self.serve, SimpleRouter(), manager=object())
        error = self.assertRaises(RuntimeError, HandlerManager().send_message_to_user_ids, ["a"], 1)
        self.assertIn("RequestHandlerFactory(manager=", error.args[0])

    def test_plain_clients_are_greeted_where_that_is_asked(self):
        self.gateway(hello=True)
        client = self.plain(headers={"Authorization": "Bearer ann"})
        answer = client.receive()
        self.assertEqual(("hello", "ann", "Ann"), (
            answer.event_name, answer.data["user_id"], answer.data["username"]))  # fmt: skip
        self.assertIs(self.manager.get_handler(answer.data["session_id"]), self.session_of(client))

    def test_a_plain_client_with_wrong_credentials_is_refused(self):
        self.assertIn("401", self.plain(headers={"Authorization": "Bearer nobody"}).refusal)

    def test_closing(self):
        ann, bob, carl = self.numbered("ann"), self.plain(), self.numbered("carl")
        self.assertFalse(self.manager.close("nobody"))
        self.assertTrue(self.manager.close(self.session_of(bob).session_id, 4000, "enough"))
        bob.move()
        self.assertEqual((4000, "enough"), (bob.close_code, bob.close_reason))
        self.assertEqual(1, self.manager.close_user_ids(["ann", "bob"]))
        self.assertEqual(1, self.manager.close_all())
        for client, code in ((ann, 4501), (carl, 1000)):
            client.connection.move()
            self.assertEqual(code, client.connection.close_code)
        self.assertEqual(0, self.manager.close_all())
        self.plain()
        self.assertRaises(ValueError, self.manager.close_all, 1006)
        self.assertEqual(1, self.manager.concurrent_connections)


class SendingTests(ManagerTestCase):
    def test_messages_may_have_several_forms(self):
        client = self.plain()
        id = self.session_of(client).session_id
        for message, sent in (
            (Push("a", 1), {"event_name": "a", "data": 1}),
            ({"event_name": "a", "data": 1}, {"event_name": "a", "data": 1}),
            ({"event_name": "a"}, {"event_name": "a", "data": None}),
            ({"type": "event", "payload": 1}, {"event_name": None, "data": {"type": "event", "payload": 1}}),
            ([1], {"event_name": None, "data": [1]}),
        ):  # fmt: skip
            self.assertEqual(1, self.manager.send_message(id, message))
            answer = client.receive()
            self.assertEqual(sent, {"event_name": answer.event_name, "data": answer.data})

    def test_sending_may_be_awaited(self):
        client = self.plain()
        for sent in (
            self.manager.send_message(self.session_of(client).session_id, 1),
            self.manager.send_message_to_all(1),
        ):
            self.assertEqual([1], self.wait_for(sent))
        self.assertEqual([0], self.wait_for(self.manager.send_message("nobody", 1)))

    def test_a_view_may_return_what_sending_returns(self):
        router = SimpleRouter()
        router.get("/")(lambda request: request.factory.manager.send_message_to_all(Push("x")))
        self.gateway(router)
        client = self.plain()
        client.send({"method": "GET", "url": "/", "id": 1})
        self.assertEqual("x", client.receive().event_name)
        self.assertEqual(1, client.receive().data)

    def test_clients_may_come_and_go_while_all_are_sent_to(self):
        """N6: nobody iterates over what changes."""
        clients = [self.plain() for _ in range(5)]
        session = self.session_of(clients[0])
        transport = clients[0].server.transport
        write, came = transport.write, []

        def write_and_change(data):
            write(data)
            came.append(self.plain())
            clients[4].cut()

        transport.write = write_and_change
        self.assertEqual(5, self.manager.send_message_to_all(Push("x")))
        del transport.write
        for client in clients[:4]:
            self.assertEqual("x", client.receive().event_name)
        self.assertEqual(5, self.manager.concurrent_connections)
        self.assertTrue(session.connected)

    def test_a_push_is_written_once_for_all(self):
        """N6: encoding takes no longer for many."""
        written = []

        class Costly:
            def __init__(self):
                self.value = 1

            @property
            def __dict__(self):
                written.append(1)
                return {}

        import attrs

        @attrs.define
        class Noting:
            value: int = 1

        for _ in range(5):
            self.plain()
        several = self.open_session(self.factory), self.open_session(self.factory)
        from aiorest_gw.wire import dialects

        calls = []
        encode, dialects._json_calls = dialects._Push.of, calls

        def counting(push):
            calls.append(push)
            return encode(push)

        dialects._Push.of = staticmethod(counting)
        self.addCleanup(setattr, dialects._Push, "of", encode)
        self.manager.send_message_to_all(Push("x", Noting()))
        self.assertEqual(2, len(calls))  # for the plain dialect, and for v1
        self.assertEqual(["x"], self.names(several[0]))

    def test_what_cannot_be_written_goes_to_nobody(self):
        client, other = self.plain(), self.numbered()
        self.assertRaises(SerializerError, self.manager.send_message_to_all, Push("x", object()))
        client.move()
        self.assertEqual(([], []), (client.messages, self.names(other)))

    def test_wrong_terms_are_told_whoever_is_there(self):
        for wrong, told in (
            ({"policy": "drop_oldets"}, "'drop_oldest', 'drop_newest', 'coalesce', 'close'"),
            ({"policy": "coalesce"}, "needs a key"),
            ({"ttl": "5"}, "seconds"), ({"ttl": -1}, "seconds"), ({"volatile": "yes"}, "True or False"),
        ):  # fmt: skip
            error = self.assertRaises(ValueError, self.manager.send_message_to_all, 1, **wrong)
            self.assertIn(told, error.args[0])
        error = self.assertRaises(TypeError, self.manager.send_message, "x", 1, recipt=True)
        self.assertIn("a push has no 'recipt'", error.args[0])

    def test_a_wrong_authenticator_is_told_at_once(self):
        for wrong in (5, ByName):
            self.assertRaises(ConfigurationError, self.serve, SimpleRouter(), authenticator=wrong)

    def test_other_threads_may_send(self):
        client = self.plain()
        session_id = self.session_of(client).session_id
        futures = []
        self.clock.callFromThread = lambda call: self.clock.callLater(0, call)

        def run():
            futures.append(self.manager.call_from_thread.send_message(session_id, Push("x")))
            futures.append(self.manager.call_from_thread.send_message_to_all(Push("y")))
            futures.append(self.manager.call_from_thread.publish("t", "z"))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        self.advance(0)
        self.assertRaises(AttributeError, lambda: self.manager.call_from_thread.register)
        self.assertEqual([1, 1, 1], [getattr(f.result(0), "offset", f.result(0)) for f in futures])
        self.assertEqual(["x", "y"], [client.receive().event_name for _ in "xy"])

    def test_other_threads_are_told_how_to_send(self):
        """What they do else would seem to work, most of the time."""
        self.addCleanup(setattr, threadable, "ioThread", threadable.ioThread)
        threadable.registerAsIOThread()
        told = []

        def run():
            for call, arguments in (
                (self.manager.send_message, ("x", 1)), (self.manager.send_message_to_all, (1,)),
                (self.manager.send_message_to_user_ids, (["x"], 1)), (self.manager.publish, ("t",)),
            ):  # fmt: skip
                try:
                    call(*arguments)
                except RuntimeError as error:
                    told.append(str(error))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        self.assertEqual(4, len(told))
        self.assertIn("use manager.call_from_thread.send_message_to_all", told[1])

    def test_a_volatile_push_waits_for_nobody(self):
        there, away = self.numbered(), self.numbered()
        away.cut()
        self.manager.send_message_to_all(Push("now"), volatile=True)
        self.manager.send_message_to_all(Push("later"))
        away.resume()
        self.assertEqual((["now", "later"], ["later"]), (self.names(there), self.names(away)))

    def test_one_who_does_not_read_holds_up_nobody_and_little_memory(self):
        self.gateway(max_outbox_size=50_000)
        deaf, other = self.plain(), self.plain()
        deaf.deaf = True
        for number in range(40):
            self.manager.send_message_to_all(Push("x", "y" * 10_000))
            other.move()
            self.assertEqual(number + 1, len(other.messages))
        self.assertEqual(4002, deaf.server.localCloseCode or 4002)
        self.assertEqual(1, self.manager.concurrent_connections)

    def test_one_who_does_not_read_may_miss_the_oldest_and_is_told_how_many(self):
        self.gateway(max_outbox_messages=5)
        client = self.plain()
        client.deaf = True
        with capturedLogs() as events:
            for number in range(200):
                self.manager.send_message_to_all(
                    Push(number, "y" * 1_000), policy=Policy.DROP_OLDEST
                )
            self.advance(2)
        [text] = [formatEvent(event) for event in events]
        client.deaf = False
        client.move()
        names = [client.receive() for _ in range(len(client.messages))]
        missed = next(answer for answer in names if answer.event_name == "~/dropped")
        self.assertEqual(200, len(names) - 1 + missed.data["count"])
        self.assertIn(f"{missed.data['count']} pushes were dropped", text)
        self.assertEqual([195, 196, 197, 198, 199], [answer.event_name for answer in names[-5:]])

    def test_answers_wait_behind_pushes_that_wait(self):
        router = SimpleRouter()
        waiting = Deferred()
        router.get("/late")(lambda request: waiting)
        self.gateway(router)
        client = self.plain()
        client.send({"method": "GET", "url": "/late", "id": 1})
        client.deaf = True
        for number in range(100):
            self.manager.send_message_to_all(Push(number, "y" * 1_000))
        waiting.callback("late")
        client.deaf = False
        client.move()
        names = [client.receive() for _ in range(len(client.messages))]
        self.assertEqual(101, len(names))
        self.assertEqual("late", names[-1].data)


class ReceiptTests(ManagerTestCase):
    def test_a_receipt_ends_when_the_client_has_acknowledged(self):
        client = self.numbered()
        found = self.wait_for(self.manager.send_message(client.session_id, Push("x"), receipt=True))
        client.receive()
        self.assertEqual([], found)
        client.acknowledge()
        self.assertEqual([Ending(Outcome.DELIVERED)], found)

    def test_how_else_it_may_end(self):
        self.gateway(max_outbox_messages=2)
        away = self.numbered()
        away.cut()

        def send(session_id=away.session_id, **options):
            return self.wait_for(
                self.manager.send_message(session_id, Push("x"), receipt=True, **options)
            )

        nobody = send("nobody")
        self.assertIs(Outcome.DROPPED, nobody[0].outcome)
        volatile = send(volatile=True)
        self.assertIs(Outcome.DROPPED, volatile[0].outcome)
        late = send(ttl=5)
        self.advance(5.2)
        self.assertIs(Outcome.EXPIRED, late[0].outcome)
        first, second, third = (send(policy="drop_oldest") for _ in range(3))
        self.assertEqual((Outcome.DROPPED, [], []), (first[0].outcome, second, third))
        self.advance(60)
        self.assertEqual([Outcome.EXPIRED] * 2, [second[0].outcome, third[0].outcome])
        plain = self.plain()
        written = send(self.session_of(plain).session_id)
        self.assertIs(Outcome.WRITTEN, written[0].outcome)

    def test_one_for_many_ends_when_all_have(self):
        one, two, plain = self.numbered("ann"), self.numbered("ann"), self.plain()
        found = self.wait_for(self.manager.send_message_to_all(Push("x"), receipt=True))
        for client in (one, two):
            self.assertEqual([], found)
            client.receive()
            client.acknowledge()
        outcomes = {id: ending.outcome for id, ending in found[0].items()}
        self.assertEqual({one.session_id: Outcome.DELIVERED, two.session_id: Outcome.DELIVERED,
                          self.session_of(plain).session_id: Outcome.WRITTEN}, outcomes)  # fmt: skip


class MailboxTests(ManagerTestCase):
    def test_what_is_sent_to_one_who_was_never_there_goes_out_first(self):
        for number in range(3):
            self.manager.send_message_to_user_ids(["ann"], Push(str(number)))
        self.manager.send_message_to_user_ids(["ann"], Push("now or never"), volatile=True)
        ann = self.numbered("ann")
        self.manager.send_message_to_user_ids(["ann"], Push("new"))
        self.assertEqual([*"012", "new"], self.names(ann))
        self.assertEqual([], self.names(self.numbered("ann")))

    def test_what_a_session_had_not_got_waits_for_the_next(self):
        ann = self.numbered("ann")
        ann.cut()
        self.manager.send_message_to_user_ids(["ann"], Push("a"))
        self.manager.send_message(ann.session_id, Push("for that session alone"))
        self.advance(61)
        self.manager.send_message_to_user_ids(["ann"], Push("b"))
        ann.resume(token="ann")
        self.assertEqual(["a", "b"], self.names(ann))

    def test_what_a_session_had_not_got_goes_to_those_opened_since(self):
        """And not again to those that had it."""
        before, other = self.numbered("ann"), self.numbered("ann")
        before.cut()
        self.manager.send_message_to_user_ids(["ann"], Push("a"))
        since = self.numbered("ann")
        self.advance(61)
        self.assertEqual((["a"], ["a"]), (self.names(since), self.names(other)))

    def test_a_receipt_of_one_who_never_comes_ends_with_its_time(self):
        receipt = self.manager.send_message_to_user_ids(["ann"], Push("x"), receipt=True, ttl=2)
        self.advance(2.2)
        self.assertEqual([Outcome.EXPIRED], [ending.outcome for ending in receipt.endings.values()])
        self.assertEqual([], self.names(self.numbered("ann")))

    def test_pushes_whose_time_is_over_take_no_room(self):
        self.gateway(max_outbox_messages=2)
        client = self.numbered()
        client.cut()
        for number in range(10):
            self.assertEqual(1, self.manager.send_message(client.session_id, Push(number), ttl=1))
            self.advance(2)
        client.resume()
        self.assertEqual((True, []), (client.opened["resumed"], self.names(client)))

    def test_what_was_not_got_by_one_who_leaves_is_nobodys(self):
        ann = self.numbered("ann")
        self.manager.send_message_to_user_ids(["ann"], Push("a"))
        ann.request("DELETE", "/~/session")
        self.advance(0)
        self.assertEqual([], self.names(self.numbered("ann")))

    def test_the_time_of_a_push_does_not_begin_anew(self):
        ann = self.numbered("ann")
        ann.cut()
        self.manager.send_message_to_user_ids(["ann"], Push("a"), ttl=30)
        self.manager.send_message_to_user_ids(["ann"], Push("b"), ttl=100)
        self.advance(61)
        self.assertEqual(["b"], self.names(self.numbered("ann")))

    def test_the_push_that_is_too_much_waits_too(self):
        self.gateway(max_outbox_messages=6)
        ann = self.numbered("ann")
        ann.cut()
        for number in range(7):
            self.manager.send_message_to_user_ids(["ann"], Push(str(number)))
        again = self.numbered("ann")
        names = self.names(again)
        self.assertEqual([*"012"], names)
        while len(names) < 7:
            again.acknowledge()
            names += self.names(again)
        self.assertEqual([*"0123456"], names)

    def test_a_large_mailbox_is_emptied_as_fast_as_its_owner_reads(self):
        """What is sent meanwhile comes behind it; other sessions need not wait."""
        self.gateway(max_outbox_messages=10)
        for number in range(100):
            self.manager.send_message_to_user_ids(["ann"], Push(number))
        ann, phone = self.numbered("ann"), self.numbered("ann")
        receipt = self.manager.send_message_to_user_ids(["ann"], Push("new"), receipt=True)
        self.assertEqual(["new"], self.names(phone))
        phone.acknowledge()
        names = self.names(ann)
        ann.cut()
        ann.resume(token="ann")
        while len(names) < 101:
            self.assertFalse(receipt.done)
            ann.acknowledge()
            names += self.names(ann)
        ann.acknowledge()
        self.assertEqual([*range(100), "new"], names)
        self.assertTrue(receipt.done)

    def test_a_mailbox_that_was_half_emptied_waits_for_the_next(self):
        self.gateway(max_outbox_messages=10)
        for number in range(20):
            self.manager.send_message_to_user_ids(["ann"], Push(number))
        ann = self.numbered("ann")
        got = self.names(ann)
        ann.acknowledge()
        got += self.names(ann)
        ann.acknowledge()
        self.manager.close(ann.session_id)
        again = self.numbered("ann")
        while len(got) < 20:
            got += self.names(again)
            again.acknowledge()
        self.assertEqual([*range(20)], got)

    def test_a_full_mailbox_loses_the_oldest_and_says_how_many_once_a_second(self):
        self.gateway(max_mailbox_messages=10, max_mailboxes=2)
        with capturedLogs() as events:
            for number in range(100):
                self.manager.send_message_to_user_ids(["ann"], Push(str(number)))
            self.advance(1.1)
            for name in ("bob", "carl", "dora"):
                self.manager.send_message_to_user_ids([name], Push("x"))
            self.advance(1.1)
        self.assertEqual(
            [
                "90 pushes were pruned from full mailboxes",
                "11 pushes were pruned from full mailboxes",
            ],
            [formatEvent(event) for event in events],
        )
        self.assertEqual([], self.names(self.numbered("ann")))
        self.assertEqual(["x"], self.names(self.numbered("dora")))


class MessageTests(ManagerTestCase):
    """Messages that are no requests, for whoever bridges them elsewhere."""

    def setUp(self):
        super().setUp()
        self.came = []
        self.waiting = []

        async def received(to_handler, handler, message):
            self.came.append(message)
            if message.get("slow"):
                self.waiting.append(Deferred())
                await self.waiting[-1]
            if message.get("fails"):
                raise ValueError("wrong")
            await to_handler(handler, {"type": "response", "trace_id": message.get("trace_id")})

        self.received = received
        self.gateway(manager=HandlerManager("service", "1", received))

    def test_they_are_handed_over_and_may_be_answered(self):
        client = self.plain()
        client.send({"type": "request", "trace_id": "t"})
        client.move()
        self.assertEqual([b'{"type":"response","trace_id":"t"}'], client.messages)
        client.messages.clear()
        self.assertEqual(404, client.request("GET", "/").status)

    def test_one_that_takes_its_time_delays_no_other(self):
        """N2."""
        client = self.plain()
        client.send({"slow": True, "trace_id": 1})
        client.send({"trace_id": 2})
        client.move()
        self.waiting[0].callback(None)
        client.move()
        self.assertEqual([b"2", b"1"], [message[-2:-1] for message in client.messages])

    def test_they_count_as_open_requests(self):
        self.gateway(manager=HandlerManager("service", "1", self.received), max_open_requests=3)
        client = self.plain()
        for number in range(5):
            client.send({"slow": True, "trace_id": number})
        client.send({"method": "GET", "url": "/", "id": 1})
        self.assertEqual((3, []), (len(self.waiting), client.messages))
        # Room for two messages, and for the request.
        for _ in range(3):
            self.waiting.pop(0).callback(None)
        client.move()
        self.assertEqual([*b"012"], [message[-2] for message in client.messages[:3]])
        del client.messages[:3]
        self.assertEqual((2, 404), (len(self.waiting), client.receive().status))

    def test_large_ones_are_fewer(self):
        self.gateway(manager=HandlerManager("", "", self.received), max_message_size=10_000)
        client = self.plain()
        for _ in range(5):
            client.send({"slow": True, "text": "x" * 5_000})
        self.assertEqual(2, len(self.waiting))

    def test_they_are_ended_with_their_connection(self):
        client = self.plain()
        client.send({"slow": True})
        client.cut()
        self.assertEqual([True], [waiting.called for waiting in self.waiting])
        self.assertEqual([], self.flushLoggedErrors())

    def test_one_that_fails_when_its_client_is_gone_is_logged(self):
        client = self.plain()
        client.send({"slow": True, "fails": True})
        self.session_of(client).close()
        self.waiting[0].callback(None)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_a_drain_waits_for_them_but_not_for_ever(self):
        for done in (True, False):
            self.gateway(manager=HandlerManager("", "", self.received), drain_timeout=5)
            client = self.plain()
            client.send({"slow": True, "trace_id": 1})
            self.factory.drain()
            client.move()
            self.assertTrue(client.connected)
            if done:
                self.waiting.pop().callback(None)
            else:
                self.advance(5)
            client.move()
            self.assertEqual((4001, done), (client.close_code, bool(client.messages)))

    def test_one_that_fails_harms_no_other(self):
        client = self.plain()
        client.send({"fails": True})
        client.send({"trace_id": 2})
        client.move()
        client.move()
        self.assertEqual(
            [b'{"detail":"A server error occurred."}', b'{"type":"response","trace_id":2}'],
            client.messages,
        )
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_without_a_callback_they_are_answered_as_wrong_requests(self):
        """N7."""
        self.gateway()
        client = self.plain()
        client.send({"type": "request", "id": 7})
        self.assertEqual((400, 7), (lambda answer: (answer.status, answer.id))(client.receive()))

    def test_what_is_no_message_is_told_with_what_could_be_read(self):
        session = self.session_of(self.plain())
        client = self.clients[-1]
        for message, told in (
            (b"{", {"detail": "The message is not valid JSON."}),
            ("[1]", {"detail": "The message is not a JSON object."}),
        ):
            self.wait_for(Deferred.fromCoroutine(self.manager.on_handler_message(session, message)))
            self.assertEqual(told["detail"], client.receive().detail)
        self.manager.on_handler_message_received = None
        self.wait_for(Deferred.fromCoroutine(
            self.manager.on_handler_message(session, {"id": 5, "trace_id": "t"})))  # fmt: skip
        client.move()
        self.assertIn(b'"trace_id":"t"', client.messages[-1])
