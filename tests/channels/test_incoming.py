"""What pages say: handlers, replies, and answers to what cannot be handled."""

from twisted.internet.defer import Deferred

from aiorest_gw import APIError
from aiorest_gw.errors import RequestTimeout, SerializerError, ServiceUnavailable

from .pages import ChannelTestCase, Lost, Page, message


class IncomingTestCase(ChannelTestCase):
    def setUp(self):
        super().setUp()
        self.answers = []
        self.handled = []
        self.messages = self.registry()
        self.messages.register_handler("0", lambda message: self.handled.append(message.content))

    def submit_all(self, *texts):
        for text in texts:
            self.messages.submit(text, self.answers.append)

    def details(self):
        return [answer.content["detail"] for answer in self.answers]


class HandlerTests(IncomingTestCase):
    def test_messages_go_to_the_handler_of_their_code(self):
        ones = []
        self.messages.register_handler(1, ones.append)
        self.submit_all(message("a").dump(), message("b", "1x").dump().encode(), message("c"),
                        message("d").as_object())  # fmt: skip
        self.assertEqual((["a", "c", "d"], [message("b", "1x")]), (self.handled, ones))
        self.assertEqual([], self.answers)

    def test_a_handler_that_fails_harms_no_other(self):
        """G5: it cancelled all others, and ended the dispatcher."""
        waiting = Deferred()

        async def wait(message):
            await waiting
            self.handled.append("waited")

        async def fail_later(message):
            raise ZeroDivisionError("secret")

        def fail(message):
            raise ValueError("secret")

        for code, handler in (("1", wait), ("2", fail), ("3", fail_later)):
            self.messages.register_handler(code, handler)
        open_one = self.messages.submit(message(None, "1x"))
        self.submit_all(message(None, "2x", msg_id="m"), message(None, "3x"), message("a"))
        waiting.callback(None)
        self.assertEqual((["a", "waited"], True), (self.handled, open_one.done))
        self.assertEqual(["A server error occurred."] * 2, self.details())
        self.assertEqual(
            ("2error", "m", "2x"),
            (self.answers[0].header, self.answers[0].msg_id, self.answers[0].content["header"]),
        )
        self.assertEqual(
            [ValueError, ZeroDivisionError],
            [failure.type for failure in self.flushLoggedErrors()],
        )

    def test_one_that_wants_to_end_everything_fails_as_any_other(self):
        async def leave_later(message):
            raise SystemExit

        def leave(message):
            raise SystemExit

        for code, handler in (("1", leave), ("2", leave_later)):
            self.messages.register_handler(code, handler)
            handled = self.messages.submit(message(None, code + "x"), self.answers.append)
            self.assertTrue(handled.done)
        self.assertEqual(["A server error occurred."] * 2, self.details())
        self.assertEqual(2, len(self.flushLoggedErrors(SystemExit)))

    def test_one_that_sends_what_cannot_be_written_fails_as_any_other(self):
        channel = self.channel()
        self.messages.register_handler("1", lambda asked: channel.submit(message(object())))
        self.submit_all(message(None, "1x"))
        self.assertEqual(["A server error occurred."], self.details())
        [failure] = self.flushLoggedErrors(SerializerError)
        self.assertIn("the message '0text' to a page", str(failure.value))

    def test_a_handler_may_say_what_is_wrong(self):
        def refuse(message):
            raise APIError("no", errors=[{"path": "$.content", "message": "wrong"}])

        self.messages.register_handler("1", refuse)
        self.submit_all(message(None, "1x"))
        [answer] = self.answers
        self.assertEqual(
            ("no", "$.content"), (answer.content["detail"], answer.content["errors"][0]["path"])
        )

    def test_an_unknown_code_is_answered_and_makes_nothing(self):
        """G8: it made a new channel, whoever named it."""
        self.submit_all(message(1, "7x"), message(2, "7x"))
        self.assertEqual(["There is no handler for the code '7'."] * 2, self.details())
        self.messages.register_handler("7", lambda message: None)

    def test_what_cannot_be_read_is_answered(self):
        """G9: bad JSON closed the connection, and a missing field was dropped in silence."""
        self.submit_all("{", '{"header":"0x","content":1,"msgId":"m"}', "5")
        self.assertEqual(
            ["The message is not valid JSON.", "The message has no `peerId`.",
             "The message is not a JSON object."],
            self.details(),
        )  # fmt: skip
        self.assertEqual([None, "m", None], [answer.msg_id for answer in self.answers])
        self.assertEqual({"1error"}, {answer.header for answer in self.answers})
        self.assertEqual([], self.handled)

    def test_two_of_them_have_nothing_in_common(self):
        """G11: there was one of them, for good."""
        other = self.registry()
        other.submit(message("a"), self.answers.append)
        self.assertEqual(([], 1), (self.handled, len(self.answers)))

    def test_a_code_is_a_digit_and_has_one_handler(self):
        for code in ("0", 0, "x", "", 10):
            self.assertRaises(ValueError, self.messages.register_handler, code, print)

    def test_no_more_are_handled_at_the_same_time_than_may_be(self):
        self.messages = self.registry(most_open=2)
        waiting = Deferred()
        self.messages.register_handler("0", lambda message: waiting)
        self.submit_all(*[message(n) for n in range(3)])
        self.assertEqual(1, len(self.answers))
        self.assertIn("Too many messages", self.details()[0])
        waiting.callback(None)
        self.submit_all(message(4))
        self.assertEqual(1, len(self.answers))

    def test_until_it_is_handled_it_may_be_awaited(self):
        waiting = Deferred()
        self.messages.register_handler("1", lambda message: waiting)
        handled = Deferred.fromCoroutine(_awaited(self.messages.submit(message(1, "1x"))))
        self.assertNoResult(handled)
        waiting.callback(None)
        self.assertIsNone(self.successResultOf(handled))


