"""The application is another one, and whoever is connected goes on."""

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent

from aiorest_gw import (
    HandlerManager,
    Push,
    RequestHandlerFactory,
    RequestHandlerProtocol,
    SimpleRouter,
    TopicRule,
)
from aiorest_gw.auth import Identity, User
from aiorest_gw.engines.memory import MemoryEngine
from aiorest_gw.errors import BaseAuthException, ConfigurationError
from aiorest_gw.server.hosting import HostFactory
from aiorest_gw.testing import GatewayTestCase

OPEN = [TopicRule("**", read=True, write=True)]


class Named:
    """Believes whoever says a name."""

    def authenticate(self, token):
        if token == "thief":
            raise BaseAuthException
        return Identity(User(id=token, username=token, is_active=True, is_anonymous=False))


class HostingTestCase(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.host = self.serve(HostFactory())
        self.waiting = []
        self.begun = []

    def router(self, version):
        router = SimpleRouter()
        router.get("/version")(lambda request: version)
        router.get("/wait")(lambda request: self.wait(version))
        router.get("/factory")(lambda request: request.factory.version)
        router.post("/all")(lambda request: request.factory.manager.send_message_to_all("all"))
        return router

    def wait(self, version):
        waiting = Deferred()
        self.waiting.append((waiting, version))
        return waiting

    def application(self, version, kind=RequestHandlerFactory, **options):
        made = kind(router=self.router(version), **{"topics": OPEN} | options)
        made.version = version
        return made

    def exchange(self, following):
        """The exchange, which is over when its turns are."""
        exchanging = Deferred.fromCoroutine(self.host.exchange(following))
        for _ in range(4):
            self.clock.advance(0)
        for client in self.clients:
            client.move()
        return exchanging

    def use(self, version, *args, **options):
        application = self.application(version, *args, **options)
        self.successResultOf(self.exchange(application))
        return application

    def version(self, client):
        return client.request("GET", "/version").data


class WithoutApplicationTests(HostingTestCase):
    def test_requests_are_answered_503_until_there_is_one(self):
        plain, v1 = self.connect(self.host), self.open_session(self.host)
        for client in (plain, v1):
            for url in ("/version", "/", "/none"):
                answer = client.request("GET", url)
                self.assertEqual(
                    (503, "The application cannot be loaded."), (answer.status, answer.detail)
                )
        self.use(1)
        self.assertEqual(1, self.version(plain))
        v1.resume()
        self.assertTrue(v1.opened["resumed"])
        self.assertEqual(1, self.version(v1))

    def test_the_gateways_own_resources_answer(self):
        self.assertEqual("pong", self.connect(self.host).request("GET", "/~/ping").data)


class ExchangeTests(HostingTestCase):
    def setUp(self):
        super().setUp()
        self.first = self.use(1)

    def test_plain_connections_stay_and_are_answered_by_the_new_one(self):
        client = self.connect(self.host)
        self.assertEqual(1, self.version(client))
        for version in (2, 3):
            self.use(version)
            self.assertTrue(client.connected)
            self.assertEqual(version, self.version(client))
            self.assertEqual(version, client.request("GET", "/factory").data)

    def test_clients_with_sessions_are_asked_to_come_back_at_once_and_resume(self):
        client = self.open_session(self.host)
        id = client.session_id
        for version in (2, 3):
            self.use(version)
            closed = client.connection
            self.assertEqual((4001, "draining 0"), (closed.close_code, closed.close_reason))
            client.resume()
            self.assertEqual((id, True), (client.session_id, client.opened["resumed"]))
            self.assertEqual(
                (version, version), (self.version(client), client.request("GET", "/factory").data)
            )

    def test_open_requests_are_finished_by_the_application_of_before(self):
        plain, v1 = self.connect(self.host), self.open_session(self.host)
        plain.send({"method": "GET", "url": "/wait", "id": 5})
        asked = v1.ask("GET", "/wait")
        self.use(2)
        v1.resume()
        for waiting, version in self.waiting:
            waiting.callback(f"of {version}")
        v1.receive()
        self.assertEqual("of 1", plain.receive().data)
        self.assertEqual(["of 1"], [answer.data for answer in v1.answers[asked]])

    def test_requests_that_wait_for_their_turn_are_the_new_ones(self):
        self.host = self.serve(HostFactory())
        self.use(1, max_open_requests=1)
        client = self.open_session(self.host)
        client.ask("GET", "/wait")
        behind = client.ask("GET", "/factory")
        self.use(2)
        client.resume()
        self.waiting[0][0].callback(None)
        client.receive()
        self.assertEqual([2], [answer.data for answer in client.answers[behind]])

    def test_what_is_pushed_meanwhile_comes_when_the_client_is_back(self):
        client = self.open_session(self.host)
        self.use(2)
        self.first.manager.send_message(client.session_id, Push("from the old one"))
        self.host.application.manager.send_message(client.session_id, Push("from the new one"))
        self.host.manager.send_message_to_all(Push("from the host"))
        client.resume()
        names = [client.push().event_name for _ in range(3)]
        self.assertEqual(["from the old one", "from the new one", "from the host"], names)

    def test_topics_keep_their_history_and_subscribers(self):
        client = self.open_session(self.host)
        self.assertEqual(200, client.request("PUT", "/~/topics/news").status)
        self.first.manager.publish("news", "one")
        self.assertEqual("one", client.push().event_name)
        second = self.use(2)
        second.manager.publish("news", "two")
        client.resume()
        self.assertEqual("two", client.push().event_name)
        kept = client.request("GET", "/~/topics/news").data["publications"]
        self.assertEqual(["one", "two"], [one["event_name"] for one in kept])

    def test_new_rules_hold_for_what_is_asked_from_now_on(self):
        client = self.open_session(self.host)
        client.request("PUT", "/~/topics/news")
        second = self.use(2, topics=[])
        client.resume()
        self.assertEqual(403, client.request("PUT", "/~/topics/other").status)
        second.manager.publish("news", "still heard")
        self.assertEqual("still heard", client.push().event_name)

    def test_mail_waits_for_a_user_over_an_exchange(self):
        self.use(2, authenticator=Named())
        self.host.manager.send_message_to_user_ids(["ann"], Push("mail"))
        self.use(3, authenticator=Named())
        self.assertEqual("mail", self.open_session(self.host, token="ann").push().event_name)

    def test_credentials_are_looked_at_by_the_new_authenticator(self):
        client = self.open_session(self.host)
        self.use(2, authenticator=Named())
        self.assertEqual(401, client.resume(token="thief").status)
        client.resume(token="ann")
        self.assertEqual((True, "ann"), (client.opened["resumed"], client.opened["user_id"]))

    def test_a_client_whose_session_was_being_opened_comes_again(self):
        connection = self.connect(self.host, protocols=["aiorest.1.json"])
        self.use(2)
        self.assertEqual(4001, connection.close_code)

    def test_views_reach_the_gateway_through_the_new_factory(self):
        client = self.open_session(self.host)
        second = self.use(2)
        client.resume()
        self.assertEqual(1, client.request("POST", "/all").data)
        self.assertEqual("all", client.push().data)
        self.assertEqual({client.connection.server}, second.connections)
        self.assertIs(self.clock, second.reactor)

    def test_managers_of_all_generations_are_the_same_to_whoever_sends(self):
        """An application may keep its own in a module."""
        own = HandlerManager()
        self.use(2, manager=own)
        client = self.open_session(self.host)
        self.assertEqual(1, own.concurrent_connections)
        self.use(3)
        client.resume()
        own.send_message_to_all(Push("still there"))
        self.assertEqual("still there", client.push().event_name)

    def test_messages_that_are_no_requests_go_to_the_new_manager(self):
        async def received(answer, handler, message):
            await answer(handler, {"said": message["say"]})

        client = self.connect(self.host)
        self.use(2, manager=HandlerManager("", "", received))
        client.send({"say": "it"})
        client.settle()
        self.assertEqual([b'{"said":"it"}'], client.messages)

    def test_a_manager_that_serves_already_is_refused(self):
        error = self.assertRaises(
            ConfigurationError, self.application, 2, manager=self.first.manager
        )
        self.assertIn("serves a gateway already", str(error))
        self.assertEqual(1, self.version(self.connect(self.host)))

    def test_its_class_of_connections_and_its_origins_are_the_new_ones(self):
        class Shouting(RequestHandlerProtocol):
            def _encode_message(self, response, isBinary=False):
                return response.upper()

        page = {"origin": "https://page.example"}
        self.assertIn("403", self.connect(self.host, **page).refusal)
        self.use(2, protocol=Shouting, origins=["https://page.example"])
        client = self.connect(self.host, **page)
        client.send({"method": "GET", "url": "/version"})
        client.settle()
        self.assertIn(b'"DATA":2', client.messages[0])

    def test_limits_and_engine_are_those_of_the_first_and_it_says_so(self):
        self.host = self.serve(HostFactory())
        first = self.use(1, max_open_requests=3, engine=MemoryEngine())
        self.assertEqual(3, self.host.limits.max_open_requests)
        self.assertIs(first.engine, self.host.engine)
        with capturedLogs() as events:
            second = self.use(
                2, max_open_requests=4, manager=HandlerManager(max_concurrent_connections=1)
            )
        self.assertEqual(3, second.limits.max_open_requests)
        self.assertIs(first.engine, second.engine)
        told = " ".join(formatEvent(event) for event in events)
        self.assertIn("max_open_requests is as it was when the gateway began", told)
        self.assertIn("max_concurrent_connections is as it was", told)
        self.assertNotIn("engine", told)

    def test_the_first_that_works_decides_no_limits_where_clients_are_there_already(self):
        """What is kept for them would be lost."""
        self.host = self.serve(HostFactory())
        client = self.open_session(self.host)
        self.use(1, max_open_requests=3)
        self.assertNotEqual(3, self.host.limits.max_open_requests)
        client.resume()
        self.assertTrue(client.opened["resumed"])

    def test_the_same_factory_again_is_nothing(self):
        client = self.open_session(self.host)
        self.successResultOf(self.exchange(self.first))
        self.assertTrue(client.connection.connected)

    def test_connections_are_counted_over_exchanges(self):
        clients = [self.connect(self.host) for _ in range(3)]
        for version in (2, 3):
            self.use(version)
            clients.pop().close()
            self.assertEqual(len(clients), self.host.admission.total)
            self.assertEqual(len(clients), len(self.host.connections))

    def test_a_gateway_that_stops_takes_no_other(self):
        client = self.open_session(self.host)
        drained = self.host.drain()
        client.receive()
        failed = self.failureResultOf(self.exchange(self.application(2)), ConfigurationError)
        self.assertIn("the gateway stops", str(failed.value))
        self.successResultOf(drained)

    def test_a_drain_ends_with_the_last_connection_of_any_generation(self):
        plain = self.connect(self.host)
        self.use(2)
        v1 = self.open_session(self.host)
        drained = self.host.drain()
        for client in (plain, v1.connection):
            client.move()
            self.assertEqual(4001, client.close_code)
        self.successResultOf(drained)
        self.assertRaises(ConnectionRefusedError, self.connect, self.host)


class Starting(RequestHandlerFactory):
    def startFactory(self):
        self.begun.append(f"start {self.version}")
        if self.fails:
            raise OSError("no port")

    def stopFactory(self):
        self.begun.append(f"stop {self.version}")
        return self.stopping


class StartingTests(HostingTestCase):
    def use(self, version, fails=False, stopping=None):
        made = self.starting(version, fails, stopping)
        self.successResultOf(self.exchange(made))
        return made

    def starting(self, version, fails=False, stopping=None):
        made = self.application(version, Starting)
        made.begun, made.fails, made.stopping = self.begun, fails, stopping
        return made

    def test_an_application_starts_when_the_gateway_listens_and_stops_with_it(self):
        self.use(1)
        self.assertEqual([], self.begun)
        self.host.doStart()
        self.host.doStop()
        self.assertEqual(["start 1", "stop 1"], self.begun)

    def test_the_old_one_stops_before_the_new_one_starts(self):
        self.use(1)
        self.host.doStart()
        self.use(2)
        self.host.doStop()
        self.assertEqual(["start 1", "stop 1", "start 2", "stop 2"], self.begun)

    def test_the_first_one_starts_at_once_where_the_gateway_listens_already(self):
        self.host.doStart()
        self.use(1)
        self.assertEqual(["start 1"], self.begun)

    def test_one_that_takes_time_to_stop_is_waited_for(self):
        stopping = Deferred()
        self.use(1, stopping=stopping)
        self.host.doStart()
        exchanging = self.exchange(self.starting(2))
        self.assertEqual(["start 1", "stop 1"], self.begun)
        self.assertEqual(1, self.version(self.connect(self.host)))
        stopping.callback(None)
        self.advance(0)
        self.successResultOf(exchanging)
        self.assertEqual("start 2", self.begun[-1])

    def test_one_that_never_stops_is_not_waited_for_any_longer(self):
        self.use(1, stopping=Deferred())
        self.host.doStart()
        exchanging = self.exchange(self.starting(2))
        self.advance(5)
        self.advance(0)
        self.successResultOf(exchanging)
        self.assertEqual(2, self.version(self.connect(self.host)))
        [failure] = self.flushLoggedErrors()
        self.assertIn("Timeout", failure.type.__name__)

    def test_where_the_new_one_cannot_start_the_old_one_goes_on(self):
        self.use(1)
        self.host.doStart()
        client = self.open_session(self.host)
        failed = self.failureResultOf(self.exchange(self.starting(2, fails=True)), OSError)
        self.assertEqual("no port", str(failed.value))
        self.assertEqual(["start 1", "stop 1", "start 2", "start 1"], self.begun)
        self.assertEqual(1, self.version(client))
        self.host.doStop()
        self.assertEqual("stop 1", self.begun[-1])

    def test_one_that_cannot_start_again_either_is_told_in_the_log(self):
        first = self.use(1)
        self.host.doStart()
        first.fails = True
        self.failureResultOf(self.exchange(self.starting(2, fails=True)), OSError)
        self.assertEqual(1, len(self.flushLoggedErrors(OSError)))
        self.assertEqual(1, self.version(self.connect(self.host)))

    def test_a_gateway_that_stops_meanwhile_starts_nothing(self):
        stopping = Deferred()
        self.use(1, stopping=stopping)
        self.host.doStart()
        exchanging = self.exchange(self.starting(2))
        self.host.doStop()
        stopping.callback(None)
        self.advance(0)
        self.failureResultOf(exchanging, ConfigurationError)
        self.assertEqual(["start 1", "stop 1"], self.begun)
