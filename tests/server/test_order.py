"""What a client is sent arrives in the order in which it was sent, whoever sends from within what."""

import msgspec
from twisted.internet.defer import Deferred

from aiorest_gw import Policy, Push, SimpleRouter
from aiorest_gw.testing import GatewayTestCase

from .test_conversation import ByName
from .test_fast_path import frame


def requests(*asked):
    """Requests that come in one read."""
    bodies = [{"id": id, "method": "GET", "url": url} for id, url in asked]
    return b"".join(frame(0x81, msgspec.json.encode(body)) for body in bodies)


class OrderTests(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.waiting = []
        router = SimpleRouter()

        @router.get("/wait")
        def wait(request):
            self.waiting.append(Deferred())
            return self.waiting[-1]

        @router.get("/go")
        def go(request):
            """Lets another connection read on, which answers several requests together."""
            for waiting in self.waiting:
                waiting.callback(None)

        @router.get("/all")
        def to_all(request):
            return request.factory.manager.send_message_to_all(Push("all"), policy="drop_oldest")

        @router.get("/all!")
        def to_all_without_fail(request):
            return request.factory.manager.send_message_to_all(Push("all"))

        router.get("/hello")(lambda request: "hello")
        self.router = router

    def test_a_push_to_all_comes_behind_the_answers_of_the_same_read(self):
        for plain in (True, False):
            factory = self.serve(self.router, max_open_requests=1)
            open_one = self.connect if plain else self.open_session
            clients = [open_one(factory), open_one(factory)]
            client, other = clients if plain else [one.connection for one in clients]
            # One request is open there, and those behind it wait.
            hello = [(id, "/hello") for id in range(3, 7)]
            other.send_octets(requests((2, "/wait"), *hello))
            client.messages.clear()
            client.send_octets(requests((2, "/hello"), (3, "/go"), (4, "/all"), (5, "/hello")))
            came = [msgspec.json.decode(message) for message in client.messages]
            order = [message.get("id", message.get("event_name")) for message in came]
            self.assertEqual([2, 3, "all", 4, 5], order)
            if not plain:
                self.assertEqual([1, 2, 3, 4, 5], [message["seq"] for message in came])
            self.waiting.clear()

    def test_a_push_to_all_comes_behind_what_it_made_others_send(self):
        """It finds no room at one client; whoever hears of what was dropped there sends to others."""
        factory = self.serve(self.router, max_outbox_messages=2)
        manager = factory.manager
        away, client = self.open_session(factory), self.open_session(factory)
        away.cut()

        def dropped():
            manager.send_message(client.session_id, Push("dropped"))

        terms = {"policy": Policy.DROP_OLDEST, "receipt": True}
        for name in "ab":
            manager.send_message(away.session_id, Push(name), **terms).when_done(dropped)
        client.connection.send_octets(requests((2, "/all"), (3, "/hello")))
        # Where a number is missing, this raises.
        client.receive()
        self.assertEqual(["dropped", "all"], [push.event_name for push in client.pushes])

    def test_a_push_to_all_comes_behind_what_it_made_a_session_hand_on(self):
        """It is too much for one session of a user: what that had not got goes to those opened since."""
        factory = self.serve(self.router, max_outbox_messages=3, authenticator=ByName())
        first = self.open_session(factory, token="ann")
        first.cut()
        factory.manager.send_message(first.session_id, Push("for that session alone"))
        for name in "ab":
            factory.manager.send_message_to_user_ids(["ann"], Push(name))
        since = self.open_session(factory, token="ann")
        since.connection.send_octets(requests((2, "/all!"), (3, "/hello")))
        since.receive()
        self.assertEqual([*"ab", "all"], [push.event_name for push in since.pushes])
