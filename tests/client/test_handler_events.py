"""Events of a handler: each callback hears of them in order, off the reading path, and harms nobody."""

import asyncio
from functools import partial

from twisted.internet.defer import Deferred, succeed

from .browsing import HandlerCase

LOADED, PAUSED = "Page.loadEventFired", "Fetch.requestPaused"


class CallbackTests(HandlerCase):
    def test_callbacks_of_every_kind_hear_in_the_order_in_which_they_were_registered(self):
        """Objects that are called and return a coroutine are awaited too (P6)."""
        handler = self.opened()
        heard = []

        def plain(event):
            heard.append("plain")

        async def coroutine(event):
            await succeed(None)
            heard.append("async def")

        def deferred(event):
            return succeed(None).addCallback(lambda _: heard.append("Deferred"))

        class Called:
            async def __call__(self, event):
                await succeed(None)
                heard.append("object")

        kinds = (
            plain,
            coroutine,
            deferred,
            Called(),
            partial(coroutine),
            lambda event: plain(event),
        )
        for callback in kinds:
            self.assertIsInstance(
                self.successResultOf(handler.register_callback(LOADED, callback)), int
            )
        self.tells(LOADED)
        self.assertEqual(["plain", "async def", "Deferred", "object", "async def", "plain"], heard)

    def test_the_event_is_given_as_it_came(self):
        heard = self.hears(self.opened(), LOADED)
        self.tells(LOADED, timestamp=5)
        self.assertEqual([{"method": LOADED, "params": {"timestamp": 5}}], heard)

    def test_callbacks_are_called_off_the_reading_path(self):
        heard = self.hears(self.opened(), LOADED)
        self.peer.says({"method": LOADED})
        self.assertEqual([], heard)
        self.turn()
        self.assertEqual(1, len(heard))

    def test_the_next_is_called_when_the_one_before_has_ended(self):
        handler = self.opened()
        ends, heard = Deferred(), []
        handler.register_callback(LOADED, lambda event: ends)
        handler.register_callback(LOADED, heard.append)
        self.tells(LOADED)
        self.assertEqual([], heard)
        ends.callback(None)
        self.turn()
        self.assertEqual(1, len(heard))

    def test_the_next_event_is_told_when_the_one_before_has_been(self):
        handler = self.opened()
        ends, heard = Deferred(), []

        async def slow(event):
            heard.append(event["params"]["number"])
            await ends

        handler.register_callback(LOADED, slow)
        for number in range(3):
            self.tells(LOADED, number=number)
        self.assertEqual([0], heard)
        ends.callback(None)
        self.turn()
        self.assertEqual([0, 1, 2], heard)

    def test_a_callback_may_command_and_others_hear_meanwhile(self):
        handler = self.opened()
        went_on, others = [], self.hears(handler, LOADED)

        async def go_on(event):
            went_on.append(await handler.execute_command({"method": "Fetch.continueRequest"}))

        handler.register_callback(PAUSED, go_on)
        self.tells(PAUSED, LOADED)
        self.assertEqual(1, len(others))
        self.answers(self.peer.take()[0]["id"], done=True)
        self.assertEqual([{"done": True}], [answer["result"] for answer in went_on])

    def test_a_callback_may_wait_for_another_event(self):
        """Neither waits for ever, nor does anything else on the connection (P7)."""
        handler = self.opened()
        ended = []

        async def until_loaded(event):
            loaded = Deferred()
            await handler.register_callback(LOADED, loaded.callback, temporary=True)
            ended.append(await loaded)

        handler.register_callback(PAUSED, until_loaded)
        self.tells(PAUSED)
        self.assertEqual([], ended)
        self.tells(LOADED)
        self.assertEqual(LOADED, ended[0]["method"])

    def test_one_that_raises_is_logged_and_harms_nothing(self):
        handler = self.opened()

        def plain(event):
            raise ValueError("mine")

        async def coroutine(event):
            raise ValueError("mine")

        async def later(event):
            await Deferred.fromCoroutine(coroutine(event))

        def cancelled(event):
            raise asyncio.CancelledError

        for callback in (plain, coroutine, later, cancelled):
            handler.register_callback(LOADED, callback)
        heard = self.hears(handler, LOADED)
        self.tells(LOADED, LOADED)
        self.assertEqual(2, len(heard))
        self.assertEqual(6, len(self.flushLoggedErrors(ValueError)))
        self.assertEqual(2, len(self.flushLoggedErrors(asyncio.CancelledError)))
        self.works(handler)

    def test_a_temporary_callback_hears_once_of_a_burst(self):
        handler = self.opened()
        heard = self.hears(handler, LOADED, True)
        self.tells(LOADED, LOADED)
        self.tells(LOADED)
        self.assertEqual(1, len(heard))

    def test_what_is_removed_hears_nothing_more(self):
        """Not even of what came already."""
        handler = self.opened()
        heard = []
        id = self.successResultOf(handler.register_callback(LOADED, heard.append))
        self.peer.says({"method": LOADED})
        self.assertIs(True, self.successResultOf(handler.remove_callback(id)))
        self.tells(LOADED)
        self.assertEqual([], heard)
        self.assertIs(False, self.successResultOf(handler.remove_callback(id)))
        self.assertIs(False, self.successResultOf(handler.remove_callback("none")))

    def test_a_callback_may_remove_itself_and_those_behind_it(self):
        handler = self.opened()
        heard, ids = [], []

        def first(event):
            heard.append("first")
            for id in ids:
                handler.remove_callback(id)

        for callback in (first, lambda event: heard.append("second")):
            ids.append(self.successResultOf(handler.register_callback(LOADED, callback)))
        self.tells(LOADED, LOADED)
        self.assertEqual(["first"], heard)

    def test_all_can_be_removed(self):
        handler = self.opened()
        heard = [self.hears(handler, name) for name in (LOADED, "Page.*", "*")]
        self.successResultOf(handler.clear_callbacks())
        self.tells(LOADED)
        self.assertEqual([[], [], []], heard)

    def test_what_cannot_be_called_is_told(self):
        handler = self.opened()

        def asks_again(event):
            yield event

        for name, callback, error in (
            (LOADED, None, TypeError),
            (LOADED, lambda: None, TypeError),
            (LOADED, lambda event, more: None, TypeError),
            (LOADED, asks_again, TypeError),
            (None, print, TypeError),
            ("", print, TypeError),
            ("Page.*Fired", print, ValueError),
        ):
            self.failureResultOf(handler.register_callback(name, callback), error)


