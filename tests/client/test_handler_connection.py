"""The connection of a handler: made when it is needed, made again when it is lost, and known to live."""

import itertools

from twisted.internet.defer import Deferred, succeed

from aiorest_gw.client import (
    CommandFailed,
    CommandTimeout,
    ConnectionFailed,
    ConnectionLost,
    ReconnectionFailed,
    State,
)

from .browsing import HandlerCase

ENABLE, RELOAD = {"method": "Network.enable"}, {"method": "Page.reload"}
LOADED = "Page.loadEventFired"


class ReconnectingTests(HandlerCase):
    def test_whoever_only_hears_of_events_goes_on_hearing(self):
        """It connects again without a command, and says again what makes the browser tell (P8)."""
        handler = self.opened(on_connect=[ENABLE])
        heard = self.hears(handler, LOADED)
        for _ in range(3):
            self.loses()
            self.assertEqual(["Network.enable"], [one["method"] for one in self.peer.take()])
            self.tells(LOADED)
        self.assertEqual(3, len(heard))

    def test_what_is_remembered_is_sent_before_what_waits(self):
        handler = self.handler(on_connect=[ENABLE])
        handler.execute_command(RELOAD)
        self.turn()
        self.assertEqual(
            ["Network.enable", "Page.reload"], [one["method"] for one in self.peer.take()]
        )

    def test_a_command_can_be_remembered_later(self):
        handler = self.opened()
        command = {"id": 5, "method": "Fetch.enable", "params": {"patterns": []}}
        asked = handler.add_on_connect(command)
        [sent] = self.peer.take()
        self.answers(sent["id"], fine=True)
        self.assertEqual({"id": 5, "result": {"fine": True}}, self.successResultOf(asked))
        command["params"]["patterns"].append("its caller's")
        self.loses()
        [again] = self.peer.take()
        self.assertEqual(sent | {"id": again["id"]}, again)

    def test_what_failed_is_not_remembered(self):
        handler = self.opened()
        asked = handler.add_on_connect(ENABLE)
        self.peer.says({"id": 1, "error": {"code": 1, "message": "no"}})
        self.failureResultOf(asked, CommandFailed)
        self.loses()
        self.assertEqual([], self.peer.take())

    def test_what_is_remembered_and_fails_later_is_logged(self):
        self.handler(on_connect=[ENABLE]).connect()
        self.turn()
        self.peer.says({"id": 1, "error": {"code": 1, "message": "no"}})
        self.assertEqual(["Network.enable failed: 1: no"], self.network.warnings)

    def test_what_is_remembered_can_be_forgotten(self):
        handler = self.opened(on_connect=[ENABLE, RELOAD])
        self.assertIs(True, handler.remove_on_connect(ENABLE))
        self.assertIs(False, handler.remove_on_connect(ENABLE))
        self.loses()
        self.assertEqual(["Page.reload"], [one["method"] for one in self.peer.take()])

    def test_who_cannot_connect_is_told_at_once(self):
        self.network.works = False
        handler = self.handler()
        for asked in (handler.execute_command(RELOAD), handler.connect(), handler.ping()):
            self.turn()
            error = self.failureResultOf(asked, ConnectionFailed).value
            self.assertEqual(
                "it could not be connected to browser.example:80: the network is down", str(error)
            )
            self.assertNotIsInstance(error, ReconnectionFailed)
        self.network.works = True
        handler.connect()
        self.turn()
        self.works(handler)

    def test_who_cannot_connect_again_is_told_after_all_attempts(self):
        """Whoever waits, and the log: perhaps nobody does."""
        handler = self.opened()
        self.network.works = False
        self.network.loses()
        asked = handler.execute_command(RELOAD, timeout=None)
        self.clock.pump([10] * 10)
        error = self.failureResultOf(asked, ReconnectionFailed).value
        told = "it could not be connected again to browser.example:80 in 4 attempts: the network is down"
        self.assertEqual(told, str(error))
        self.assertEqual([told], self.network.warnings)
        self.assertEqual(("closed", told), self.states[-1])
        self.assertEqual(1 + 4, len(self.network.attempts))
        self.clock.advance(1_000)
        self.assertEqual(1 + 4, len(self.network.attempts))

    def test_it_connects_anew_with_the_next_command(self):
        handler = self.opened(on_connect=[ENABLE])
        heard = self.hears(handler, LOADED)
        self.network.works = False
        self.network.loses()
        self.clock.pump([10] * 10)
        self.network.works = True
        handler.execute_command(RELOAD)
        self.turn()
        self.assertEqual(
            ["Network.enable", "Page.reload"], [one["method"] for one in self.peer.take()]
        )
        self.tells(LOADED)
        self.assertEqual(1, len(heard))

    def test_whoever_is_told_of_a_loss_may_do_anything_at_once(self):
        """Ask again, close, or close and ask again."""
        for then in (
            lambda handler: handler.execute_command(RELOAD),
            lambda handler: handler.ping(),
            lambda handler: handler.connect(),
            lambda handler: handler.close(),
            lambda handler: (handler.close(), handler.execute_command(RELOAD))[1],
        ):
            handler = self.opened()
            asked = handler.execute_command(RELOAD)
            asked.addErrback(lambda failure, then=then, handler=handler: then(handler))
            self.network.loses()
            self.clock.advance(1)
            if handler.state is State.OPEN:
                for ping in self.peer.pings:
                    self.peer.pongs(ping)
                self.answers(*(message["id"] for message in self.peer.take()))
            self.successResultOf(asked)
            handler.close()

    def test_a_watcher_may_open_again_what_was_given_up(self):
        handler = self.opened()
        again = []

        @handler.on_state
        def open_again(state, reason):
            if state is State.CLOSED:
                self.network.works = True
                again.append(handler.connect())

        self.network.works = False
        self.network.loses()
        self.clock.pump([10] * 10)
        self.successResultOf(again[0])
        self.works(handler)

    def test_it_waits_longer_each_time(self):
        self.network.chance = 1.0
        self.opened(attempts=6, longest_wait=10.0)
        self.network.works = False
        self.network.loses()
        self.clock.pump([10] * 10)
        self.assertEqual([1, 2, 4, 8, 10, 10], self.network.waits[:6])

    def test_a_peer_that_takes_and_hangs_up_is_not_tried_for_ever(self):
        handler = self.opened()
        for _ in range(5):
            self.loses()
        self.assertIs(State.CLOSED, handler.state)
        self.assertEqual(1 + 4, len(self.network.peers))

    def test_a_peer_that_has_said_something_is_tried_anew(self):
        for life in (lambda: self.tells(LOADED), lambda: self.peer.pongs(b"")):
            handler = self.opened()
            for _ in range(10):
                self.loses()
                life()
            self.assertIs(State.OPEN, handler.state)

    def test_a_command_does_not_wait_for_the_next_attempt(self):
        handler = self.opened(first_wait=100.0, longest_wait=100.0)
        self.network.loses()
        handler.execute_command(RELOAD)
        self.turn()
        self.assertEqual(1, len(self.peer.take()))


