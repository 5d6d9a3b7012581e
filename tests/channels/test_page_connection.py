"""One connection of a page, from its first message to its end: in memory, on a clock."""

from twisted.internet.defer import Deferred

from aiorest_gw import Session
from aiorest_gw.channels import FrontEndDispatcher, PageConnection, handle_client
from aiorest_gw.errors import BadMessage, CloseCode

from .pages import ChannelTestCase, Lost, Page, Tab, message

FIRST = message(None, "0han verification").dump()


class Elsewhere:
    """A channel of an application's own, that sends to no page."""

    def submit(self, message):
        """Nothing is done with it."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *args):
        """Nothing to stop."""


class PageConnectionTestCase(ChannelTestCase):
    def setUp(self):
        super().setUp()
        self.hub = FrontEndDispatcher()
        self.messages = self.registry()
        self.data, self.signals = self.channel(), self.channel()
        for code, channel in (("0", self.data), ("1", self.signals), ("2", Elsewhere())):
            self.run_now(self.hub.add_dispatcher(code, channel))
        self.run_now(self.hub.__aenter__())
        self.handled = []
        self.messages.register_handler("0", lambda message: self.handled.append(message.content))

    def open(self, tab=None, first=None, **options):
        """A page's connection, and what the page gets over it."""
        tab = Tab() if tab is None else tab
        page = PageConnection(tab, self.hub, self.messages, **options)
        page.begin()
        if first is not None:
            page.receive(first)
        return page, tab

    def headers(self, tab):
        return [message.header for message in tab.messages]


class FirstMessageTests(PageConnectionTestCase):
    def test_its_code_tells_the_channel(self):
        _, tab = self.open(first=message(None, "1signals").dump())
        self.hub.submit(message("to signals", "1text"))
        self.hub.submit(message("to data", "0text"))
        self.assertEqual(["to signals"], tab.contents)
        self.assertIs(tab, self.signals.transport)

    def test_what_waited_goes_out_then(self):
        self.submit(self.data, "ab")
        _, tab = self.open(first=FIRST)
        self.assertEqual([*"ab"], tab.contents)

    def test_it_is_no_message_for_a_handler(self):
        self.open(first=FIRST)
        self.assertEqual([], self.handled)

    def test_a_page_that_says_nothing_is_closed_after_six_seconds(self):
        _, tab = self.open()
        self.clock.advance(5.9)
        self.assertIsNone(tab.closed_with)
        self.clock.advance(0.2)
        code, reason = tab.closed_with
        self.assertEqual(CloseCode.UNANSWERABLE, code)
        self.assertEqual("the first message did not come within 6 seconds", reason)

    def test_one_that_is_late_makes_nobody_connected(self):
        page, _ = self.open(first_message_timeout=1)
        self.clock.advance(1.1)
        page.receive(FIRST)
        self.assertIsNone(self.data.transport)

    def test_one_that_spoke_in_time_stays(self):
        _, tab = self.open(first=FIRST)
        self.clock.advance(60)
        self.assertIsNone(tab.closed_with)

    def test_one_that_cannot_be_read_is_answered_and_may_be_said_again(self):
        page, tab = self.open(first="{")
        page.receive('{"header": "0hello"}')
        self.assertEqual(["1error", "1error"], self.headers(tab))
        self.assertIn("not valid JSON", tab.contents[0]["detail"])
        self.assertIn("`content`, `peerId`, `msgId`", tab.contents[1]["detail"])
        self.assertIsNone(tab.closed_with)
        page.receive(FIRST)
        self.assertIs(tab, self.data.transport)

    def test_whoever_says_nothing_that_can_be_read_has_no_longer(self):
        page, tab = self.open()
        for _ in range(5):
            self.clock.advance(1)
            page.receive("{")
        self.clock.advance(1.1)
        self.assertEqual(CloseCode.UNANSWERABLE, tab.closed_with[0])

    def test_an_unknown_code_is_refused_and_makes_no_channel(self):
        """G8: any page could make channels."""
        page, tab = self.open(first=message(None, "7hello", msg_id="m").dump())
        [told] = tab.messages
        self.assertEqual(("7error", "m"), (told.header, told.msg_id))
        self.assertEqual("There is no channel with the code '7'.", told.content["detail"])
        self.assertEqual((CloseCode.UNANSWERABLE, "there is no such channel"), tab.closed_with)
        with self.assertRaises(LookupError):
            self.hub.get_dispatcher("7")
        page.receive(FIRST)
        self.assertIsNone(self.data.transport)

    def test_a_channel_that_is_for_no_page_is_no_pages(self):
        _, tab = self.open(first=message(None, "2hello").dump())
        self.assertEqual("there is no such channel", tab.closed_with[1])