class NameTests(HandlerCase):
    """Which events are heard (P9)."""

    def test_a_name_stands_for_itself_alone(self):
        handler = self.opened()
        heard = self.hears(handler, "Network.requestWillBeSent")
        self.tells(
            "Network.requestWillBeSentExtraInfo", "Network.requestWillBeSen", "requestWillBeSent"
        )
        self.assertEqual(([], []), (heard, handler.network_logs))
        self.tells("Network.requestWillBeSent")
        self.assertEqual((1, 1), (len(heard), len(handler.network_logs)))

    def test_a_star_stands_for_anything(self):
        handler = self.opened()
        network, everything = self.hears(handler, "Network.*"), self.hears(handler, "*")
        self.tells("Network.a", "Page.a", "Network.b")
        self.assertEqual(["Network.a", "Network.b"], [event["method"] for event in network])
        self.assertEqual(3, len(everything))

    def test_whoever_hears_several_names_hears_them_as_they_came(self):
        handler = self.opened()
        heard = self.hears(handler, "Network.*")
        names = ["Network.a", "Network.a", "Network.b", "Network.a", "Network.c", "Network.b"]
        for name in names:
            self.peer.says({"method": name})
        self.turn()
        self.assertEqual(names, [event["method"] for event in heard])

    def test_a_burst_is_told_in_order_too(self):
        """Of more than are called in one turn."""
        handler = self.opened()
        heard = self.hears(handler, "*")
        names = [f"Network.{number % 7}" for number in range(1_000)]
        for name in names:
            self.peer.says({"method": name})
        self.turn()
        self.assertEqual(names, [event["method"] for event in heard])

    def test_events_of_one_session_can_be_heard(self):
        handler = self.opened()
        all_, mine = self.hears(handler, LOADED), self.hears(handler, LOADED, session_id="mine")
        self.tells(LOADED)
        self.tells(LOADED, session="mine")
        self.tells(LOADED, session="other")
        self.assertEqual((3, ["mine"]), (len(all_), [event["sessionId"] for event in mine]))

    def test_a_session_that_is_no_text_is_none(self):
        handler = self.opened()
        heard, mine = self.hears(handler, LOADED), self.hears(handler, LOADED, session_id="mine")
        for session in (["mine"], {"mine": 1}, 5):
            self.tells(LOADED, session=session)
        self.assertEqual((3, 0), (len(heard), len(mine)))

    def test_a_temporary_callback_of_a_session_waits_for_its_session(self):
        handler = self.opened()
        mine = self.hears(handler, LOADED, True, session_id="mine")
        self.tells(LOADED, session="other")
        self.tells(LOADED, session="mine")
        self.assertEqual(["mine"], [event["sessionId"] for event in mine])

    def test_a_session_that_is_slow_holds_no_other_up(self):
        handler = self.opened()
        heard = []

        def slow(event):
            heard.append(event["sessionId"])
            return Deferred()

        handler.register_callback(LOADED, slow)
        for session in ("one", "one", "other"):
            self.tells(LOADED, session=session)
        self.assertEqual(["one", "other"], heard)