class SignsOfLifeTests(HandlerCase):
    def test_a_ping_takes_as_long_as_its_pong(self):
        handler = self.opened()
        asked = handler.ping()
        self.clock.advance(0.25)
        self.assertNoResult(asked)
        self.peer.pongs(self.peer.pings[-1])
        self.assertEqual(0.25, self.successResultOf(asked))

    def test_a_ping_connects(self):
        handler = self.handler()
        asked = handler.ping()
        self.turn()
        self.peer.pongs(self.peer.pings[-1])
        self.successResultOf(asked)

    def test_a_ping_without_a_pong_fails(self):
        """Whatever else the peer says (P2)."""
        handler = self.opened()
        asked = handler.ping(timeout=3)
        self.peer.pongs(b"another's")
        self.tells(LOADED)
        self.clock.advance(2.9)
        self.assertNoResult(asked)
        self.clock.advance(0.2)
        error = self.failureResultOf(asked, CommandTimeout).value
        self.assertEqual("no pong came in 3 s", str(error))
        self.peer.pongs(self.peer.pings[-1])
        self.works(handler)

    def test_a_ping_fails_with_the_connection(self):
        asked = self.opened().ping()
        self.network.loses()
        self.failureResultOf(asked, ConnectionLost)

    def test_pings_side_by_side_have_pongs_of_their_own(self):
        handler = self.opened()
        one, other = handler.ping(), handler.ping()
        self.peer.pongs(self.peer.pings[-1])
        self.successResultOf(other)
        self.assertNoResult(one)
        self.peer.pongs(self.peer.pings[-2])
        self.successResultOf(one)

    def test_a_ping_can_be_cancelled(self):
        handler = self.opened()
        asked = handler.ping()
        asked.addErrback(lambda _: "cancelled").cancel()
        self.assertEqual("cancelled", self.successResultOf(asked))
        self.peer.pongs(self.peer.pings[-1])
        self.works(handler)

    def test_a_time_that_is_none_is_told(self):
        handler = self.opened()
        for timeout in (0, -1, None, "5"):
            self.assertRaises(ValueError, handler.ping, timeout)

    def test_who_is_silent_is_asked_and_then_given_up(self):
        self.opened(heartbeat=25, silence=10)
        silent = self.peer
        self.clock.pump([25, 25])
        self.assertEqual(1, len(silent.pings))
        self.assertIsNone(silent.closed)
        self.clock.advance(10)
        self.assertEqual("aborted", silent.closed)
        self.assertEqual(("lost", "1006: the peer is silent"), self.states[-1])

    def test_who_says_anything_is_not_given_up(self):
        self.opened(heartbeat=25, silence=10)
        for say in itertools.islice(
            itertools.cycle([lambda: self.tells(LOADED), lambda: self.peer.pongs(b"alive?")]), 20
        ):
            self.clock.advance(24)
            say()
        self.assertIsNone(self.peer.closed)


