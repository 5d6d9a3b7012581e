"""All clients pass one list of scenarios: nothing is lost, nothing doubled, nothing out of order.

``MESSAGES=100000`` sends so many to each client in each of them; ``SEED`` repeats what chance did.
"""

import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import attrs
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from aiorest_gw.engines.memory import MemoryEngine
from tests.browser.scripts import has_websockets
from tests.seeds import told_seed

from .clients.processes import JAVASCRIPT, PYTHON, client_seconds, run_client
from .clients.workload import Workload
from .gateways import LISTEN, ROOT, STARTERS, ask, running
from .networks import SCENARIOS
from .numbering import NumberingFactory, Tally

MESSAGES = int(os.environ.get("MESSAGES", "3500"))
COMMAND = [*STARTERS["serve"], "--app", "tests.end_to_end.numbering:make_factory", *LISTEN]
# A handler answers no requests of the gateway.
ASK_ONLY = ("handler",)
# Seconds for which a network holds everything; longer than that is needed.
_WHILE = 60
# Nothing that a gateway does later, so that nothing is left of it behind a test.
_BRIEF = {"presence_grace": 0.0, "drain_window": 0.2}


class ClientTests(SynchronousTestCase):
    clients = PYTHON

    def check(self, name):
        """All clients at once, against one gateway."""
        scenario = SCENARIOS[name]
        with (
            told_seed("SEED") as seed,
            running(COMMAND, ROOT, measured=False) as gateway,
            ThreadPoolExecutor(len(self.clients)) as threads,
        ):
            begun = {
                client: threads.submit(
                    run_client, command, gateway.port, client, MESSAGES, f"{seed} {name}",
                    scenario.act, scenario.silence,
                )
                for client, command in self.clients.items()
            }  # fmt: skip
            for client, seen in begun.items():
                self.check_seen(gateway, client, seen.result(), scenario)

    def check_seen(self, gateway, client, seen, scenario):
        opened, resumed = seen.pop("opened"), seen.pop("resumed")
        self.assertEqual("", seen.pop("failure"), f"{client}: {seen}")
        workload = attrs.evolve(Workload.of(MESSAGES), answers=client not in ASK_ONLY)
        self.assertEqual(workload.expected(), seen, client)
        with gateway.connect() as other:
            tally = ask(other, "GET", f"/tally/{client}")["data"]
        openings = tally.pop("openings")
        ran = {"ran": workload.requests, "ran at most": 1}
        self.assertEqual(ran | {"asked": workload.asked, "failures": []}, tally, client)
        # It is told of each time when it was back; the gateway saw those too that it did not hear of.
        self.assertEqual(opened - 1, resumed, client)
        self.assertGreaterEqual(openings, opened, client)
        if scenario.loses:
            self.assertGreater(resumed, 0, client)
        else:
            self.assertEqual(1, openings, client)

    def test_a_good_network(self):
        self.check("a good network")

    def test_delays_with_jitter(self):
        self.check("delays with jitter")

    def test_slow_reading(self):
        self.check("slow reading")

    def test_cuts_at_any_byte(self):
        self.check("cuts at any byte")

    def test_half_open_connections(self):
        """The client finds out by itself that nothing comes any more."""
        self.check("half-open connections")

    def test_duplicate_connections(self):
        """The gateway has the old connection still when the client comes back."""
        self.check("duplicate connections")


class JavaScriptClientTests(ClientTests):
    clients = JAVASCRIPT
    if not has_websockets():
        skip = "no node with WebSocket here"


class MovingTests(TestCase):
    """A gateway is drained, and its clients come back at another that does not know their sessions."""

    timeout = 2 * client_seconds(MESSAGES)
    clients = {name: PYTHON[name] for name in ("twisted", "asyncio")}

    def setUp(self):
        self.addCleanup(self.until_its_timers_are_over)
        engine, self.tallies = MemoryEngine(), defaultdict(Tally)
        self.first, self.second = (
            NumberingFactory(self.tallies, engine=one, **_BRIEF)
            for one in (engine, engine.sibling())
        )
        self.ports = [self.listen(one) for one in (self.first, self.second)]

    async def until_its_timers_are_over(self):
        """Those of the gateways, which run in this process, for connections that have ended."""
        for _ in range(200):
            if reactor.getDelayedCalls():
                await deferLater(reactor, 0.02)

    def listen(self, factory):
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(factory.drain)
        self.addCleanup(port.stopListening)
        return port.getHost().port

    async def test_a_lost_session_is_told_and_no_publication_is_missed(self):
        together = Barrier(len(self.clients), timeout=client_seconds(MESSAGES))

        def move(network):
            network.until_passed(MESSAGES * 5)
            network.proxy.to = ("127.0.0.1", self.ports[1])
            # None is done before the others are as far.
            network.proxy.delay(_WHILE)
            together.wait()
            reactor.callFromThread(self.first.drain)
            network.proxy.heal()

        with told_seed("SEED") as seed:
            all_seen = await gatherResults(
                deferToThread(
                    run_client, command, self.ports[0], client, MESSAGES, f"{seed}", move, moves=True
                )
                for client, command in self.clients.items()
            )  # fmt: skip
            for client, seen in zip(self.clients, all_seen, strict=True):
                self.check_seen(client, seen)

    def check_seen(self, client, seen):
        self.assertEqual(("", []), (seen["failure"], seen["wrong"]), client)
        self.assertEqual(["session"], [lost.partition(":")[0] for lost in seen["lost"]], client)
        self.assertEqual((2, 0), (seen["opened"], seen["resumed"]), client)
        ran = self.tallies[client].ran
        # Whoever was not answered was told so, and those requests ran once, or not at all.
        self.assertEqual(Workload.of(MESSAGES).requests, seen["answers"] + seen["unknown"], client)
        self.assertEqual({1}, {*ran.values()}, client)
        self.assertGreaterEqual(len(ran), seen["answers"], client)
        self.assertEqual(2 * len(ran), seen["publications"], client)


class JavaScriptMovingTests(MovingTests):
    clients = JAVASCRIPT
    if not has_websockets():
        skip = "no node with WebSocket here"
