"""Pages that are clients of a gateway: their sockets in memory, on a clock."""

import json

from twisted.internet.defer import Deferred

from aiorest_gw import ConfigurationError, HandlerManager, SimpleRouter
from aiorest_gw.auth.identity import Identity
from aiorest_gw.auth.users import User
from aiorest_gw.channels import (
    FrontEndDispatcher,
    FrontEndWebSocketDispatcher,
    MessageFromFrontEndDispatcher,
    PageFactory,
    PageMessage,
    reactor_surroundings,
)
from aiorest_gw.errors import NotFound
from aiorest_gw.testing import GatewayTestCase

from .pages import message

FIRST = message(None, "0hello").as_object()


class Keys:
    """Knows one user, by a key."""

    def authenticate(self, token):
        if token in ("key", "left"):
            return Identity(User(1, "one", is_active=token == "key", is_anonymous=False))
        raise NotFound


class PageFactoryTestCase(GatewayTestCase):
    def setUp(self):
        super().setUp()
        surroundings = reactor_surroundings(self.clock)
        self.hub = FrontEndDispatcher()
        self.messages = MessageFromFrontEndDispatcher(surroundings)
        self.channel = FrontEndWebSocketDispatcher(surroundings=surroundings)
        for coroutine in (self.hub.add_dispatcher("0", self.channel), self.hub.__aenter__()):
            self.successResultOf(Deferred.fromCoroutine(coroutine))
        self.handled = []
        self.messages.register_handler("0", lambda message: self.handled.append(message.content))

    def gateway(self, **options):
        return self.serve(PageFactory(self.hub, self.messages, **options))

    def said(self, client):
        client.settle()
        texts, client.messages[:] = list(client.messages), []
        return [PageMessage.parse(text) for text in texts]


class PageTests(PageFactoryTestCase):
    def page(self, factory=None, first=FIRST, **handshake):
        client = self.connect(factory or self.gateway(), **handshake)
        client.send(first)
        return client

    def test_a_page_has_the_channel_that_its_first_message_names(self):
        self.hub.submit(message("while away"))
        page = self.page()
        self.hub.submit(message("now"))
        self.assertEqual(["while away", "now"], [one.content for one in self.said(page)])

    def test_its_later_messages_are_handled(self):
        page = self.page()
        page.send(message("a").as_object())
        self.assertEqual(["a"], self.handled)

    def test_a_handler_that_waits_for_the_page_holds_up_nothing(self):
        self.messages.register_handler("1", self.ask)
        page = self.page()
        page.send(message(None, "1ask").as_object())
        [question] = self.said(page)
        page.send(message("yes", "0reply", msg_id=question.msg_id).as_object())
        self.assertEqual(["yes"], self.handled)

    async def ask(self, message):
        reply = self.messages.expect_reply("q", 5)
        self.hub.submit(PageMessage("0question", msg_id="q"))
        self.handled.append((await reply).content)

    def test_a_page_that_says_nothing_is_closed(self):
        page = self.connect(self.gateway())
        self.advance(5.5)
        self.assertTrue(page.connected)
        self.advance(1)
        self.assertEqual(4504, page.close_code)
        self.assertEqual("the first message did not come within 6 seconds", page.close_reason)

    def test_requests_alone_name_no_channel(self):
        router = SimpleRouter()
        router.get("/")(lambda request: "here")
        page = self.connect(self.gateway(router=router))
        self.assertEqual("here", page.request("GET", "/").data)
        self.advance(6.5)
        self.assertEqual(4504, page.close_code)

    def test_an_unknown_code_is_answered_and_closed(self):
        page = self.page(first=message(None, "7hello").as_object())
        self.assertEqual(["7error"], [one.header for one in self.said(page)])
        self.assertEqual((4504, "there is no such channel"), (page.close_code, page.close_reason))

    def test_a_second_tab_takes_over_and_the_first_one_is_told(self):
        factory = self.gateway()
        first, second = self.page(factory), self.page(factory)
        first.move()
        self.assertEqual(["0error"], [one.header for one in self.said(first)])
        self.assertEqual(
            (4503, "taken over by another page"), (first.close_code, first.close_reason)
        )
        self.hub.submit(message("news"))
        self.assertEqual(["news"], [one.content for one in self.said(second)])

    def test_what_cannot_be_read_is_answered_in_the_form_of_pages(self):
        page = self.page(self.gateway(max_depth=5))
        deep = b"[" * 10 + b"]" * 10
        for bad in (b"{", b"[]", deep, {"header": 1}, json.dumps("text").encode()):
            page.send(bad)
        told = self.said(page)
        self.assertEqual(["1error"] * 5, [one.header for one in told])
        self.assertTrue(all(one.content["detail"] for one in told))
        page.send(message("good").as_object())
        self.assertEqual(["good"], self.handled)

    def test_when_it_is_cut_messages_wait_for_the_next_one(self):
        factory = self.gateway()
        self.page(factory).cut()
        self.hub.submit(message("a"))
        self.assertEqual(["a"], [one.content for one in self.said(self.page(factory))])

    def test_of_pages_that_are_gone_nothing_is_held(self):
        factory = self.gateway()
        for _ in range(3):
            self.page(factory).cut()
        self.connect(factory).close()
        self.assertEqual({}, factory._pages)
        self.clock.advance(1)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_clients_of_v1_are_no_pages(self):
        client = self.open_session(self.gateway())
        self.advance(7)
        self.assertTrue(client.connection.connected)

    def test_a_client_of_v1_that_has_the_channel_is_told_in_its_dialect(self):
        factory = self.gateway()
        client = self.open_session(factory)
        self.channel.update_transport(factory.manager.get_handler(client.session_id))
        self.page(factory)
        client.receive()
        self.assertEqual("0error", client.pushes.popleft().event_name)
        self.assertEqual(4503, client.connection.close_code)


