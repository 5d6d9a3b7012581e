"""Mistakes of an application are told to it, in its words, and to none of its clients."""

import threading
from functools import partial

from twisted.python import threadable

from aiorest_gw import Push, SimpleRouter, TopicRule
from aiorest_gw.errors import SerializerError
from aiorest_gw.testing import GatewayTestCase, call


class Money:
    """What nobody said how to write."""


GENERIC = (500, "A server error occurred.", None)


def told(answer):
    return answer.status, answer.detail, answer.errors


class MistakesTestCase(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.function = None
        self.router = SimpleRouter()
        self.router.post("/do")(lambda request: self.function(request))
        self.factory = self.serve(self.router, topics=[TopicRule("**", read=True, write=True)])
        self.manager = self.factory.manager

    def one_each(self):
        """Of each dialect."""
        return [
            self.connect(self.factory), *(self.open_session(self.factory, p) for p in (False, True))
        ]  # fmt: skip

    def run_elsewhere(self, *calls):
        """What other threads are told."""
        self.addCleanup(setattr, threadable, "ioThread", threadable.ioThread)
        threadable.registerAsIOThread()
        found = []

        def run():
            for one in calls:
                try:
                    found.append(one())
                except RuntimeError as error:
                    found.append(str(error))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return found


class UnwritableTests(MistakesTestCase):
    """What the application sends, and cannot be written."""

    def test_the_error_names_the_push_and_what_it_holds(self):
        session = self.connect(self.factory).server.session
        for send in (
            lambda data: self.manager.send_message_to_all(Push("order.paid", data)),
            lambda data: self.manager.send_message("x", {"event_name": "order.paid", "data": data}),
            lambda data: session.push("order.paid", data),
            lambda data: self.manager.publish("orders/5", "order.paid", data),
        ):
            for data, why in (
                (Money(), "of type Money"), ([{"a": Money()}], "of type Money"),
                ({"a": {Money(): 1}}, "keys are supported, not Money"),
            ):  # fmt: skip
                error = self.assertRaises(SerializerError, send, data)
                self.assertIn("the push 'order.paid'", str(error))
                self.assertIn(why, str(error))
        error = self.assertRaises(SerializerError, self.manager.publish, "orders/5", "x", Money())
        self.assertIn("the push 'x' in the topic 'orders/5' cannot be written", str(error))
        error = self.assertRaises(SerializerError, self.manager.send_message_to_all, Money())
        self.assertIn("a push without a name cannot be written", str(error))
        error = self.assertRaises(SerializerError, session.push, "x" * 10_000, Money())
        self.assertLess(len(str(error)), 300)

    def test_of_a_view_that_sends_it_the_log_says_so_and_the_client_only_that_it_failed(self):
        async def ask(request):
            await request.session.request("GET", "/where", data=Money())

        def send(request):
            request.factory.manager.send_message_to_all({"event_name": "paid", "data": Money()})

        async def later(request):
            send(request)

        for function, sent in (
            (send, "the push 'paid'"), (later, "the push 'paid'"),
            (lambda request: request.session.push("paid", Money()), "the push 'paid'"),
            (lambda request: request.session.send_object({"a": Money()}), "an object"),
            (ask, "the request GET /where"),
        ):  # fmt: skip
            self.function = function
            for client in self.one_each()[1 if function is ask else 0 :]:
                events = self.logged()
                self.assertEqual(GENERIC, told(client.request("POST", "/do")))
                [error] = self.flushLoggedErrors(SerializerError)
                self.assertIn(f"{sent} cannot be written: ", str(error.value))
                self.assertIn("of type Money", str(error.value))
                [event] = events
                self.assertTrue(event.startswith(f"{sent} cannot be written: POST /do"), event)

    def logged(self):
        from twisted.logger import eventAsText, globalLogPublisher

        events = []

        def note(event):
            if event.get("log_failure") is not None and event["log_namespace"] == "aiorest_gw":
                events.append(eventAsText(event, includeTimestamp=False, includeSystem=False))

        globalLogPublisher.addObserver(note)
        self.addCleanup(globalLogPublisher.removeObserver, note)
        return events

    def test_an_answer_that_cannot_be_written_is_told_as_one(self):
        self.function = lambda request: Money()
        for client in self.one_each():
            events = self.logged()
            self.assertEqual(500, client.request("POST", "/do").status)
            [error] = self.flushLoggedErrors()
            self.assertIn("of type Money", str(error.value))
            self.assertIn("a view's answer cannot be written: POST /do", events[0])

    def test_after_its_request_was_ended_it_is_logged_too(self):
        from twisted.internet.defer import Deferred

        waiting = Deferred(lambda waiting: waiting.callback(None))

        async def view(request):
            await waiting
            request.session.push("paid", Money())

        self.function = view
        client = self.open_session(self.factory)
        client.cancel(client.ask("POST", "/do"))
        self.assertEqual(1, len(self.flushLoggedErrors(SerializerError)))

    def test_what_a_test_calls_raises_it(self):
        self.function = lambda request: request.factory.manager.send_message_to_all(Money())
        self.assertRaises(SerializerError, call, self.factory, "POST", "/do")

    def test_what_a_client_publishes_and_only_messagepack_can_write_is_its_own_mistake(self):
        client = self.open_session(self.factory, packed=True)
        answer = client.request("POST", "/~/topics/a", data={(1, 2): 3})
        self.assertEqual((400, []), (answer.status, self.flushLoggedErrors()))


class TopicNameTests(MistakesTestCase):
    """What is no name of a topic."""

    WRONG = ("", "a*", " a", "a//b", "~a", "x" * 256, 5, None)

    def test_given_by_the_application_it_is_an_error(self):
        session = self.connect(self.factory).server.session
        for wrong in self.WRONG:
            for call_ in (session.join, session.leave, self.manager.publish):
                error = self.assertRaises(ValueError, call_, wrong)
                self.assertIn("is no name of a topic: ", str(error))
                self.assertLess(len(str(error)), 300)
        error = self.assertRaises(ValueError, session.join, "a*")
        self.assertIn("'a*' is no name", str(error))

    def test_given_by_a_view_it_is_logged_and_the_client_told_that_it_failed(self):
        async def publish(request):
            await request.factory.manager.publish("a*", "x")

        for function in (
            publish, lambda request: request.session.join("a*"),
            lambda request: request.session.leave("a*"),
        ):  # fmt: skip
            self.function = function
            for client in self.one_each():
                self.assertEqual(GENERIC, told(client.request("POST", "/do")))
                self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_given_by_a_client_it_is_the_clients_mistake(self):
        for client in self.one_each():
            for method in ("PUT", "DELETE", "POST", "GET"):
                for url in ("/~/topics/a*", "/~/topics/%20a", "/~/topics/a%2F%2Fb"):
                    answer = client.request(method, url)
                    self.assertEqual(400, answer.status, (method, url))
                    self.assertIn("A topic's name", answer.detail)
            for url in ("/~/topics/a*/presence", "/~/topics/a/b*/presence"):
                self.assertEqual(400, client.request("GET", url).status, url)


class ThreadTests(MistakesTestCase):
    """What is called in another thread than the reactor's, and would seem to work most of the time."""

    def test_other_threads_are_told_what_a_session_does_only_in_its_own(self):
        for client in (self.connect(self.factory), self.open_session(self.factory)):
            session = self.manager.sessions[-1]
            calls = {
                "push": partial(session.push, "x"),
                "close": session.close,
                "join": partial(session.join, "a"),
                "leave": partial(session.leave, "a"),
                "send_object": partial(session.send_object, {}),
            }
            others = ["manager.call_from_thread.send_message", "manager.call_from_thread.close"]
            others += ["reactor.callFromThread"] * 3
            self.assertEqual(
                [
                    f"session.{name} was called in another thread: use {other}"
                    for name, other in zip(calls, others, strict=True)
                ],
                self.run_elsewhere(*calls.values()),
            )
            self.assertEqual([], self.manager.topics.subscriptions(session))
            self.assertTrue(session.connected)
            self.assertRaises(LookupError, getattr(client, "push", client.receive))

    def test_nor_may_they_ask_a_client(self):
        self.open_session(self.factory)
        [session] = self.manager.sessions
        [asked] = self.run_elsewhere(lambda: session.request("GET", "/x").send(None))
        self.assertEqual(
            "session.request was called in another thread: use reactor.callFromThread", asked
        )

    def test_in_its_own_it_is_as_ever(self):
        self.addCleanup(setattr, threadable, "ioThread", threadable.ioThread)
        threadable.registerAsIOThread()
        client = self.open_session(self.factory)
        [session] = self.manager.sessions
        session.join("a")
        session.push("x", 1)
        self.assertEqual(Push("x", 1), client.push())
