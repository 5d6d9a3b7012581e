"""One channel to a page: order over reconnects, bounds, what is told, and that it always stops."""

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosedOK

from aiorest_gw import Policy
from aiorest_gw.channels import FrontEndWebSocketDispatcher, reactor_surroundings
from aiorest_gw.errors import SerializerError

from .pages import ChannelTestCase, Page, SlowPage, message


class OrderTests(ChannelTestCase):
    def test_what_waited_goes_out_before_anything_newer(self):
        """G1: new messages overtook the backlog on reconnect."""
        channel, page = self.started(), SlowPage()
        self.submit(channel, "abc")
        channel.update_transport(page)
        self.submit(channel, "d")
        for _ in range(4):
            page.take()
        self.assertEqual([*"abcd"], page.contents)

    def test_a_message_that_is_sent_while_another_goes_out_comes_behind_it(self):
        """G1: also where the connection itself leads to a new message."""
        channel, page = self.started(), Page()
        first = page.send

        def send(text):
            if not page.messages:
                channel.submit(message("new"))
            first(text)

        page.send = send
        self.submit(channel, "abc")
        channel.update_transport(page)
        self.assertEqual(["a", "b", "c", "new"], page.contents)

    def test_a_message_whose_sending_failed_stays_the_first(self):
        """G2: it was put behind all others."""
        for first, fail in ((Page(), None), (SlowPage(), SlowPage.fail)):
            channel, second = self.started(), Page()
            self.submit(channel, "abc")
            first.fails = True
            channel.update_transport(first)
            if fail:
                fail(first)
            self.assertFalse(channel.connected)
            self.submit(channel, "d")
            channel.update_transport(second)
            self.assertEqual([*"abcd"], second.contents)

    def test_what_is_on_its_way_when_the_page_reconnects_is_sent_again_and_first(self):
        """G2: nothing waits for the connection of before either."""
        channel, old, new = self.started(), SlowPage(), Page()
        channel.update_transport(old)
        receipts = self.submit(channel, "ab")
        channel.update_transport(new)
        self.assertEqual((1, ["a", "b"]), (old.cancelled, new.contents))
        self.assertEqual(["written", "written"], [self.outcome(r) for r in receipts])

    def test_no_connection_is_missed_whenever_it_comes(self):
        """G4: what waited stayed, where the page was there before the sending task had begun to wait."""
        for when in ("made", "before", "after"):
            page = Page()
            channel = self.channel(page if when == "made" else None)
            self.submit(channel, "a")
            if when == "before":
                channel.update_transport(page)
            self.assertEqual([], page.contents)
            self.run_now(channel.__aenter__())
            if when == "after":
                channel.update_transport(page)
            self.assertEqual(["a"], page.contents, when)

    def test_another_page_does_not_take_a_channel_in_silence(self):
        """G7: a second tab took it, and nobody was told."""
        first, second = Page(), Page()
        channel = self.started(first)
        replaced = self.run_now(_awaited(channel.update_transport(second)))
        self.assertIs(first, replaced)
        self.assertIn("took over", self.warnings[0])
        self.submit(channel, "a")
        self.assertEqual(([], ["a"]), (first.contents, second.contents))
        self.assertIsNone(channel.update_transport(second).result)

    def test_with_nothing_configured_messages_wait_and_lost_connections_are_seen(self):
        """G14: by default the buffer raised, and the errors of `websockets` were not those looked for."""
        page = Page()

        def send(text):
            raise ConnectionClosedOK(None, None)

        page.send = send
        channel = self.started(page)
        [receipt] = self.submit(channel, "a")
        self.assertEqual(
            (1, None, False), (channel.waiting, self.outcome(receipt), channel.connected)
        )
        self.assertEqual(
            ["the connection of a page was given up: ConnectionClosedOK"], self.warnings
        )


