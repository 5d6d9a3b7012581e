"""The client of scripts and notebooks, against a real gateway."""

import contextlib
import queue

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.client import connect

from ..end_to_end.gateways import LISTEN, PATIENCE, ROOT, running

COMMAND = ["aiorest-gw", "serve", "--app", "tests.end_to_end.visiting:make_factory", *LISTEN]


class ScriptTests(SynchronousTestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        gateway = stack.enter_context(running(COMMAND, ROOT))
        self.client = stack.enter_context(connect(gateway.url, "ann", timeout=PATIENCE))
        self.heard = queue.Queue()

    def publish(self, data):
        self.client.publish("hall", "said", data)

    def test_a_callback_that_is_async_is_run(self):
        """It may wait for the client as any other."""

        async def hear(push):
            self.heard.put((push.data, self.client.get("/me")))

        self.client.on("said", hear)
        self.client.subscribe("hall", lambda push: hear(push))
        self.publish(1)
        for _ in range(2):
            self.assertEqual((1, "ann"), self.heard.get(timeout=PATIENCE))

    def test_what_is_off_is_not_called(self):
        self.client.subscribe("hall")
        gone = self.client.on("said", lambda push: self.heard.put("gone"))
        self.client.on("said", lambda push: self.heard.put(push.data))
        self.assertIs(True, self.client.off(gone))
        self.assertIs(False, self.client.off(gone))
        self.publish(1)
        self.publish(2)
        self.assertEqual([1, 2], [self.heard.get(timeout=PATIENCE) for _ in range(2)])

    def test_it_knows_whose_it_is(self):
        self.assertEqual(("ann", "ann"), (self.client.user_id, self.client.username))

    def test_mistakes_are_told_where_they_are_made(self):
        for method, argument in (
            (self.client.on, print), (self.client.handles, print),
            (self.client.on_state, lambda state: None), (self.client.on_lost, lambda: None),
            (self.client.on_resumed, lambda news: None),
        ):  # fmt: skip
            self.assertRaises(TypeError, method, argument)
