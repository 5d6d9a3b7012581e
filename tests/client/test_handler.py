"""Commands of a handler: each has one answer, or one error that says what is known."""

from twisted.internet.defer import CancelledError

from aiorest_gw.client import (
    CommandFailed,
    CommandTimeout,
    ConnectionFailed,
    ConnectionLost,
    InvalidCommand,
)

from .browsing import HandlerCase

RELOAD = {"method": "Page.reload"}
NONE = (
    "Page.reload",
    None,
    {},
    {"method": 5},
    {"method": "reload"},
    {"method": "Page.reload", "params": [1]},
    {"method": "Page.reload", "params": {"x": object()}},
    {"method": "Page.reload", "params": {"x": "\ud800"}},
)


class CommandTests(HandlerCase):
    def test_the_first_command_connects(self):
        handler = self.handler()
        self.turn()
        self.assertEqual([], self.network.attempts)
        asked = handler.execute_command(RELOAD)
        self.turn()
        self.assertEqual([{"id": 1, "method": "Page.reload"}], self.peer.take())
        self.answers(1, x=1)
        self.assertEqual({"id": 1, "result": {"x": 1}}, self.successResultOf(asked))
        self.assertEqual(["connecting", "open"], [state for state, _ in self.states])

    def test_it_connects_once_however_many_ask(self):
        handler = self.handler()
        for _ in range(5):
            handler.execute_command(RELOAD)
        self.turn()
        self.assertEqual((1, 5), (len(self.network.peers), len(self.peer.take())))

    def test_a_dictionary_that_is_used_twice_at_once_is_not_changed(self):
        """Each command is answered with the id that its caller gave it (P10)."""
        handler = self.opened()
        command = {"id": 7, "method": "Page.navigate", "params": {"url": "a"}}
        one, other = handler.execute_command(command), handler.execute_command(command)
        self.assertEqual({"id": 7, "method": "Page.navigate", "params": {"url": "a"}}, command)
        first, second = (message["id"] for message in self.peer.take())
        self.answers(second, of="the second")
        self.answers(first, of="the first")
        self.assertEqual({"id": 7, "result": {"of": "the first"}}, self.successResultOf(one))
        self.assertEqual({"id": 7, "result": {"of": "the second"}}, self.successResultOf(other))

    def test_what_its_caller_changes_later_is_not_sent(self):
        handler = self.handler()
        command = {"id": 7, "method": "Page.navigate", "params": {"url": "a"}}
        asked = handler.execute_command(command)
        command["params"]["url"] = "b"
        command.clear()
        self.turn()
        self.assertEqual(
            [{"id": 1, "method": "Page.navigate", "params": {"url": "a"}}], self.peer.take()
        )
        self.answers(1)
        self.assertEqual(7, self.successResultOf(asked)["id"])

    def test_what_is_no_command_is_told_and_nobody_connects(self):
        handler = self.handler()
        for command in NONE:
            for way in (
                handler.execute_command, handler.execute_command_nowait, handler.add_on_connect,
            ):  # fmt: skip
                self.failureResultOf(way(command), InvalidCommand)
            self.failureResultOf(handler.execute_commands([RELOAD, command]), InvalidCommand)
            self.assertRaises(InvalidCommand, self.handler, on_connect=[command])
        self.failureResultOf(handler.execute_commands(RELOAD), InvalidCommand)
        self.turn()
        self.assertEqual([], self.network.attempts)

    def test_of_several_none_is_sent_where_one_is_no_command(self):
        handler = self.opened()
        for command in NONE:
            self.failureResultOf(handler.execute_commands([RELOAD, command]), InvalidCommand)
        self.assertEqual([], self.peer.take())

    def test_several_are_sent_at_once_and_answered_in_their_order(self):
        handler = self.opened()
        asked = handler.execute_commands({"method": f"Page.{name}"} for name in "abc")
        self.assertEqual(["Page.a", "Page.b", "Page.c"], [one["method"] for one in self.peer.sent])
        a, b, c = (message["id"] for message in self.peer.take())
        self.answers(c, is_="c")
        self.answers(a, is_="a")
        self.assertNoResult(asked)
        self.answers(b, is_="b")
        self.assertEqual(
            ["a", "b", "c"], [answer["result"]["is_"] for answer in self.successResultOf(asked)]
        )
        self.assertEqual([], self.successResultOf(handler.execute_commands([])))

    def test_a_failure_is_raised_with_what_the_browser_says(self):
        asked = self.opened().execute_command(RELOAD)
        self.peer.says({"id": 1, "error": {"code": -32000, "message": "no", "data": "why"}})
        error = self.failureResultOf(asked, CommandFailed).value
        self.assertEqual((-32000, "no", "why"), (error.code, error.message, error.data))
        self.assertEqual("-32000: no (why)", str(error))

    def test_the_first_failure_of_several_is_raised(self):
        handler = self.opened()
        asked = handler.execute_commands([RELOAD, RELOAD, RELOAD])
        self.peer.says({"id": 2, "error": {"code": 2, "message": "second"}})
        self.peer.says({"id": 1, "error": {"code": 1, "message": "first"}})
        self.assertEqual(1, self.failureResultOf(asked, CommandFailed).value.code)
        self.answers(3)
        self.works(handler)

    def test_what_is_not_answered_in_time_is_told(self):
        handler = self.opened()
        asked = handler.execute_command(RELOAD, timeout=2)
        self.clock.advance(1.9)
        self.assertNoResult(asked)
        self.clock.advance(0.2)
        error = self.failureResultOf(asked, CommandTimeout).value
        self.assertEqual("Page.reload was not answered in 2 s", str(error))
        self.assertIsInstance(error, TimeoutError)
        self.answers(1)
        self.works(handler)

    def test_by_default_an_answer_is_waited_for_ten_seconds(self):
        asked = self.opened().execute_command(RELOAD)
        self.clock.advance(9.9)
        self.assertNoResult(asked)
        self.clock.advance(0.2)
        self.failureResultOf(asked, CommandTimeout)

    def test_whoever_waits_for_ever_does(self):
        asked = self.opened(heartbeat=1e9).execute_command(RELOAD, timeout=None)
        self.clock.advance(1e6)
        self.answers(1)
        self.successResultOf(asked)

    def test_what_could_not_be_sent_in_time_is_never_sent(self):
        self.network.works = False
        handler = self.handler(first_attempts=None)
        asked = handler.execute_command(RELOAD, timeout=2)
        self.clock.advance(2)
        error = self.failureResultOf(asked, CommandTimeout).value
        self.assertIn("there is no connection", str(error))
        self.network.works = True
        self.clock.advance(30)
        self.assertEqual([], self.peer.take())

    def test_a_time_that_is_none_is_told(self):
        handler = self.opened()
        for timeout in (0, -1, "5", float("nan"), True):
            self.failureResultOf(handler.execute_command(RELOAD, timeout), ValueError)
        self.assertEqual([], self.peer.take())

    def test_a_command_that_is_cancelled_leaves_nothing_behind(self):
        """There is room for 10,000 that wait; none of those that were cancelled takes it (P3)."""
        handler = self.opened()
        for _ in range(10_001):
            asked = handler.execute_command(RELOAD)
            asked.cancel()
            self.failureResultOf(asked, CancelledError)
        self.answers(1, 2, 3)
        self.assertEqual([], self.network.warnings)
        self.peer.take()
        self.works(handler)

    def test_a_command_that_is_cancelled_before_it_was_sent_never_is(self):
        handler = self.handler()
        asked = handler.execute_command(RELOAD)
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.turn()
        self.assertEqual([], self.peer.take())

    def test_more_than_can_be_kept_are_refused(self):
        for handler in (self.handler(), self.opened()):
            for _ in range(10_000):
                handler.execute_command_nowait(RELOAD)
            for way in (handler.execute_command, handler.execute_command_nowait):
                error = self.failureResultOf(way(RELOAD), InvalidCommand).value
                self.assertIn("10000 wait", str(error))