class HealthTests(ChannelTestCase):
    def test_a_connection_that_tells_it_is_closed_is_let_go(self):
        page = Page()
        channel = self.started(page)
        page.closed = True
        self.assertFalse(channel.connected)
        self.submit(channel, "a")
        self.assertEqual(([], None), (page.contents, channel.transport))
        channel.update_transport(other := Page())
        self.assertEqual(["a"], other.contents)

    def test_a_connection_that_takes_no_message_is_let_go(self):
        page = SlowPage()
        channel = self.started(page, send_timeout=20)
        self.submit(channel, "ab")
        self.clock.advance(19)
        self.assertTrue(channel.connected)
        self.clock.advance(2)
        self.assertEqual((False, 1), (channel.connected, page.cancelled))
        self.assertIn("SendTimeout", self.warnings[0])
        channel.update_transport(other := Page())
        self.assertEqual([*"ab"], other.contents)

    def test_the_end_of_a_connection_of_before_is_nobodys_business(self):
        old, new = Page(), Page()
        channel = self.started(old)
        channel.update_transport(new)
        channel.lost(old)
        self.assertTrue(channel.connected)
        channel.lost(new)
        self.assertFalse(channel.connected)
        channel.lost(None)

    def test_none_means_that_the_page_is_not_there(self):
        channel = self.started(page := Page())
        self.assertIs(page, channel.update_transport(None).result)
        [receipt] = self.submit(channel, "a")
        self.assertEqual(([], None), (page.contents, self.outcome(receipt)))

    def test_the_same_connection_again_changes_nothing(self):
        channel = self.started(page := SlowPage())
        self.submit(channel, "a")
        channel.update_transport(page)
        page.take()
        self.assertEqual((["a"], 0), (page.contents, page.cancelled))

    def test_a_connection_may_be_replaced_while_it_sends(self):
        channel, other = self.started(), Page()

        class Replacing(SlowPage):
            def send(self, text):
                channel.update_transport(other)
                return super().send(text)

        self.submit(channel, "ab")
        channel.update_transport(page := Replacing())
        self.assertEqual(([*"ab"], 1), (other.contents, page.cancelled))

    def test_what_cannot_be_sent_over_is_no_transport(self):
        channel = self.started()
        self.assertRaises(TypeError, channel.update_transport, "page")
        self.assertRaises(TypeError, self.channel, object())


class BufferTests(ChannelTestCase):
    def test_a_full_buffer_drops_the_oldest(self):
        channel = self.started(None, 5)
        receipts = self.submit(channel, "abcdefgh")
        channel.update_transport(page := Page())
        self.assertEqual([*"defgh"], page.contents)
        self.assertEqual(["dropped"] * 3 + ["written"] * 5, [self.outcome(r) for r in receipts])
        self.assertEqual(3, channel.dropped)

    def test_a_thousand_messages_wait_and_a_mebibyte(self):
        channel = self.started()
        self.submit(channel, range(1_001))
        self.assertEqual((1_000, 1), (channel.waiting, channel.dropped))
        large = self.started()
        self.submit(large, ["x" * 524_000] * 3)
        self.assertEqual((2, 1), (large.waiting, large.dropped))

    def test_all_that_waited_goes_out_at_once(self):
        channel = self.started()
        self.submit(channel, range(1_000))
        channel.update_transport(page := Page())
        self.assertEqual([*range(1_000)], page.contents)

    def test_each_that_was_dropped_is_counted_once_a_second(self):
        """G11: whole messages were logged, with a traceback of nothing."""
        channel = self.started(None, 2)
        self.submit(channel, "abcde")
        self.assertEqual([], self.warnings)
        self.clock.advance(1.2)
        self.submit(channel, "fg")
        self.clock.advance(1.2)
        self.assertEqual(
            [f"{n} messages to a page were dropped: too much waited for it" for n in (3, 2)],
            self.warnings,
        )

    def test_what_was_dropped_before_the_start_is_counted_too(self):
        channel = self.channel(None, 2)
        self.submit(channel, "abcde")
        self.assertEqual([], self.clock.getDelayedCalls())
        self.run_now(channel.__aenter__())
        self.clock.advance(1.2)
        self.assertIn("3 messages", self.warnings[0])

    def test_what_is_being_sent_is_not_dropped(self):
        channel = self.started(page := SlowPage(), 2)
        self.submit(channel, "abc")
        page.take(), page.take()
        self.assertEqual(["a", "c"], page.contents)

    def test_the_page_may_be_told_how_many_it_missed(self):
        channel = self.started(None, 2, dropped=lambda count: message(count, "0dropped"))
        self.submit(channel, "abcd")
        channel.update_transport(page := Page())
        self.assertEqual([2, "c", "d"], page.contents)

    def test_who_fails_to_tell_it_stops_nothing(self):
        channel = self.started(None, 2, dropped=lambda count: 1 / 0)
        self.submit(channel, "abcd")
        channel.update_transport(page := Page())
        self.submit(channel, "e")
        self.assertEqual([*"cde"], page.contents)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_other_policies(self):
        newest = self.started(None, 2, policy=Policy.DROP_NEWEST)
        self.submit(newest, "abc")
        newest.update_transport(page := Page())
        self.assertEqual([*"ab"], page.contents)
        latest = self.started()
        self.submit(latest, "abc", policy=Policy.COALESCE, key="position")
        latest.update_transport(page := Page())
        self.assertEqual(["c"], page.contents)

    def test_a_policy_or_a_size_that_makes_no_sense_is_refused(self):
        self.assertRaises(ValueError, self.channel, policy=Policy.CLOSE)
        self.assertRaises(ValueError, self.started().submit, message(1), policy=Policy.CLOSE)
        self.assertRaises(ValueError, self.channel, None, 0)