class WhoMayConnectTests(PageFactoryTestCase):
    """G6: any web page could open the socket, and take a channel over."""

    def test_a_page_of_somebody_else_may_not(self):
        page = self.connect(self.gateway(), origin="http://evil.example")
        self.assertIn("403", page.refusal)

    def test_a_page_of_its_own_may(self):
        self.assertTrue(self.connect(self.gateway(), origin="http://gateway.example").connected)

    def test_a_page_of_an_origin_that_is_listed_may(self):
        for local in (False, True):
            factory = self.gateway(origins=["https://app.example"], local=local)
            page = self.connect(factory, origin="https://app.example", host="localhost")
            self.assertTrue(page.connected)

    def test_on_localhost_a_name_that_leads_there_makes_nobody_its_own(self):
        """DNS rebinding: the page and its socket are of one origin, which is an attacker's."""
        factory = self.gateway(local=True)
        page = self.connect(factory, origin="http://gateway.example")
        self.assertIn("403", page.refusal)

    def test_on_localhost_programs_may(self):
        for host in ("localhost", "127.0.0.1", "app.localhost"):
            self.assertTrue(self.connect(self.gateway(local=True), host=host).connected)

    def test_with_an_authenticator_credentials_are_needed(self):
        factory = self.gateway(authenticator=Keys(), token_cookie="session")
        self.assertIn("401", self.connect(factory).refusal)
        self.assertIn("404", self.connect(factory, headers={"Cookie": "session=gone"}).refusal)
        self.assertIn("401", self.connect(factory, headers={"Cookie": "session=left"}).refusal)
        page = self.connect(factory, headers={"Cookie": "session=key"})
        page.send(FIRST)
        self.assertEqual("one", self.channel.transport.username)

    def test_clients_of_v1_show_theirs_when_they_open_their_session(self):
        factory = self.gateway(authenticator=Keys())
        self.assertTrue(self.open_session(factory, token="key").session_id)


class CheckTests(PageFactoryTestCase):
    def test_what_cannot_be_is_refused_at_once(self):
        with self.assertRaises(TypeError):
            PageFactory(None, self.messages)
        with self.assertRaises(ValueError):
            self.gateway(first_message_timeout="6")
        with self.assertRaises(ConfigurationError):
            self.gateway(orignis=["http://a.example"])

    def test_a_manager_that_hands_messages_on_already_is_not_taken_over(self):
        async def bridge(answer, session, message):
            """Never called."""

        manager = HandlerManager(on_handler_message_received=bridge)
        with self.assertRaises(ConfigurationError):
            self.gateway(manager=manager)
