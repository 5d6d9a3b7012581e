"""Pages for the tests of channels: connections in memory, and messages."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.channels import (
    FrontEndWebSocketDispatcher,
    MessageFromFrontEndDispatcher,
    PageMessage,
    reactor_surroundings,
)


class Lost(Exception):
    """What a connection raises that is lost; of no kind that anybody could know."""


class Page:
    """A connection of a page, that takes messages at once."""

    def __init__(self):
        self.messages = []
        self.fails = False

    def send(self, text):
        if self.fails:
            raise Lost
        self.messages.append(PageMessage.parse(text))

    @property
    def contents(self):
        return [message.content for message in self.messages]


class Tab(Page):
    """One that can be closed."""

    closed = False

    def __init__(self):
        super().__init__()
        self.closed_with = None

    def close(self, code, reason):
        self.closed = True
        self.closed_with = code, reason


class SlowPage(Page):
    """One that takes a message when the test says so."""

    def __init__(self):
        super().__init__()
        self.sending = []
        self.cancelled = 0

    async def send(self, text):
        sent = Deferred(self._cancel)
        self.sending.append(sent)
        await sent
        super().send(text)

    def _cancel(self, sent):
        self.sending.remove(sent)
        self.cancelled += 1

    def take(self):
        self.sending.pop(0).callback(None)

    def fail(self):
        self.sending.pop(0).errback(Lost())


def message(content, header="0text", **keys):
    return PageMessage(header, content, **keys)


class ChannelTestCase(SynchronousTestCase):
    """Channels on a clock, and what they warn of."""

    def setUp(self):
        self.clock = Clock()
        self.surroundings = reactor_surroundings(self.clock)
        self.warnings = []
        self.surroundings.warn = lambda format, **fields: self.warnings.append(
            format.format(**fields)
        )

    def run_now(self, coroutine):
        """The result of what does not have to wait."""
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def channel(self, transport=None, *args, **options):
        """A channel that is not started."""
        return FrontEndWebSocketDispatcher(
            transport, *args, surroundings=self.surroundings, **options
        )

    def started(self, *args, **options):
        return self.run_now(self.channel(*args, **options).__aenter__())

    def leave(self, channel):
        """Begin to stop a channel, or a hub."""
        return Deferred.fromCoroutine(channel.__aexit__(None, None, None))

    def registry(self, **options):
        return MessageFromFrontEndDispatcher(self.surroundings, **options)

    def submit(self, channel, contents, **options):
        return [channel.submit(message(content), **options) for content in contents]

    def outcome(self, receipt):
        """How a message ended, by its name, if that is known."""
        return receipt.result.outcome.value if receipt.done else None
