"""Whoever waits to hear what became of a push: nobody else is harmed, and nothing is held for nothing."""

import gc
import weakref

from twisted.internet.defer import Deferred

from aiorest_gw import Push, RequestHandlerProtocol, SimpleRouter
from aiorest_gw.sessions.entries import Outcome
from aiorest_gw.sessions.states import State
from aiorest_gw.testing import GatewayTestCase

from .test_conversation import ByName


class Wrong(ValueError):
    """Of the application."""


class ReceiptTestCase(GatewayTestCase):
    def gateway(self, router=None, **options):
        options.setdefault("authenticator", ByName())
        self.factory = self.serve(router or SimpleRouter(), **options)
        self.manager = self.factory.manager
        return self.open_session(self.factory)

    def push(self, client, **options):
        return self.manager.send_message(client.session_id, Push("x"), receipt=True, **options)

    def failing(self, receipt, error=Wrong):
        def fail():
            raise error

        receipt.when_done(fail)
        return receipt


class CallbackTests(ReceiptTestCase):
    def test_one_that_fails_harms_no_other_and_not_the_client(self):
        for error in (Wrong, SystemExit):
            client = self.gateway()
            told = []
            one, other = self.failing(self.push(client), error), self.push(client)
            one.when_done(lambda told=told: told.append("of the same"))
            other.when_done(lambda told=told: told.append("of another"))
            client.receive()
            client.acknowledge()
            client.connection.move()
            self.assertEqual(["of the same", "of another"], told)
            self.assertTrue(client.connection.connected)
            self.failing(one, error)
            self.assertEqual(2, len(self.flushLoggedErrors(error)))

    def test_one_that_fails_while_its_client_comes_back_changes_nothing(self):
        client = self.gateway()
        self.failing(self.push(client))
        client.receive()
        client.cut()
        client.resume()
        self.assertTrue(client.opened["resumed"])
        self.assertTrue(client.connection.connected)
        self.assertEqual(1, len(self.flushLoggedErrors(Wrong)))

    def test_a_session_ends_whole_whatever_they_raise(self):
        router, cancelled = SimpleRouter(), []
        router.get("/wait")(lambda request: Deferred(lambda _: cancelled.append(1)))
        client = self.gateway(router)
        other = self.open_session(self.factory)
        client.ask("GET", "/wait")
        self.failing(self.push(client))
        self.assertEqual(2, self.manager.close_all(4000))
        for one in (client, other):
            one.connection.move()
            self.assertEqual(4000, one.connection.close_code)
        self.assertEqual([1], cancelled)
        self.assertEqual(1, len(self.flushLoggedErrors(Wrong)))

    def test_whoever_waits_for_other_gateways_likewise(self):
        self.gateway()
        told = []
        sent = self.manager.close_all()
        for callback in (lambda: 1 / 0, lambda: told.append(1)):
            sent.when_done(callback)
        self.advance(0)
        self.assertEqual([1], told)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))


class ComingBackTests(ReceiptTestCase):
    def test_one_whose_coming_back_fails_is_away_again(self):
        class Failing(RequestHandlerProtocol):
            fails = False

            def sendMessage(self, *args, **options):
                if self.fails:
                    raise Wrong
                super().sendMessage(*args, **options)

        client = self.gateway(protocol=Failing)
        session = self.manager.get_handler(client.session_id)
        client.cut()
        client.connection = client._new_connection()
        client.connection.server.fails = True
        resume = {"resume": client.opened["resume"], "ack": 0}
        client._send({"id": 0, "method": "PUT", "url": "/~/session", "data": resume})
        client.connection.move()
        self.assertEqual((1011, State.AWAY), (client.connection.close_code, session.state))
        self.assertEqual(1, len(self.flushLoggedErrors(Wrong)))
        client.resume()
        self.assertTrue(client.opened["resumed"])

    def test_one_who_is_back_is_not_given_up_for_others_who_leave(self):
        """Whatever happens while it comes back."""
        client = self.gateway(max_away=1)
        other = self.open_session(self.factory)
        receipt = self.push(client)
        receipt.when_done(other.cut)
        client.receive()
        client.cut()
        client.resume()
        self.assertTrue(client.connection.connected)
        self.assertEqual(2, self.manager.concurrent_connections)
        other.resume()
        self.assertTrue(other.opened["resumed"])


class HoldingTests(ReceiptTestCase):
    """A time that was given to a push holds it no longer than there is somebody to be told of it."""

    def test_what_was_delivered_is_not_held_until_its_time(self):
        client = self.gateway()
        session = weakref.ref(self.manager.get_handler(client.session_id))
        for _ in range(5):
            self.assertFalse(self.push(client, ttl=3_600).done)
        client.receive()
        client.acknowledge()
        self.manager.close(client.session_id)
        client.connection.move()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.clients.clear()
        del client
        gc.collect()
        self.assertIsNone(session())

    def test_what_is_skipped_is_not_held_either(self):
        client = self.gateway(session_ttl=5)
        client.cut()
        receipt = self.push(client, ttl=3_600, volatile=True)
        self.assertIs(Outcome.DROPPED, receipt.result.outcome)
        self.advance(6)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_what_waited_in_a_mailbox_is_not_held_when_it_was_fetched(self):
        self.gateway(max_outbox_messages=4)
        receipts = [self.to_ann() for _ in range(3)]
        ann = self.open_session(self.factory, token="ann")
        # These wait behind what the mailbox is emptied of.
        receipts += [self.to_ann() for _ in range(3)]
        while not all(receipt.done for receipt in receipts):
            ann.receive()
            ann.acknowledge()
            self.advance(0)
        outcomes = {ending.outcome for one in receipts for ending in one.endings.values()}
        self.assertEqual({Outcome.DELIVERED}, outcomes)
        self.manager.close_all()
        for client in self.clients:
            client.move()
        self.assertEqual([], self.clock.getDelayedCalls())

    def to_ann(self):
        return self.manager.send_message_to_user_ids(["ann"], Push("x"), receipt=True, ttl=3_600)