class NobodyWaitsTests(HandlerCase):
    def test_a_command_that_nobody_waits_for_is_sent(self):
        handler = self.handler()
        self.successResultOf(handler.execute_command_nowait(RELOAD))
        self.turn()
        self.assertEqual([{"id": 1, "method": "Page.reload"}], self.peer.take())
        self.answers(1)
        self.assertEqual([], self.network.warnings)

    def test_that_it_failed_is_logged(self):
        self.opened().execute_command_nowait(RELOAD)
        self.peer.says({"id": 1, "error": {"code": -1, "message": "no"}})
        self.assertEqual(["Page.reload failed: -1: no"], self.network.warnings)

    def test_those_that_are_lost_with_the_connection_are_told_together(self):
        """And nothing is raised where nobody could take it (P4)."""
        handler = self.opened(on_connect=[{"method": "Page.enable"}])
        for _ in range(3):
            handler.execute_command_nowait(RELOAD)
        self.loses()
        [warning] = self.network.warnings
        self.assertEqual(
            "the connection was lost before the answers to 3 commands, such as Page.reload", warning
        )
        self.works(handler)

    def test_those_that_could_never_be_sent_are_told(self):
        self.network.works = False
        self.handler().execute_command_nowait(RELOAD)
        self.turn()
        self.assertIn("1 commands", self.network.warnings[0])