class ClosingTests(HandlerCase):
    def test_what_waits_is_told_that_it_is_closed(self):
        handler = self.opened()
        asked = [handler.execute_command(RELOAD), handler.ping()]
        self.successResultOf(handler.close())
        self.assertEqual((1000, ""), self.peer.closed)
        for one in asked:
            error = self.failureResultOf(one, ConnectionLost).value
            self.assertEqual((1000, "the connection was closed"), (error.code, str(error)))
        self.assertEqual([], self.network.warnings)

    def test_callbacks_are_removed(self):
        handler = self.opened()
        heard = self.hears(handler, LOADED)
        self.peer.says({"method": LOADED})
        self.successResultOf(handler.close())
        handler.connect()
        self.turn()
        self.tells(LOADED)
        self.assertEqual([], heard)

    def test_it_stays_closed(self):
        handler = self.opened()
        self.successResultOf(handler.close())
        self.successResultOf(handler.close())
        self.clock.advance(1_000)
        self.assertEqual(1, len(self.network.peers))
        self.assertEqual(("closed", "closed by the application"), self.states[-1])

    def test_a_later_command_connects_again(self):
        handler = self.opened()
        self.successResultOf(handler.close())
        handler.connect()
        self.turn()
        self.works(handler)

    def test_a_callback_may_close_it(self):
        handler = self.opened()
        handler.register_callback(LOADED, lambda event: handler.close())
        self.tells(LOADED)
        self.assertIs(State.CLOSED, handler.state)

    def test_a_callback_that_still_commands_when_it_is_closed_is_no_failure(self):
        handler = self.opened()
        handler.register_callback(LOADED, lambda event: handler.execute_command(RELOAD))
        self.tells(LOADED)
        self.successResultOf(handler.close())
        self.assertEqual([], self.flushLoggedErrors())

    def test_it_is_closed_while_it_connects(self):
        handler = self.handler()
        asked = handler.execute_command(RELOAD)
        self.successResultOf(handler.close())
        self.failureResultOf(asked, ConnectionLost)
        self.clock.advance(1_000)
        self.assertEqual([], self.network.peers)

    def test_async_with_connects_and_closes(self):
        handler = self.handler()

        async def use():
            async with handler as connection:
                self.assertIs(handler, connection)
                self.assertIs(State.OPEN, connection.state)
                raise KeyError("mine")

        used = Deferred.fromCoroutine(use())
        self.turn()
        self.failureResultOf(used, KeyError)
        self.assertEqual((1000, ""), self.peer.closed)

    def test_async_with_tells_that_nobody_is_there(self):
        self.network.works = False
        entered = Deferred.fromCoroutine(self.handler().__aenter__())
        self.turn()
        self.failureResultOf(entered, ConnectionFailed)


class WatcherTests(HandlerCase):
    def test_each_state_is_told_and_why(self):
        handler = self.opened()
        self.loses(1001, "bye")
        self.assertEqual(
            [
                ("connecting", ""),
                ("open", ""),
                ("lost", "1001: bye"),
                ("resuming", ""),
                ("open", ""),
            ],
            self.states,
        )
        self.assertIs(State.OPEN, handler.state)

    def test_a_watcher_may_be_awaited_and_command(self):
        handler = self.handler()

        @handler.on_state
        async def begin(state, reason):
            if state is State.OPEN:
                await succeed(None)
                await handler.execute_command(ENABLE)

        handler.connect()
        self.turn()
        self.assertEqual(["Network.enable"], [one["method"] for one in self.peer.take()])

    def test_one_that_raises_is_logged_and_harms_nothing(self):
        handler = self.handler()

        @handler.on_state
        def fails(state, reason):
            raise ValueError("mine")

        handler.connect()
        self.turn()
        self.assertEqual(2, len(self.flushLoggedErrors(ValueError)))
        self.works(handler)
        self.assertRaises(TypeError, handler.on_state, None)
