"""A client that is cut off again and again loses nothing, gets nothing twice, and nothing out of order."""

import asyncio
import os

from twisted.trial.unittest import SynchronousTestCase

from tests.seeds import told_seed

from .cutting import run_cut
from .gateways import LISTEN, ROOT, STARTERS, ask, running

APP = ["--app", "tests.end_to_end.delivering:make_factory"]
# Cuts; CUTS=1000 takes a minute, with 100,000 pushes and 20,000 requests.
CUTS = int(os.environ.get("CUTS", "60"))


class CutTests(SynchronousTestCase):
    def test_all_arrives_once_and_in_order_and_every_request_runs_once(self):
        command = [*STARTERS["serve"], *APP, *LISTEN]
        with told_seed("SEED") as seed, running(command, ROOT, measured=False) as gateway:
            client = asyncio.run(
                run_cut(gateway.port, CUTS, 100 * CUTS, 20 * CUTS, CUTS * 0.06, seed)
            )
            self.assertEqual("", client.failure)
            numbers = [push["data"] for push in client.pushes]
            self.assertEqual(list(range(100 * CUTS)), numbers)
            self.assertEqual({200}, {answer["status"] for answer in client.answers.values()})
            self.assertEqual(CUTS + 1, client.connections)
            with gateway.connect() as other:
                self.assertEqual([20 * CUTS, 1], ask(other, "GET", "/ran")["data"])