class LossTests(HandlerCase):
    def test_what_is_in_flight_fails_at_once_when_the_connection_is_lost(self):
        handler = self.opened()
        asked = [handler.execute_command(RELOAD), handler.execute_commands([RELOAD, RELOAD])]
        self.network.loses(1006, "gone")
        for one in asked:
            error = self.failureResultOf(one, ConnectionLost).value
            self.assertEqual(
                (1006, "the connection was lost (1006: gone)"), (error.code, str(error))
            )
            self.assertNotIsInstance(error, ConnectionFailed)

    def test_it_is_not_sent_again(self):
        """Nobody knows whether it was done."""
        handler = self.opened()
        self.failureResultOf(self.asked_and_lost(handler), ConnectionLost)
        self.assertEqual([], self.peer.take())
        self.works(handler)

    def asked_and_lost(self, handler):
        asked = handler.execute_command(RELOAD)
        self.loses()
        return asked

    def test_a_command_while_there_is_no_connection_waits_for_one(self):
        handler = self.opened()
        self.network.loses()
        asked = handler.execute_command(RELOAD)
        self.turn()
        self.assertEqual(2, len(self.network.peers))
        [sent] = self.peer.take()
        self.answers(sent["id"])
        self.successResultOf(asked)

    def test_an_answer_of_the_connection_before_is_none_of_the_next(self):
        handler = self.opened()
        self.asked_and_lost(handler).addErrback(lambda _: None)
        asked = handler.execute_command(RELOAD)
        self.answers(1, of="the connection before")
        self.assertNoResult(asked)

    def test_bad_messages_of_the_peer_harm_nothing(self):
        handler = self.opened()
        heard = self.hears(handler, "*")
        asked = handler.execute_command(RELOAD)
        for payload in (
            b"", b"\xff\xfe", b"no JSON", b"[]", b"5", b"null", b"[" * 100_000,
            b'{"method": "Page.x', b'{"method": "Page.\xff"}',
        ):  # fmt: skip
            self.peer.says(payload)
        self.assertEqual(9, len(self.network.warnings))
        for message in ({}, {"id": 99}, {"id": "1"}, {"id": None}, {"method": 5}, {"id": 1.5}):
            self.peer.says(message)
        self.answers(1, right=True)
        self.answers(1, right=False)
        self.peer.says({"id": 1, "error": {"code": 1}})
        self.assertEqual({"right": True}, self.successResultOf(asked)["result"])
        self.tells("Page.loadEventFired")
        self.assertEqual(["Page.loadEventFired"], [event["method"] for event in heard])

    def test_a_failure_that_is_no_object_is_one(self):
        asked = self.opened().execute_command(RELOAD)
        self.peer.says({"id": 1, "error": "broken"})
        self.assertEqual("broken", self.failureResultOf(asked, CommandFailed).value.message)


class PlainTests(HandlerCase):
    """A gateway in the plain dialect."""

    def test_requests_are_answered(self):
        handler = self.opened("plain")
        asked = handler.execute_command({"method": "GET", "url": "/x", "id": "mine"})
        self.assertEqual([{"id": 1, "method": "GET", "url": "/x"}], self.peer.take())
        self.peer.says({"id": 1, "status": 200, "data": 5, "event_name": None})
        self.assertEqual(
            {"id": "mine", "status": 200, "data": 5, "event_name": None},
            self.successResultOf(asked),
        )

    def test_a_failure_is_raised(self):
        asked = self.opened("plain").execute_command({"method": "GET", "url": "/x"})
        self.peer.says({"id": 1, "status": 404, "detail": "nothing", "event_name": None})
        error = self.failureResultOf(asked, CommandFailed).value
        self.assertEqual((404, "nothing", None), (error.code, error.message, error.data))

    def test_pushes_are_events(self):
        handler = self.opened("plain")
        heard = self.hears(handler, "order.*")
        self.peer.says({"event_name": "order.paid", "data": 5}, {"event_name": "else", "data": 6})
        self.turn()
        self.assertEqual([{"event_name": "order.paid", "data": 5}], heard)

    def test_what_is_no_request_is_told(self):
        handler = self.opened("plain")
        for command in ({"method": "GET"}, {"url": "/"}, {"method": 5, "url": "/"}, []):
            self.failureResultOf(handler.execute_command(command), InvalidCommand)

    def test_a_gateway_that_says_stop_is_left(self):
        handler = self.opened("plain")
        asked = handler.execute_command({"method": "GET", "url": "/x"})
        self.peer.is_lost(4501, "refused")
        self.assertEqual(4501, self.failureResultOf(asked, ConnectionLost).value.code)
        self.clock.advance(100)
        self.assertEqual("closed", self.states[-1][0])
        self.assertEqual(1, len(self.network.peers))

    def test_another_dialect_is_told(self):
        error = self.assertRaises(ValueError, self.handler, "http")
        self.assertEqual("a handler speaks 'cdp', 'plain', 'v1', not 'http'", str(error))