class ReceiptTests(ChannelTestCase):
    def test_whoever_hears_of_one_and_fails_stops_nothing(self):
        channel = self.started()
        receipts = self.submit(channel, "ab")
        receipts[0].when_done(lambda: 1 / 0)
        channel.update_transport(page := Page())
        self.submit(channel, "c")
        self.assertEqual(([*"abc"], True), (page.contents, receipts[1].done))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_a_receipt_may_be_awaited(self):
        channel = self.started()
        [receipt] = self.submit(channel, "a")
        waiting = Deferred.fromCoroutine(_awaited(receipt))
        self.assertNoResult(waiting)
        channel.update_transport(Page())
        self.assertEqual("written", self.successResultOf(waiting).outcome.value)

    def test_what_is_too_late_is_not_sent(self):
        channel = self.started()
        [receipt] = self.submit(channel, "a", ttl=5)
        self.submit(channel, "b", ttl=50)
        self.clock.advance(5.2)
        self.assertEqual("expired", self.outcome(receipt))
        channel.update_transport(page := Page())
        self.assertEqual(["b"], page.contents)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_nor_is_what_failed_and_is_too_late_by_now(self):
        page = Page()
        page.fails = True
        channel = self.started(page)
        [receipt] = self.submit(channel, "a", ttl=5)
        self.clock.advance(5.2)
        self.assertEqual("expired", self.outcome(receipt))
        self.submit(channel, "b")
        channel.update_transport(other := Page())
        self.assertEqual(["b"], other.contents)

    def test_what_cannot_be_written_is_refused_at_once(self):
        channel = self.started(page := Page())
        self.assertRaises(SerializerError, channel.submit, message(object()))
        self.submit(channel, "a")
        self.assertEqual(["a"], page.contents)

    def test_who_hears_of_an_ending_may_send_more(self):
        channel = self.started()
        [receipt] = self.submit(channel, "a")
        receipt.when_done(lambda: self.submit(channel, "c"))
        self.submit(channel, "b")
        channel.update_transport(page := Page())
        self.assertEqual([*"abc"], page.contents)


