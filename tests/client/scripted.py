"""A gateway that says what a test wants it to say, in place of the network, on a clock."""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.client.core.connection import Patience
from aiorest_gw.client.core.gateway import Gateway
from aiorest_gw.client.on_twisted.world import TwistedWorld

LIMITS = {"max_open_requests": 4, "max_outbox_messages": 40, "max_outbox_size": 4_000}


class Peer:
    """One WebSocket, seen from its other end.

    :ivar sent: the client's messages that were not looked at, oldest first.
    :ivar pings: what its pings hold.
    :ivar closed: code and reason, once the client has closed it; ``"aborted"``, once it cut it off.
    """

    def __init__(self, line):
        self._line = line
        self.sent = []
        self.pings = []
        self.closed = None

    def send(self, payload, binary):
        assert self.closed is None
        self.sent.append(json.loads(payload))

    def ping(self, payload):
        self.pings.append(payload)

    def close(self, code, reason):
        self.closed = (code, reason)

    def abort(self):
        self.closed = "aborted"

    def take(self):
        """All that the client sent since the last time."""
        sent, self.sent = self.sent, []
        return sent

    def says(self, *messages):
        """Send messages, or bytes as they are."""
        for message in messages:
            payload = message if isinstance(message, bytes) else json.dumps(message).encode()
            self._line.received(self, payload)

    def pongs(self, payload):
        self._line.alive(self, payload)

    def is_lost(self, code=1006, reason=""):
        self._line.lost(self, code, reason)


class Keeper:
    """Makes a connection when the clock says so, and the network works."""

    def __init__(self, network, line):
        self._network = network
        self._line = line
        self._attempt = None
        self.stopped = False

    def start(self):
        self._wait(0)

    def _wait(self, seconds):
        self._attempt = self._network.clock.callLater(seconds, self._connect)

    def _connect(self):
        self._attempt = None
        self._network.attempts.append(self._network.clock.seconds())
        finding = Deferred.fromCoroutine(self._line.address())
        if self._network.works:
            finding.addCallback(lambda _: self._network.connected(self._line))
        else:
            finding.addCallback(lambda _: self._line.failed(OSError("the network is down")))
            self.again()

    def again(self):
        """Wait, as the line wishes."""
        if not self.stopped:
            self.waits = self._line.delay()
            self._network.waits.append(self.waits)
            self._wait(self.waits)

    def hurry(self):
        if self._attempt is not None:
            self._attempt.reset(0)

    def stop(self):
        self.stopped = True
        if self._attempt is not None and self._attempt.active():
            self._attempt.cancel()
        return succeed(None)


class Network(TwistedWorld):
    """The world of a client whose peers are scripted.

    :ivar works: whether connections can be made.
    :ivar attempts: when connections were tried to be made.
    :ivar waits: seconds that were waited before those.
    :ivar chance: what is random, from 0 up to 1.
    """

    def __init__(self, clock):
        super().__init__(clock, None)
        self.clock = clock
        self.works = True
        self.attempts, self.waits, self.peers = [], [], []
        self.chance = 0.5
        self.warnings = []

    def random(self):
        return self.chance

    def warn(self, format, **fields):
        self.warnings.append(format.format(**fields))

    def keep(self, line):
        self._keeper = Keeper(self, line)
        return self._keeper

    def connected(self, line):
        self.peers.append(Peer(line))
        line.opened(self.peers[-1])

    def loses(self, code=1006, reason=""):
        """The connection is closed, or cut; the client waits, and comes back."""
        # Whoever is told may close it, and open it with another.
        keeper = self._keeper
        self.peers[-1].is_lost(code, reason)
        keeper.again()


class ScriptedCase(SynchronousTestCase):
    """A client of a gateway that the test plays."""

    def setUp(self):
        self.clock = Clock()
        self.network = Network(self.clock)
        self.states = []

    def client(self, token=None, max_queued=1_000, **patience):
        made = Gateway(
            self.network,
            lambda: "ws://gateway.example/",
            token,
            False,
            max_queued,
            Patience(**patience),
        )
        made.on_state(lambda state, reason: self.states.append(state.value))
        return made

    @property
    def peer(self):
        return self.network.peers[-1]

    def opened(self, token=None, **options):
        """A client whose session is open, with no request yet."""
        client = self.client(token, **options)
        client.connect()
        self.welcome()
        return client

    def welcome(self, resumed=False, received=0, reason=None, **limits):
        """Let it connect, and answer its opening message.

        :returns: that message.
        """
        self.clock.advance(0)
        [opening] = self.peer.take()
        data = {
            "session_id": "s", "user_id": 7, "username": "ann", "resume": "secret",
            "resumed": resumed, "limits": LIMITS | limits,
        } | ({"received": received} if resumed else {"reason": reason} if reason else {})  # fmt: skip
        self.seq = self.seq if resumed else 0
        self.peer.says({"id": opening["id"], "status": 200, "data": data})
        return opening

    def come_back(self, code=1006, why="", **answer):
        """Lose the connection, and let the client resume."""
        self.network.loses(code, why)
        self.clock.advance(30)
        return self.welcome(**{"resumed": True} | answer)

    def says(self, *messages):
        """Messages with their numbers."""
        for message in messages:
            self.seq += 1
            self.peer.says({"seq": self.seq} | message)

    def answers(self, id, data=None, **more):
        self.says({"id": id, "status": 200, "data": data} | more)
