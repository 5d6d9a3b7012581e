"""When a worker that has ended is started again."""

import signal

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.server.restarts import Restarts, how_ended


class RestartsTests(SynchronousTestCase):
    def test_one_that_lasted_is_started_again_at_once(self):
        restarts = Restarts()
        for now in range(0, 100, 10):
            restarts.serves(now)
            self.assertEqual(0, restarts.pause(now + 5))

    def test_the_pause_grows_where_none_serves(self):
        restarts = Restarts()
        pauses = [restarts.pause(now) for now in range(9)]
        self.assertEqual([0, 1, 2, 4, 8, 16, 30, 30, 30], pauses)
        for now in range(5_000):
            self.assertEqual(30, restarts.pause(now))

    def test_to_serve_for_a_moment_is_not_to_last(self):
        restarts = Restarts()
        pauses = []
        for now in range(3):
            restarts.serves(now)
            pauses.append(restarts.pause(now + 0.5))
        self.assertEqual([0, 1, 2], pauses)
        restarts.serves(10)
        self.assertEqual(0, restarts.pause(11))

    def test_an_end_is_told_by_its_status_or_its_signal(self):
        self.assertEqual("ended with status 0", how_ended(0))
        self.assertEqual("ended with status 7", how_ended(7))
        self.assertEqual("was ended by SIGKILL", how_ended(-signal.SIGKILL))
        self.assertEqual(
            f"was ended by signal {signal.SIGRTMIN + 1}", how_ended(-signal.SIGRTMIN - 1)
        )
