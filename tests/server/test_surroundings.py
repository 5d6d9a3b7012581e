"""What runs by itself, and what shows of it where somebody looks."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import Push, SimpleRouter
from aiorest_gw.channels import reactor_surroundings
from aiorest_gw.errors import ServiceUnavailable
from aiorest_gw.testing import GatewayTestCase


class BegunTests(SynchronousTestCase):
    def begin(self, waiting):
        async def publish():
            return await waiting

        return reactor_surroundings(Clock()).begin(publish())

    def test_it_shows_what_it_is_and_how_far(self):
        waiting = Deferred()
        begun = self.begin(waiting)
        self.assertEqual("<publish: runs, and may be awaited>", repr(begun))
        waiting.callback(5)
        self.assertEqual("<publish: 5>", repr(begun))

    def test_one_that_failed_shows_how(self):
        waiting = Deferred()
        begun = self.begin(waiting)
        waiting.errback(ServiceUnavailable("no room"))
        self.assertEqual("<publish: failed, ServiceUnavailable('no room')>", repr(begun))
        self.assertEqual(1, len(self.flushLoggedErrors(ServiceUnavailable)))

    def test_a_large_result_shows_its_beginning(self):
        waiting = Deferred()
        begun = self.begin(waiting)
        waiting.callback("x" * 10_000)
        self.assertLess(len(repr(begun)), 200)


class SentTests(GatewayTestCase):
    def test_what_is_returned_by_what_sends_shows_what_became_of_it(self):
        factory = self.serve(SimpleRouter())
        there, away = self.connect(factory), self.open_session(factory)
        away.cut()
        manager = factory.manager
        self.assertRegex(repr(manager.publish("a", "x")), r"<publish: Position\(.*offset=1\)>")
        self.assertEqual("2", repr(manager.send_message_to_all(Push("x"))))
        receipt = manager.send_message_to_all(Push("x"), receipt=True)
        self.assertEqual("<Receipt: 1 of 2 ended>", repr(receipt))
        receipt = manager.send_message(there.server.session.session_id, Push("x"), receipt=True)
        self.assertEqual("<Receipt: 1 of 1 ended>", repr(receipt))
