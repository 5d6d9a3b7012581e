"""Handlers of a browser that the test plays, in place of the network, on a clock."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.client.core.connection import Patience
from aiorest_gw.client.core.handler import Handler

from .scripted import Network

__all__ = ["HandlerCase"]


class HandlerCase(SynchronousTestCase):
    """A handler, and what it says and hears.

    :ivar states: that its connection came into, and why.
    """

    def setUp(self):
        self.clock = Clock()
        self.network = Network(self.clock)
        self.states = []

    def handler(self, dialect="cdp", on_connect=(), max_queued=1_000, **patience):
        patience = Patience(**{"attempts": 4, "first_wait": 1.0} | patience)
        find = "ws://browser.example/"
        made = Handler(self.network, lambda: find, dialect, None, on_connect, max_queued, patience)
        made.on_state(lambda state, reason: self.states.append((state.value, reason)))
        return made

    def opened(self, *args, **options):
        """A handler that is connected, and has said nothing."""
        handler = self.handler(*args, **options)
        handler.connect()
        self.turn()
        self.peer.take()
        return handler

    @property
    def peer(self):
        return self.network.peers[-1]

    def turn(self):
        """Let all happen that is to happen soon."""
        self.clock.advance(0)

    def loses(self, code=1006, reason=""):
        """The connection is cut, and made again after a while."""
        self.network.loses(code, reason)
        self.clock.advance(30)

    def tells(self, *names, session=None, **params):
        """Events come, and are told to whoever hears of them."""
        for name in names:
            event = {"method": name, "params": params}
            self.peer.says(event | ({"sessionId": session} if session else {}))
        self.turn()

    def answers(self, *ids, **result):
        for id in ids:
            self.peer.says({"id": id, "result": result})
        self.turn()

    def hears(self, handler, name, *more, **options):
        """The events of a name, as they come."""
        heard = []
        handler.register_callback(name, heard.append, *more, **options)
        return heard

    def works(self, handler):
        """It asks, and is answered."""
        asked = handler.execute_command({"method": "Page.reload"})
        self.turn()
        self.answers(self.peer.take()[-1]["id"], fine=True)
        self.assertEqual({"fine": True}, self.successResultOf(asked)["result"])
