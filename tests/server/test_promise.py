"""The promise of sessions, against whatever a network and a client may do."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import Push, RequestHandlerFactory, SimpleRouter
from aiorest_gw.testing import InlineCalls, SessionClient, connect
from tests.seeds import told_seed

# Steps that are made; PROMISE_STEPS=1000000 takes an hour.
STEPS = int(os.environ.get("PROMISE_STEPS", "10000"))
_PER_EXAMPLE = 50
_TTL = 60


class Promise(RuleBasedStateMachine):
    """One client and one gateway; beside them, what was promised.

    :ivar pushed: numbers that were pushed to the session that the client has now.
    :ivar got: those of them that came.
    :ivar ran: by request, how often it was run.
    :ivar wants: requests that are to be answered, by their ids, with what the answer should be.
    """

    def __init__(self):
        super().__init__()
        self.clock = MemoryReactorClock()
        self.ran = {}
        self.slow = {}
        router = SimpleRouter()
        router.get("/run/{number:int}")(self.run_it)
        router.get("/slow/{number:int}")(self.run_slowly)
        self.factory = RequestHandlerFactory(
            router=router, reactor=self.clock, blocking_calls=InlineCalls(), session_ttl=_TTL,
            ping_interval=0, request_timeout=100_000, drain_window=0, max_outbox_messages=100_000,
            max_open_requests=1_000,
        )  # fmt: skip
        self.number = 0
        self.away_since = None

    def run_it(self, request, number):
        self.ran[number] = self.ran.get(number, 0) + 1
        request.session.push("number", number)
        return number

    def run_slowly(self, request, number):
        self.ran[number] = self.ran.get(number, 0) + 1
        self.slow[number] = Deferred()
        return self.slow[number]

    @initialize(packed=st.booleans())
    def begin(self, packed):
        self.client = SessionClient(lambda **how: connect(self.factory, self.clock, **how), packed)
        self.client.open()
        self.anew()

    def anew(self):
        """The client has a session of which nothing is known yet."""
        self.pushed, self.got, self.wants = [], [], {}
        self.slow.clear()

    @property
    def there(self):
        return self.client.connection.connected

    @property
    def kept(self):
        """Whether the gateway still has the session."""
        return self.there or self.clock.seconds() - self.away_since < _TTL

    def gone(self):
        if self.away_since is None:
            self.away_since = self.clock.seconds()

    # -- the application

    @rule(count=st.integers(1, 5))
    def push(self, count):
        for _ in range(count):
            self.number += 1
            sent = self.factory.manager.send_message(
                self.client.session_id, Push("number", -self.number)
            )
            if sent:
                self.pushed.append(-self.number)

    @precondition(lambda self: self.slow)
    @rule(data=st.data())
    def finish(self, data):
        number = data.draw(st.sampled_from(sorted(self.slow)))
        waiting = self.slow.pop(number)
        if not waiting.called:
            waiting.callback(number)

    # -- the client

    def ask(self, path):
        self.number += 1
        if path == "run":
            self.pushed.append(self.number)
        id = self.client.ask("GET", f"/{path}/{self.number}")
        self.wants[id] = self.number

    @rule(slow=st.booleans())
    def request(self, slow):
        if self.kept:
            self.ask("slow" if slow else "run")

    @precondition(lambda self: self.there and self.client._last_id > 1)
    @rule(back=st.integers(0, 3))
    def say_again(self, back):
        """A client that has forgotten what it sent already."""
        id = max(2, self.client._last_id - back)
        if id <= self.client._last_id and id in self.client._sent or id in self.wants:
            number = self.wants[id]
            self.client._send({"id": id, "method": "GET", "url": f"/run/{number}"})

    @precondition(lambda self: self.there)
    @rule()
    def receive(self):
        self.client.connection.deaf = False
        self.client.receive()

    @precondition(lambda self: self.there)
    @rule()
    def hear_nothing(self):
        self.client.connection.deaf = True

    @precondition(lambda self: self.there)
    @rule()
    def acknowledge(self):
        self.client.receive()
        self.client.acknowledge()

    # -- the network

    @precondition(lambda self: self.there)
    @rule(there=st.integers(0, 400), back=st.integers(0, 400), slow=st.booleans())
    def cut_at_any_byte(self, there, back, slow):
        """Of what is on its way, so many bytes arrive on either side."""
        connection = self.client.connection
        connection.deaf = True
        ours, theirs = connection._ours, connection._theirs
        move, connection.move = connection.move, lambda: None
        self.ask("slow" if slow else "run")
        sent = bytes(ours.written)
        ours.written.clear()
        connection.move = move
        if sent[:there]:
            theirs.protocol.dataReceived(sent[:there])
        come = bytes(theirs.written)
        theirs.written.clear()
        if come[:back]:
            ours.protocol.dataReceived(come[:back])
        # The client has what it has read before it knows of the end.
        connection.deaf = True
        connection.settle = lambda: None
        self.client.receive()
        self.client.cut()
        self.gone()

    @rule(seconds=st.sampled_from([0.1, 1, 20, 45]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @rule()
    def come_back(self):
        """Also while the connection is there: it takes its own session over."""
        kept = self.kept
        before = self.client.connection
        self.client.resume()
        assert self.client.opened["resumed"] == kept, (self.client.opened, kept)
        if before.connected and before is not self.client.connection:
            before.deaf = False
            before.move()
            assert before.close_code == 4503, before.close_code
        self.away_since = None
        if not kept:
            self.anew()
            self.client.pushes.clear()
            self.client.answers.clear()

    @rule()
    def drain(self):
        """The process goes, and another one takes its place, which knows nothing of the session."""
        connection = self.client.connection
        was_there = self.there
        connection.deaf = False
        for waiting in self.slow.values():
            if not waiting.called:
                waiting.callback(0)
        self.factory.drain()
        connection.move()
        if was_there:
            assert connection.close_code == 4001, connection.close_code
        self.factory = RequestHandlerFactory(
            router=self.factory.router, reactor=self.clock, session_ttl=_TTL, ping_interval=0,
            blocking_calls=InlineCalls(), request_timeout=100_000, drain_window=0,
            max_outbox_messages=100_000, max_open_requests=1_000,
        )  # fmt: skip
        self.client.resume()
        assert not self.client.opened["resumed"]
        self.away_since = None
        self.anew()
        self.client.pushes.clear()
        self.client.answers.clear()

    # -- the promise

    def look(self):
        while self.client.pushes:
            self.got.append(self.client.pushes.popleft().data)

    @invariant()
    def every_request_runs_once(self):
        assert all(times == 1 for times in self.ran.values()), self.ran

    @invariant()
    def pushes_come_once(self):
        if hasattr(self, "client"):
            self.look()
            assert len(set(self.got)) == len(self.got), self.got

    def teardown(self):
        """In the end, all has arrived."""
        if not hasattr(self, "client"):
            return
        if not self.kept:
            return
        self.client.resume()
        assert self.client.opened["resumed"]
        for number in list(self.slow):
            self.finish_now(number)
        self.client.receive()
        self.look()
        pushed = [number for number in self.got if number < 0]
        assert pushed == [number for number in self.pushed if number < 0], (pushed, self.pushed)
        assert sorted(self.got) == sorted(self.pushed), (self.got, self.pushed)
        for id, number in self.wants.items():
            [answer] = self.client.answers[id]
            assert (answer.status, answer.data) == (200, number), (id, number, answer)

    def finish_now(self, number):
        waiting = self.slow.pop(number)
        if not waiting.called:
            waiting.callback(number)


class PromiseTests(SynchronousTestCase):
    def test_the_promise_holds(self):
        """``PROMISE_SEED`` repeats it."""
        every = settings(
            max_examples=max(1, STEPS // _PER_EXAMPLE), stateful_step_count=_PER_EXAMPLE,
            deadline=None, database=None, suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        with told_seed("PROMISE_SEED") as seed:
            run_state_machine_as_test(seeded(seed)(Promise), settings=every)
