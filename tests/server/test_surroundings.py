"""What runs by itself, and what shows of it where somebody looks."""

import asyncio

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import Push, SimpleRouter
from aiorest_gw.channels import loop_surroundings, reactor_surroundings
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


class LoopTests(SynchronousTestCase):
    def test_a_coroutine_of_twisted_that_a_task_lets_go_may_wait_again(self):
        """As one that awaits a receipt, which another session ends that is awaited itself."""

        async def main():
            surroundings = loop_surroundings(asyncio.get_running_loop())
            found = []

            async def of_twisted():
                found.append(await first)
                second, let_second_go = surroundings.waiting()
                asyncio.get_running_loop().call_soon(let_second_go, 2)
                found.append(await second)

            def begin():
                return Deferred.fromCoroutine(of_twisted())

            ended = asyncio.get_running_loop().create_future()
            first, let_first_go = await outside_of_tasks(surroundings.waiting)
            begun = await outside_of_tasks(begin)
            begun.addBoth(ended.set_result)
            let_first_go(1)
            self.assertIs(None, await ended)
            self.assertEqual([1, 2], found)

        async def outside_of_tasks(function):
            loop = asyncio.get_running_loop()
            called = loop.create_future()
            loop.call_soon(lambda: called.set_result(function()))
            return await called

        asyncio.run(main())


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