class LifeTests(ChannelTestCase):
    def test_a_full_buffer_does_not_keep_it_from_stopping(self):
        """G3: shutting down hung for good."""
        channel = self.started(None, 3)
        receipts = self.submit(channel, "abc")
        self.successResultOf(self.leave(channel))
        self.assertEqual(["expired"] * 3, [self.outcome(r) for r in receipts])
        self.assertIn("3 messages to a page were not sent", self.warnings[0])

    def test_nor_does_a_page_that_takes_nothing(self):
        """G3: it is waited for, but not for long."""
        channel = self.started(page := SlowPage(), 3, leave_timeout=2)
        [first, _, _] = self.submit(channel, "abc")
        leaving = self.leave(channel)
        self.assertNoResult(leaving)
        self.clock.advance(2.2)
        self.successResultOf(leaving)
        self.assertEqual(("expired", 1), (self.outcome(first), page.cancelled))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_what_was_sent_last_still_goes_out(self):
        channel = self.started(page := SlowPage())
        self.submit(channel, "ab")
        leaving = self.leave(channel)
        [late] = self.submit(channel, "c")
        self.assertEqual("dropped", self.outcome(late))
        page.take()
        self.assertNoResult(leaving)
        page.take()
        self.successResultOf(leaving)
        self.assertEqual(([*"ab"], []), (page.contents, self.clock.getDelayedCalls()))

    def test_a_page_that_goes_meanwhile_is_not_waited_for(self):
        channel = self.started(page := SlowPage())
        self.submit(channel, "ab")
        leaving = self.leave(channel)
        page.fail()
        self.successResultOf(leaving)

    def test_a_stopped_channel_takes_nothing(self):
        channel = self.started()
        self.successResultOf(self.leave(channel))
        channel.update_transport(page := Page())
        [receipt] = self.submit(channel, "a")
        self.assertEqual(("dropped", []), (self.outcome(receipt), page.contents))
        self.assertFalse(channel.connected)
        self.successResultOf(self.leave(channel))
        self.failureResultOf(Deferred.fromCoroutine(channel.__aenter__()), RuntimeError)


class Promise(RuleBasedStateMachine):
    """A page that comes and goes, over connections that take messages, fail, or do neither."""

    def __init__(self):
        super().__init__()
        self.surroundings = reactor_surroundings(Clock())
        self.surroundings.warn = lambda *_, **__: None
        self.channel = FrontEndWebSocketDispatcher(None, 5, surroundings=self.surroundings)
        succeed_now(self.channel.__aenter__())
        self.count = 0
        self.pages = []
        self.receipts = {}
        self.arrived = deque()

    @rule(count=st.integers(1, 4))
    def send(self, count):
        for _ in range(count):
            self.count += 1
            self.receipts[self.count] = self.channel.submit(message(self.count))

    @rule(slow=st.booleans())
    def connect(self, slow):
        machine = self

        class Connection(SlowPage if slow else Page):
            @property
            def messages(self):
                return machine.arrived

            @messages.setter
            def messages(self, _):
                pass

        self.pages.append(Connection())
        self.channel.update_transport(self.pages[-1])

    @rule(fails=st.booleans())
    def break_(self, fails):
        if self.pages:
            self.pages[-1].fails = fails

    @rule(fails=st.booleans())
    def take(self, fails):
        if self.pages and getattr(self.pages[-1], "sending", None):
            self.pages[-1].fail() if fails else self.pages[-1].take()

    @rule()
    def disconnect(self):
        self.channel.update_transport(None)

    @invariant()
    def what_arrives_is_in_order_and_once(self):
        contents = [m.content for m in self.arrived]
        assert contents == sorted(set(contents)), contents

    @invariant()
    def bounds_hold(self):
        assert self.channel.waiting <= 5

    def teardown(self):
        """In the end all has arrived, or was told as dropped."""
        self.connect(False)
        contents = {m.content for m in self.arrived}
        for number, receipt in self.receipts.items():
            outcome = receipt.result.outcome.value
            assert outcome == ("written" if number in contents else "dropped"), number


class PromiseTests(SynchronousTestCase):
    def test_whatever_happens_all_arrives_in_order_or_is_told(self):
        run_state_machine_as_test(
            Promise, settings=settings(max_examples=60, stateful_step_count=40, deadline=None)
        )


def succeed_now(coroutine):
    succeed(None).addCallback(lambda _: Deferred.fromCoroutine(coroutine))


async def _awaited(awaitable):
    return await awaitable