class AnswerTests(IncomingTestCase):
    def test_answers_may_go_over_a_channel(self):
        channel = self.started(page := Page())
        self.messages.submit("{", channel.submit)
        self.assertEqual("1error", page.messages[0].header)

    def test_answers_may_take_their_time_and_may_fail(self):
        async def answer(refusal):
            self.answers.append(refusal)
            raise Lost

        def fail(refusal):
            raise Lost

        self.messages.submit("{", answer)
        self.messages.submit("{", fail)
        self.assertEqual(1, len(self.answers))
        self.assertEqual(["a page could not be answered: Lost"] * 2, self.warnings)

    def test_where_nobody_takes_the_answer_it_is_logged(self):
        self.messages.submit("{")
        self.assertIn("refused", self.warnings[0])


class ReplyTests(IncomingTestCase):
    def test_a_reply_goes_to_who_waits_for_it_and_not_to_the_handler(self):
        reply = Deferred.fromCoroutine(_awaited(self.messages.expect_reply("m", 5)))
        self.submit_all(message("other", msg_id="n"), message("yes", msg_id="m"))
        self.assertEqual("yes", self.successResultOf(reply).content)
        self.submit_all(message("again", msg_id="m"))
        self.assertEqual(["other", "again"], self.handled)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_reply_may_have_a_code_that_nobody_handles(self):
        reply = self.messages.expect_reply(5, 5)
        self.submit_all(message("yes", "7x", msg_id=5))
        self.assertEqual(("yes", []), (reply.result.content, self.answers))

    def test_a_reply_that_does_not_come_is_not_waited_for_forever(self):
        """G10: it was."""
        waiting = self.messages.expect_reply("m", 5)
        reply = Deferred.fromCoroutine(_awaited(waiting))
        self.clock.advance(4)
        self.assertNoResult(reply)
        self.assertRaises(LookupError, lambda: waiting.result)
        self.clock.advance(1.2)
        self.failureResultOf(reply, RequestTimeout)
        self.submit_all(message("late", msg_id="m"))
        self.assertEqual(["late"], self.handled)

    def test_who_waits_may_give_it_up(self):
        reply = Deferred.fromCoroutine(_awaited(self.messages.expect_reply("m", 5)))
        reply.cancel()
        self.submit_all(message("yes", msg_id="m"))
        self.failureResultOf(reply)

    def test_an_id_is_waited_for_once_and_only_so_many_are(self):
        messages = self.registry(most_open=2)
        messages.expect_reply("m", 5)
        self.assertRaises(ValueError, messages.expect_reply, "m", 5)
        self.assertRaises(ValueError, messages.expect_reply, None, 5)
        messages.expect_reply("n", 5)
        self.assertRaises(ServiceUnavailable, messages.expect_reply, "o", 5)


async def _awaited(awaitable):
    return await awaitable
