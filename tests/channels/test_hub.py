"""The way of messages to channels, and the channels' lives."""

from twisted.internet.defer import Deferred

from aiorest_gw.channels import FrontEndDispatcher, UnknownCode

from .pages import ChannelTestCase, Page, SlowPage, message


class Watched:
    """A channel that notes when it starts and stops."""

    def __init__(self, name, notes, fails=False):
        self.name, self.notes, self.fails = name, notes, fails

    def submit(self, message):
        """Nothing is sent here."""

    async def __aenter__(self):
        self.notes.append(f"+{self.name}")
        if self.fails:
            raise ZeroDivisionError

    async def __aexit__(self, *_):
        self.notes.append(f"-{self.name}")


class HubTests(ChannelTestCase):
    def hub(self, **dispatchers):
        hub = FrontEndDispatcher()
        for code, dispatcher in dispatchers.items():
            self.run_now(hub.add_dispatcher(code[-1], dispatcher))
        return hub

    def test_messages_go_to_the_channel_of_their_code(self):
        data, signals = self.channel(Page()), self.channel(Page())
        hub = self.run_now(self.hub(c0=data, c1=signals).__aenter__())
        receipt = hub.submit(message("a", "0text"))
        hub.submit(message("b", "1text"))
        self.assertEqual("written", self.outcome(receipt))
        self.assertEqual((["a"], ["b"]), (data.transport.contents, signals.transport.contents))
        self.assertIs(data, hub.get_dispatcher("0"))
        self.assertIs(data, hub.get_dispatcher(0))

    def test_a_page_that_is_not_there_keeps_no_other_waiting(self):
        """G12: the loop that sends waited for the one that was not connected."""
        for page in (None, SlowPage()):
            away, there = self.channel(page), self.channel(Page())
            hub = self.run_now(self.hub(c0=away, c1=there).__aenter__())
            for number in range(3):
                hub.submit(message(number, "0text"))
                hub.submit(message(number, "1text"))
            self.assertEqual([0, 1, 2], there.transport.contents)

    def test_an_unknown_code_is_an_error_and_makes_nothing(self):
        """G8: it made a new channel, whoever named it."""
        hub = self.hub(c0=self.channel())
        error = self.assertRaises(UnknownCode, hub.submit, message("a", "7text"))
        self.assertEqual("no channel has the code '7'; there are: '0'", str(error))
        self.assertRaises(UnknownCode, hub.get_dispatcher, "7")
        self.assertRaises(UnknownCode, FrontEndDispatcher().get_dispatcher, 1)

    def test_hubs_and_channels_show_how_they_are(self):
        channel = self.started(Page())
        hub = self.hub(c0=channel, c1=self.channel())
        self.assertEqual("<FrontEndDispatcher: '0', '1'>", repr(hub))
        told = "<FrontEndWebSocketDispatcher: RUNNING, page connected, 0 waiting>"
        self.assertEqual(told, repr(channel))
        away = self.channel()
        self.submit(away, "ab")
        self.assertEqual("<FrontEndWebSocketDispatcher: NEW, page away, 2 waiting>", repr(away))

    def test_two_hubs_have_nothing_in_common(self):
        """G11: there was one of them, for good."""
        one, two = self.hub(c0=self.channel()), self.hub(c0=self.channel())
        self.assertIsNot(one.get_dispatcher("0"), two.get_dispatcher("0"))

    def test_a_code_is_a_digit_and_has_one_channel(self):
        """G7: another one took its place."""
        hub = self.hub(c0=self.channel())
        for code in ("0", 0, "", "x", "10", 10, None, "\u0660"):
            adding = Deferred.fromCoroutine(hub.add_dispatcher(code, self.channel()))
            self.failureResultOf(adding, ValueError)


class LifeTests(HubTests):
    def test_channels_start_in_order_and_stop_in_reverse(self):
        notes = []
        hub = self.hub(c0=Watched("a", notes), c1=Watched("b", notes))
        self.run_now(hub.__aenter__())
        self.run_now(hub.add_dispatcher("2", Watched("c", notes)))
        self.assertEqual(["+a", "+b", "+c"], notes)
        self.successResultOf(self.leave(hub))
        self.assertEqual(["-c", "-b", "-a"], notes[3:])
        self.successResultOf(self.leave(hub))
        self.run_now(hub.add_dispatcher("3", Watched("d", notes)))
        self.assertEqual(6, len(notes))

    def test_where_one_cannot_start_those_before_it_are_stopped(self):
        notes = []
        hub = self.hub(
            c0=Watched("a", notes), c1=Watched("b", notes, fails=True), c2=Watched("c", notes)
        )
        self.failureResultOf(Deferred.fromCoroutine(hub.__aenter__()), ZeroDivisionError)
        self.assertEqual(["+a", "+b", "-a"], notes)

    def test_one_that_cannot_start_while_it_runs_is_not_added(self):
        notes = []
        hub = self.run_now(self.hub(c0=Watched("a", notes)).__aenter__())
        adding = Deferred.fromCoroutine(hub.add_dispatcher("1", Watched("b", notes, fails=True)))
        self.failureResultOf(adding, ZeroDivisionError)
        self.assertRaises(UnknownCode, hub.get_dispatcher, "1")

    def test_one_that_is_added_while_others_start_is_started_too(self):
        notes, hub = [], FrontEndDispatcher()

        class Adding(Watched):
            async def __aenter__(self):
                await hub.add_dispatcher("1", Watched("b", notes))
                await super().__aenter__()

        self.run_now(hub.add_dispatcher("0", Adding("a", notes)))
        self.run_now(hub.__aenter__())
        self.assertEqual(["+a", "+b"], notes)
        self.failureResultOf(Deferred.fromCoroutine(hub.__aenter__()), RuntimeError)

    def test_it_is_not_started_again_while_it_starts(self):
        notes, going_on = [], Deferred()

        class Slow(Watched):
            async def __aenter__(self):
                await going_on
                await super().__aenter__()

        hub = self.hub(c0=Slow("a", notes))
        first, second = (Deferred.fromCoroutine(hub.__aenter__()) for _ in "12")
        self.failureResultOf(second, RuntimeError)
        going_on.callback(None)
        self.successResultOf(first)
        self.successResultOf(self.leave(hub))
        self.assertEqual(["+a", "-a"], notes)

    def test_full_channels_do_not_keep_it_from_stopping(self):
        """G3: shutting down hung for good."""
        channel = self.channel(None, 2)
        hub = self.run_now(self.hub(c0=channel).__aenter__())
        self.submit(channel, "abcd")
        self.successResultOf(self.leave(hub))