class QueueTests(HandlerCase):
    def test_the_oldest_are_dropped_where_a_callback_is_too_slow(self):
        """What waits is bounded, and that some are lost is told (P5)."""
        handler = self.opened(max_queued=3)
        ends, heard = Deferred(), []

        async def slow(event):
            heard.append(event["params"]["number"])
            await ends

        handler.register_callback(LOADED, slow)
        for number in range(100):
            self.tells(LOADED, number=number)
        ends.callback(None)
        self.turn()
        self.assertEqual([0, 97, 98, 99], heard)
        self.clock.advance(1)
        [warning] = self.network.warnings
        self.assertEqual("96 events were dropped whose callbacks are too slow", warning)

    def test_answers_do_not_wait_behind_events(self):
        handler = self.opened(max_queued=3)
        handler.register_callback(LOADED, lambda event: Deferred())
        asked = handler.execute_command({"method": "Page.reload"})
        for _ in range(100):
            self.peer.says({"method": LOADED})
        self.peer.says({"id": 1, "result": {}})
        self.successResultOf(asked)

    def test_a_bound_that_is_none_is_told(self):
        for bound in (0, -1, None, 1.5):
            self.assertRaises(ValueError, self.handler, max_queued=bound)


class LogTests(HandlerCase):
    def test_the_last_requests_of_the_network_are_kept(self):
        handler = self.opened()
        for number in range(10_002):
            self.peer.says({"method": "Network.requestWillBeSent", "params": {"number": number}})
        logs = handler.network_logs
        self.assertEqual((10_000, 2), (len(logs), logs[0]["params"]["number"]))
        logs.clear()
        self.assertEqual(10_000, len(handler.network_logs))

    def test_the_dialog_that_is_open_is_known(self):
        handler = self.opened()
        self.assertEqual({}, handler.dialog)
        self.tells("Page.javascriptDialogOpening", message="Sure?")
        self.assertEqual("Sure?", handler.dialog["params"]["message"])
        self.tells("Page.javascriptDialogClosed")
        self.assertEqual({}, handler.dialog)

    def test_a_dialog_is_gone_with_its_connection(self):
        handler = self.opened()
        self.tells("Page.javascriptDialogOpening", message="Sure?")
        self.loses()
        self.assertEqual({}, handler.dialog)
