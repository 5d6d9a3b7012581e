"""An engine that is somewhere else: each call of it takes effect, and ends, some time later."""

from inspect import isawaitable

from twisted.internet.defer import Deferred

from aiorest_gw.engines.memory import MemoryEngine

_CALLS = (
    "subscribe", "unsubscribe", "publish", "history", "enter", "leave", "members", "forward",
    "take", "release", "close",
)  # fmt: skip


class LateEngine(MemoryEngine):
    """Keeps all in memory, and takes two turns of a clock for each call: one there, and one back."""

    def __init__(self, clock):
        super().__init__(clock.seconds)
        self._clock = clock

    def register(self, member):
        self._clock.callLater(0, super().register, member)

    def unregister(self, session_id):
        self._clock.callLater(0, super().unregister, session_id)

    async def turn(self):
        turn = Deferred()
        self._clock.callLater(0, turn.callback, None)
        await turn


def _late(name):
    async def call(self, *args, **options):
        await self.turn()
        try:
            found = getattr(MemoryEngine, name)(self, *args, **options)
            return await found if isawaitable(found) else found
        finally:
            await self.turn()

    return call


for name in _CALLS:
    setattr(LateEngine, name, _late(name))
