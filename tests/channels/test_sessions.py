"""Channels over the gateway's own sessions, plain and v1."""

import json

from twisted.internet.defer import Deferred

from aiorest_gw import SimpleRouter
from aiorest_gw.channels import FrontEndWebSocketDispatcher, PageMessage
from aiorest_gw.testing import GatewayTestCase

from .pages import Page, SlowPage, message


def contents(client):
    """Of the messages that a client got, in order."""
    texts, client.messages[:] = list(client.messages), []
    return [PageMessage.parse(text).content for text in texts]


class SessionTestCase(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.factory = self.serve(SimpleRouter(), max_outbox_messages=10)
        self.channel = FrontEndWebSocketDispatcher(surroundings=self.factory.manager.surroundings)
        self.successResultOf(Deferred.fromCoroutine(self.channel.__aenter__()))

    def page(self):
        """A client, and its session."""
        before = set(self.factory.manager.sessions)
        client = self.connect(self.factory)
        [session] = set(self.factory.manager.sessions) - before
        return client, session

    def submit(self, *contents):
        return [self.channel.submit(message(content)) for content in contents]

    def outcomes(self, receipts):
        return [r.result.outcome.value if r.done else None for r in receipts]


class PlainTests(SessionTestCase):
    def test_the_form_on_the_wire_is_that_of_pages(self):
        client, session = self.page()
        self.channel.update_transport(session)
        receipts = self.submit("a", "ä")
        client.move()
        self.assertEqual(message("a").as_object(), json.loads(client.messages[0]))
        self.assertEqual(["a", "ä"], contents(client))
        self.assertEqual(["written"] * 2, self.outcomes(receipts))

    def test_what_waited_goes_out_first_when_the_page_is_back(self):
        """G1, G2: on reconnect the order was lost."""
        client, session = self.page()
        self.channel.update_transport(session)
        client.cut()
        receipts = self.submit("a", "b")
        self.assertEqual([None, None], self.outcomes(receipts))
        self.assertIsNone(self.channel.transport)
        client, session = self.page()
        self.channel.update_transport(session)
        self.submit("c")
        client.move()
        self.assertEqual([*"abc"], contents(client))

    def test_for_a_page_that_does_not_read_messages_wait_here(self):
        client, session = self.page()
        self.channel.update_transport(session)
        client.deaf = True
        large = "x" * 70_000
        receipts = self.submit(large, *"abcd")
        self.assertEqual(["written", None, None, None, None], self.outcomes(receipts))
        self.assertEqual(4, self.channel.waiting)
        client.deaf = False
        client.move()
        self.assertEqual([large, *"abcd"], contents(client))

    def test_what_a_session_could_not_send_goes_to_the_next_one(self):
        """G2: nothing is lost by a write that fails."""
        client, session = self.page()
        self.channel.update_transport(session)
        client.deaf = True
        receipts = self.submit("x" * 70_000, *"ab")
        client.cut()
        self.assertFalse(self.channel.connected)
        client, session = self.page()
        self.channel.update_transport(session)
        client.move()
        self.assertEqual([*"ab"], contents(client))
        self.assertEqual(["written"] * 3, self.outcomes(receipts))


class V1Tests(SessionTestCase):
    packed = False

    def page(self):
        client = self.open_session(self.factory, self.packed)
        return client, self.factory.manager.get_handler(client.session_id)

    def received(self, client):
        client.receive()
        pushes = [client.pushes.popleft() for _ in tuple(client.pushes)]
        messages = [PageMessage.parse(push.data) for push in pushes]
        self.assertEqual([push.event_name for push in pushes], [m.header for m in messages])
        return [message.content for message in messages]

    def test_messages_are_pushes_and_end_when_they_are_acknowledged(self):
        client, session = self.page()
        self.channel.update_transport(session)
        receipts = self.submit("a", "b")
        self.assertEqual([*"ab"], self.received(client))
        self.assertEqual([None, None], self.outcomes(receipts))
        client.acknowledge()
        self.assertEqual(["delivered"] * 2, self.outcomes(receipts))

    def test_a_session_that_is_resumed_goes_on_where_it_was(self):
        client, session = self.page()
        self.channel.update_transport(session)
        self.submit("a")
        self.assertEqual(["a"], self.received(client))
        client.cut()
        self.assertFalse(self.channel.connected)
        self.submit("b")
        client.resume()
        self.channel.update_transport(session)
        self.submit("c")
        self.assertEqual([*"bc"], self.received(client))

    def test_what_a_session_had_not_delivered_goes_to_the_next_one(self):
        client, session = self.page()
        self.channel.update_transport(session)
        receipts = self.submit(*"abc")
        self.received(client)
        client._send({"ack": client.seq - 2})
        client.connection.move()
        session.close()
        self.assertIsNone(self.channel.transport)
        client, session = self.page()
        self.channel.update_transport(session)
        self.submit("d")
        self.assertEqual([*"bcd"], self.received(client))
        client.acknowledge()
        self.assertEqual(["delivered"] * 3, self.outcomes(receipts))

    def test_what_a_session_had_to_drop_is_told(self):
        client, session = self.page()
        self.channel.update_transport(session)
        client.cut()
        receipts = self.submit(*range(15))
        client.resume()
        self.assertEqual(["dropped"] * 5, self.outcomes(receipts)[:5])
        client.pushes.popleft()  # the gateway's own notice
        self.assertEqual([*range(5, 15)], self.received(client))
        self.assertEqual([None] * 10, self.outcomes(receipts)[5:])
        client.acknowledge()
        self.assertEqual(["delivered"] * 10, self.outcomes(receipts)[5:])

    def test_it_counts_on_for_as_long_as_it_is_used(self):
        client, session = self.page()
        self.channel.update_transport(session)
        for _ in range(20):
            self.submit(*range(5))
            self.assertEqual([*range(5)], self.received(client))
            client.acknowledge()
        self.assertEqual(0, self.channel.waiting)

    def test_a_page_that_acknowledges_nothing_is_sent_only_so_many(self):
        self.factory = self.serve(SimpleRouter())
        client, session = self.page()
        self.channel.update_transport(session)
        self.submit(*range(100))
        self.assertEqual([*range(64)], self.received(client))
        client.acknowledge()
        self.assertEqual([*range(64, 100)], self.received(client))

    def test_what_was_told_as_dropped_is_not_sent_to_the_next_one(self):
        client, session = self.page()
        self.channel.update_transport(session)
        [first] = self.submit("first")
        self.assertEqual(["first"], self.received(client))
        client.cut()
        receipts = self.submit(*range(15))
        self.assertEqual(["dropped"] * 6, self.outcomes(receipts)[:6])
        session.close()
        client, session = self.page()
        self.channel.update_transport(session)
        self.assertEqual(["first", *range(6, 15)], self.received(client))
        client.acknowledge()
        self.assertEqual(["delivered"] * 10, self.outcomes([first, *receipts[6:]]))

    def test_a_session_of_before_ends_nothing_that_another_page_is_sent(self):
        client, session = self.page()
        self.channel.update_transport(session)
        [receipt] = self.submit("a")
        self.received(client)
        self.channel.update_transport(page := SlowPage())
        client.acknowledge()
        self.assertEqual([None], self.outcomes([receipt]))
        page.take()
        self.assertEqual(["written"], self.outcomes([receipt]))

    def test_a_page_that_is_away_is_not_waited_for(self):
        """G3: stopping takes no longer than it has to."""
        client, session = self.page()
        self.channel.update_transport(session)
        client.cut()
        [receipt] = self.submit("a")
        stopping = Deferred.fromCoroutine(self.channel.__aexit__(None, None, None))
        self.successResultOf(stopping)
        self.assertEqual(["expired"], self.outcomes([receipt]))

    def test_a_page_may_come_back_over_something_else(self):
        client, session = self.page()
        self.channel.update_transport(session)
        self.submit("a")
        self.received(client)
        self.channel.update_transport(page := Page())
        self.submit("b")
        self.assertEqual([*"ab"], page.contents)
        client.acknowledge()
        self.assertEqual([], self.received(client))


class PackedTests(V1Tests):
    packed = True

    def test_what_messagepack_has_no_form_for_is_sent_as_near_as_it_can(self):
        client, session = self.page()
        self.submit(2**100)
        self.channel.update_transport(session)
        self.submit("a")
        self.assertEqual([2.0**100, "a"], self.received(client))
