"""When the collector looks at everything."""

import gc

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.server.collector import spare


class CollectorTests(SynchronousTestCase):
    def test_connections_bring_no_full_collection_nearer(self):
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        self.addCleanup(gc.unfreeze)
        young, middle, _ = gc.get_threshold()
        clock, connections = Clock(), []
        spare(clock, lambda: len(connections))
        self.assertGreater(gc.get_freeze_count(), 0)
        self.assertEqual((young, middle, 50), gc.get_threshold())
        for count, rarely in ((10_000, 90), (0, 50)):
            connections[:] = range(count)
            clock.advance(1)
            self.assertEqual((young, middle, rarely), gc.get_threshold())
