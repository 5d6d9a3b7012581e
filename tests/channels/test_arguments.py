"""What an application gives its channels, and makes no sense, is refused at once and in its words."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from aiorest_gw import Policy
from aiorest_gw.channels import (
    FrontEndDispatcher,
    FrontEndWebSocketDispatcher,
    MessageFromFrontEndDispatcher,
    PageMessage,
    UnknownCode,
)

from .pages import ChannelTestCase, Page, SlowPage, message


class Told:
    def refused(self, kind, words, call, *args, **options):
        error = self.assertRaises(kind, call, *args, **options)
        self.assertIn(words, str(error))


class ChannelArgumentTests(Told, ChannelTestCase):
    def test_a_policy_is_one_of_three_or_its_name(self):
        policies = "the policies of a channel are 'drop_oldest', 'drop_newest', 'coalesce'"
        submit = self.started().submit
        for wrong in ("drop_oldets", "DROP_OLDEST", 5, [], {}, object):
            for call in (self.channel, lambda **given: submit(message(1), **given)):
                self.refused(ValueError, f"there is no policy {wrong!r}: ", call, policy=wrong)
                self.refused(ValueError, policies, call, policy=wrong)
        for wrong in (Policy.CLOSE, "close"):
            for call in (self.channel, lambda **given: submit(message(1), **given)):
                self.refused(ValueError, f"closes no page: {policies}", call, policy=wrong)
        self.assertEqual("dropped", self.outcome(self.replaced("coalesce")))
        self.assertEqual("dropped", self.outcome(self.replaced(Policy.COALESCE)))

    def replaced(self, policy):
        channel = self.started()
        first, _ = self.submit(channel, "ab", policy=policy, key="k")
        return first

    def test_a_message_that_replaces_others_has_a_key(self):
        channel = self.started()
        for key in (None, 5):
            self.refused(
                ValueError, "needs a key, a text", channel.submit, message(1), policy="coalesce", key=key
            )  # fmt: skip
        self.assertEqual(0, channel.waiting)

    def test_a_channel_whose_messages_replace_others_takes_those_without_a_key_too(self):
        channel = self.started(None, 2, policy=Policy.COALESCE)
        self.submit(channel, "ab", key="k")
        self.submit(channel, "cd")
        channel.update_transport(page := Page())
        self.assertEqual([*"cd"], page.contents)

    def test_a_time_is_a_number_of_seconds(self):
        for wrong in ("5", 0, -1, float("inf"), float("nan"), True, []):
            told = f"should be seconds, more than 0, not {wrong!r}"
            self.refused(ValueError, f"ttl {told}", self.started().submit, message(1), ttl=wrong)
            for name in ("send_timeout", "leave_timeout"):
                self.refused(ValueError, f"{name} {told}", self.channel, **{name: wrong})

    def test_a_size_is_a_whole_number(self):
        for wrong in ("5", 0, -1, 1.5, None, True):
            for name in ("buffer_size", "buffer_octets"):
                told = f"{name} should be a whole number, 1 or more, not {wrong!r}"
                self.refused(ValueError, told, self.channel, **{name: wrong})

    def test_what_makes_the_notice_takes_a_count(self):
        for wrong in (5, PageMessage("0dropped"), lambda: None):
            self.refused(
                TypeError, "dropped should be a function of one argument, count", self.channel,
                dropped=wrong,
            )  # fmt: skip

    def test_surroundings_are_no_reactor_and_no_manager(self):
        for wrong in (Clock(), object(), "loop"):
            for make in (FrontEndWebSocketDispatcher, MessageFromFrontEndDispatcher):
                self.refused(
                    TypeError, "surroundings should be manager.surroundings, loop_surroundings(loop)",
                    make, surroundings=wrong,
                )  # fmt: skip

    def test_a_transport_is_an_object_that_sends_a_text(self):
        class Silent:
            def send(self):
                """It takes nothing."""

        for wrong in ("page", Page, Silent(), object(), 5):
            self.refused(
                TypeError, "a transport is a Session or has a send(text)",
                self.started().update_transport, wrong,
            )  # fmt: skip
        self.started().update_transport(SlowPage())

    def test_only_messages_are_sent(self):
        channel, hub = self.started(), FrontEndDispatcher()
        self.run_now(hub.add_dispatcher("0", channel))
        for wrong in ("0text", {"header": "0x"}, None, b"", PageMessage, "x" * 10_000):
            for submit in (channel.submit, hub.submit):
                self.refused(
                    TypeError, "what is sent to a page is a PageMessage, not ", submit, wrong
                )
        self.assertEqual(0, channel.waiting)


class HubArgumentTests(Told, ChannelTestCase):
    def test_what_is_no_channel_is_not_added(self):
        class OnlySubmits:
            def submit(self, message):
                """It cannot be started."""

        hub = FrontEndDispatcher()
        for wrong in (None, Page(), "0", FrontEndWebSocketDispatcher, OnlySubmits()):
            adding = Deferred.fromCoroutine(hub.add_dispatcher("0", wrong))
            error = self.failureResultOf(adding, TypeError).value
            self.assertIn("a channel is a FrontEndWebSocketDispatcher, or has a submit", str(error))
        self.assertRaises(UnknownCode, hub.get_dispatcher, "0")

    def test_a_channel_has_one_code(self):
        """It could not be started for a second one."""
        hub, channel = FrontEndDispatcher(), self.channel()
        self.run_now(hub.add_dispatcher("0", channel))
        adding = Deferred.fromCoroutine(hub.add_dispatcher("1", channel))
        error = self.failureResultOf(adding, ValueError).value
        self.assertEqual("this channel has the code '0' already", str(error))


class IncomingArgumentTests(Told, ChannelTestCase):
    def test_a_handler_is_a_function_of_a_message(self):
        def yields(message):
            yield message

        async def yields_later(message):
            yield message

        messages = self.registry()
        for wrong in (None, "handler", lambda: None, lambda one, two: None):
            self.refused(
                TypeError, "handler should be a function of one argument, message",
                messages.register_handler, "1", wrong,
            )  # fmt: skip
        for wrong in (yields, yields_later):
            self.refused(TypeError, "should not yield", messages.register_handler, "1", wrong)
        messages.register_handler("1", lambda message, more=None: None)

    def test_what_takes_answers_is_a_function_of_a_message(self):
        for wrong in (5, "answer", message(1)):
            told = f"answer should be a function of a message, not {wrong!r}"
            self.refused(TypeError, told, self.registry().submit, "{}", wrong)

    def test_a_reply_is_waited_for_for_some_seconds(self):
        for wrong in ("5", 0, -1, None):
            self.refused(
                ValueError, f"timeout should be seconds, more than 0, not {wrong!r}",
                self.registry().expect_reply, "m", wrong,
            )  # fmt: skip

    def test_how_many_may_be_open_is_a_whole_number(self):
        for wrong in (0, "5", None):
            self.refused(
                ValueError, "most_open should be a whole number", self.registry, most_open=wrong
            )