class TakingOverTests(PageConnectionTestCase):
    """G7: a second tab stole the channel in silence."""

    def test_the_second_tab_has_the_channel_and_the_first_one_is_told(self):
        _, first = self.open(first=FIRST)
        _, second = self.open(first=FIRST)
        self.hub.submit(message("news"))
        self.assertEqual(["news"], second.contents)
        [told] = first.messages
        self.assertEqual("0error", told.header)
        self.assertEqual("Another page has taken the channel over.", told.content["detail"])
        self.assertEqual((CloseCode.TAKEN_OVER, "taken over by another page"), first.closed_with)

    def test_what_the_first_one_still_says_goes_nowhere(self):
        old, _ = self.open(first=FIRST)
        new, _ = self.open(first=FIRST)
        self.assertIsNone(old.receive(message("old").dump()))
        new.receive(message("new").dump())
        self.assertEqual(["new"], self.handled)

    def test_the_end_of_the_first_one_is_none_of_the_second_ones(self):
        old, _ = self.open(first=FIRST)
        _, second = self.open(first=FIRST)
        old.lost()
        self.assertIs(second, self.data.transport)

    def test_the_other_channels_keep_their_pages(self):
        _, signals = self.open(first=message(None, "1hello").dump())
        self.open(first=FIRST)
        self.assertIs(signals, self.signals.transport)

    def test_one_that_cannot_be_told_is_taken_over_all_the_same(self):
        _, first = self.open(first=FIRST)
        first.fails = True
        _, second = self.open(first=FIRST)
        self.assertIs(second, self.data.transport)
        self.assertEqual(CloseCode.TAKEN_OVER, first.closed_with[0])
        self.assertIn("a page could not be told what is wrong: Lost", self.warnings)

    def test_one_that_breaks_while_it_is_closed_is_no_error(self):
        class Broken(Tab):
            async def close(self, code, reason):
                raise Lost

        self.open(Broken(), first=FIRST)
        _, second = self.open(first=FIRST)
        self.assertIs(second, self.data.transport)
        self.assertIn("a page could not be told what is wrong: Lost", self.warnings)

    def test_one_that_cannot_be_closed_is_left_alone(self):
        self.data.update_transport(first := Page())
        _, second = self.open(first=FIRST)
        self.assertEqual(["0error"], self.headers(first))
        self.assertIs(second, self.data.transport)


class LaterMessageTests(PageConnectionTestCase):
    def test_they_go_to_the_handler_of_their_code_whatever_the_channel(self):
        page, _ = self.open(first=message(None, "1hello").dump())
        self.assertTrue(page.receive(message("a").dump()).done)
        self.assertEqual(["a"], self.handled)

    def test_a_reply_goes_to_whoever_waits_for_it(self):
        page, _ = self.open(first=FIRST)
        reply = self.messages.expect_reply("q", 5)
        page.receive(message("yes", msg_id="q").dump())
        self.assertEqual("yes", reply.result.content)
        self.assertEqual([], self.handled)

    def test_bad_ones_are_answered_and_harm_nothing(self):
        """G9: bad JSON closed the connection."""
        page, tab = self.open(first=FIRST)
        for bad in ("", "[]", b"\xff", '{"header": 1}', message(None, "5nobody").dump()):
            page.receive(bad)
        page.refuse(BadMessage("The message has too many values."))
        self.assertEqual([*["1error"] * 4, "5error", "1error"], self.headers(tab))
        page.receive(message("good").dump())
        self.assertEqual(["good"], self.handled)
        self.assertIsNone(tab.closed_with)

    def test_when_it_is_lost_the_page_is_away(self):
        page, tab = self.open(first=FIRST)
        page.lost()
        self.assertIsNone(self.data.transport)
        page.receive(message("late").dump())
        page.refuse(BadMessage())
        self.assertEqual(([], []), (self.handled, tab.messages))

    def test_one_that_is_lost_before_it_spoke_leaves_no_timer(self):
        page, _ = self.open()
        page.lost()
        self.assertEqual([], self.clock.getDelayedCalls())


class CheckTests(PageConnectionTestCase):
    def test_what_cannot_be_is_refused_at_once(self):
        for hub, messages in ((None, self.messages), (self.hub, None), (self.messages, self.hub)):
            with self.assertRaises(TypeError):
                PageConnection(Tab(), hub, messages)
        with self.assertRaises(TypeError):
            self.open(Page())
        with self.assertRaises(ValueError):
            self.open(first_message_timeout=0)


class Socket(Tab):
    """A connection whose messages are read with ``async for``, until it is closed or breaks."""

    def __init__(self):
        super().__init__()
        self._waiting = Deferred()

    def __aiter__(self):
        return self

    async def __anext__(self):
        said = await self._waiting
        if said is None:
            raise StopAsyncIteration
        return said

    def say(self, text):
        waiting, self._waiting = self._waiting, Deferred()
        waiting.callback(text)

    def close(self, code, reason):
        super().close(code, reason)
        self.say(None)

    def cut(self):
        self._waiting.errback(Lost())


class HandleClientTests(PageConnectionTestCase):
    def handle(self):
        socket = Socket()
        return socket, Deferred.fromCoroutine(handle_client(socket, self.hub, self.messages))

    def test_it_serves_a_page_until_that_is_closed(self):
        socket, handling = self.handle()
        socket.say(FIRST)
        self.hub.submit(message("a"))
        socket.say(message("b").dump())
        self.assertEqual((["a"], ["b"]), (socket.contents, self.handled))
        self.assertNoResult(handling)
        socket.say(None)
        self.successResultOf(handling)
        self.assertFalse(self.data.connected)

    def test_a_connection_that_breaks_is_no_error_of_the_application(self):
        socket, handling = self.handle()
        socket.say(FIRST)
        socket.cut()
        self.successResultOf(handling)
        self.assertFalse(self.data.connected)
        self.assertIn("the connection of a page broke: Lost", self.warnings)

    def test_a_silent_page_is_closed(self):
        socket, handling = self.handle()
        self.clock.advance(6.1)
        self.successResultOf(handling)
        self.assertEqual(CloseCode.UNANSWERABLE, socket.closed_with[0])

    def test_what_is_no_websocket_is_told_so(self):
        for wrong in (Session("s"), Tab(), None):
            handling = Deferred.fromCoroutine(handle_client(wrong, self.hub, self.messages))
            self.failureResultOf(handling, TypeError)
