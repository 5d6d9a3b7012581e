"""Handlers on real sockets, in both worlds, against a browser that does what it is told."""

import errno
import socket
import ssl
import tempfile
from pathlib import Path

from aiorest_gw.client import Patience, State

from ..end_to_end.certificates import make_certificate
from .browsers import HOST, DeafBrowser, ScriptedBrowser
from .worlds import OnAsyncio, OnTwisted

LOADED, PAUSED = "Page.loadEventFired", "Fetch.requestPaused"
PATIENT = Patience(attempts=50, first_wait=0.02, longest_wait=0.2)


def does(what, **params):
    return {"method": f"Script.{what}", "params": params}


class Promises:
    """What is promised in both worlds."""

    def browser(self, *args, **options):
        browser = ScriptedBrowser(*args, **options)
        self.addCleanup(browser.stop)
        return browser

    def heard(self, handler, name):
        """The next event of a name, which may be awaited."""
        event, came = self.something()
        return self.started(handler.register_callback(name, came, temporary=True)), event

    def reached(self, handler, wanted):
        """That its connection comes into a state, from now on."""
        reached, reach = self.something()
        states = []

        def watch(state, reason):
            states.append(state)
            if states.count(wanted) == 1 and state is wanted:
                reach(reason)

        handler.on_state(watch)
        return reached

    async def failure(self, error, awaitable):
        """The text of the error that it ends with."""
        with self.assertRaises(error) as raised:
            await awaitable
        return str(raised.exception)

    async def test_a_port_leads_to_the_browser_and_a_page_to_the_page(self):
        browser = self.browser()
        for page, path in (
            ("browser", browser.path),
            (None, browser.path),
            ("AB", "/devtools/page/AB"),
        ):
            async with self.handler(browser.port, page) as connection:
                answer = await connection.execute_command({"method": "Page.reload"})
                self.assertEqual("Page.reload", answer["result"]["method"])
            self.assertEqual(path, browser.visits[-1][0])

    async def test_an_address_is_taken_with_its_query_and_headers_also_again(self):
        """Whoever shows a token with the first connection shows it with each."""
        browser = self.browser(token="Bearer x")
        handler = self.handler(
            ws_address=f"{browser.url}?token=y", headers={"Authorization": "Bearer x"},
            patience=PATIENT,
        )  # fmt: skip
        for _ in range(3):
            await handler.connect()
            with self.assertRaises(self.client.ConnectionLost):
                await handler.execute_command(does("hangUp"))
        self.assertGreaterEqual(len(browser.visits), 3)
        for path, headers in browser.visits:
            self.assertEqual(f"{browser.path}?token=y", path)
            self.assertEqual(["Bearer x"], headers.get_all("Authorization"))

    async def test_the_application_may_find_the_address(self):
        browser = self.browser()
        asked = []

        def at_once(port):
            asked.append(port)
            return browser.url

        async def later(port):
            return at_once(port)

        for resolver in (at_once, later):
            async with self.handler(9, "browser", resolver) as connection:
                await connection.execute_command({"method": "Page.reload"})
        self.assertEqual([9, 9], asked)

    async def test_two_hundred_commands_run_side_by_side(self):
        handler = self.handler(self.browser().port)
        command = {"id": 3, "method": "Page.reload"}
        answers = await self.together(
            *(handler.execute_command(command | {"params": {"n": n}}) for n in range(200))
        )
        self.assertEqual([*range(200)], [answer["result"]["n"] for answer in answers])
        self.assertEqual({3}, {answer["id"] for answer in answers})
        several = await handler.execute_commands([command] * 200)
        self.assertEqual(200, len(several))
        self.assertEqual({"id": 3, "method": "Page.reload"}, command)

    async def test_a_callback_commands_and_waits_for_other_events(self):
        browser = self.browser()
        handler = self.handler(browser.port)
        ended, end = self.something()

        async def paused(event):
            registered, loaded = self.heard(handler, LOADED)
            await registered
            await handler.execute_command(does("tell", events=[{"method": LOADED, "params": {}}]))
            end([event["method"], (await loaded)["method"]])

        await handler.register_callback(PAUSED, paused)
        await handler.execute_command(does("tell", events=[{"method": PAUSED, "params": {}}]))
        self.assertEqual([PAUSED, LOADED], await self.within(ended))

    async def test_the_connection_is_made_again_without_a_command(self):
        """And what makes the browser tell is said again."""
        browser = self.browser()
        enable = {"method": "Page.enable"}
        handler = self.handler(browser.port, on_connect=[enable], patience=PATIENT)
        async with handler:
            await handler.execute_command_nowait(does("ignore"))
            opened = self.reached(handler, State.OPEN)
            with self.assertRaises(self.client.ConnectionLost):
                await handler.execute_command(does("hangUp"), timeout=None)
            await self.within(opened)
            await handler.execute_command({"method": "Page.reload"})
        self.assertEqual(2, [one["method"] for one in browser.commands].count("Page.enable"))
        self.assertEqual("Page.reload", browser.commands[-1]["method"])

    async def test_a_browser_that_is_started_again_is_found(self):
        browser = ScriptedBrowser()
        handler = self.handler(browser.port, patience=PATIENT)
        registered, loaded = self.heard(handler, LOADED)
        await registered
        await handler.execute_command({"method": "Page.reload"})
        running = self.started(handler.execute_command(does("ignore"), timeout=None))
        await handler.execute_command({"method": "Page.reload"})
        browser.stop()
        with self.assertRaises(self.client.ConnectionLost):
            await self.within(running)
        again = self.browser(browser.port)
        await handler.execute_command(does("tell", events=[{"method": LOADED, "params": {}}]))
        self.assertEqual(LOADED, (await self.within(loaded))["method"])
        self.assertEqual(again.path, again.visits[-1][0])
        self.assertNotEqual(browser.path, again.path)

    async def test_who_cannot_connect_again_is_told(self):
        browser = ScriptedBrowser()
        patience = Patience(attempts=3, first_wait=0.02, longest_wait=0.02)
        handler = self.handler(browser.port, patience=patience)
        lost = self.reached(handler, State.LOST)
        try:
            await handler.execute_command({"method": "Page.reload"})
        finally:
            browser.stop()
        await self.within(lost)
        error = await self.failure(
            self.client.ReconnectionFailed, handler.execute_command({"method": "Page.reload"})
        )
        self.assertIn("it could not be connected again in 3 attempts", error)

    async def test_a_ping_waits_for_its_pong(self):
        handler = self.handler(self.browser().port)
        took = await handler.ping()
        self.assertTrue(0 < took < 10, took)
        deaf = DeafBrowser()
        self.addCleanup(deaf.stop)
        handler = self.handler(ws_address=deaf.url)
        await self.failure(self.client.CommandTimeout, handler.ping(0.1))
        self.assertIs(State.OPEN, handler.state)
        # Who does not close either is cut off.
        await self.within(handler.close())
        self.assertIs(State.CLOSED, handler.state)

    async def test_a_command_that_is_cancelled_disturbs_nothing(self):
        handler = self.handler(self.browser().port)
        await handler.connect()
        running = self.started(handler.execute_command(does("ignore"), timeout=None))
        # By now it was sent.
        await handler.execute_command({"method": "Page.reload"})
        running.cancel()
        self.assertTrue(await self.ended(running))
        await handler.execute_command({"method": "Page.reload"})

    async def test_messages_that_are_none_harm_nothing(self):
        """Binary ones too."""
        handler = self.handler(self.browser().port)
        none = ["no JSON", "[]", "5", '{"id": 99}', '{"method": 5}', "", '{"method": "Page.x"']
        answer = await handler.execute_command(does("tell", payloads=none))
        self.assertEqual("Script.tell", answer["result"]["method"])
        error = await self.failure(self.client.CommandFailed, handler.execute_command(does("fail")))
        self.assertEqual("-1: told to", error)

    async def test_large_messages_and_those_in_pieces_are_read(self):
        for compression in (False, True):
            browser = self.browser(compression="deflate" if compression else None)
            handler = self.handler(browser.port, compression=compression)
            for way in ("tell", "fragment"):
                answer = await handler.execute_command(does(way, size=3_000_000))
                self.assertEqual(3_000_000, len(answer["result"]["x"]))

    async def test_a_message_beyond_the_bound_ends_the_connection(self):
        handler = self.handler(self.browser().port, max_message_size=10_000, patience=PATIENT)
        for way in ("tell", "fragment"):
            told = await self.failure(
                self.client.ConnectionLost,
                handler.execute_command(does(way, size=20_000), timeout=None),
            )
            self.assertRegex(told, r"\(1009(: [^b].*)?\)$")
        answer = await handler.execute_command(does("tell", size=5_000))
        self.assertEqual(5_000, len(answer["result"]["x"]))

    async def test_over_tls(self):
        certificate, key = make_certificate(Path(self.enterContext(tempfile.TemporaryDirectory())))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        browser = self.browser(tls=context)
        address = f"wss://localhost:{browser.port}{browser.path}"
        async with self.handler(ws_address=address, tls=self.trusting(certificate)) as connection:
            await connection.execute_command(does("tell", size=1_000_000))
        error = await self.failure(
            self.client.ConnectionFailed, self.handler(ws_address=address).connect()
        )
        self.assertIn("certificate", error)

    async def test_what_is_in_the_way_of_a_connection_is_told(self):
        browser = self.browser(token="Bearer x")
        free = socket.create_server((HOST, 0))
        port = free.getsockname()[1]
        free.close()
        page = self.browser()
        page.version = "<html>"
        for options, told in (
            ({"connection_port": port}, str(errno.ECONNREFUSED)),
            ({"ws_address": f"ws://{HOST}:{port}/"}, str(errno.ECONNREFUSED)),
            ({"ws_address": "ws://nowhere.invalid/"}, ""),
            ({"ws_address": browser.url}, "401"),
            ({"connection_port": browser.port, "headers": {"Authorization": "y"}}, "401"),
            ({"ws_address": f"ws://{HOST}:{page.port}/elsewhere"}, "404"),
            ({"connection_port": page.port}, "no browser with the DevTools Protocol"),
        ):
            handler = self.handler(**options)
            for asked in (handler.connect, handler.ping):
                error = await self.failure(self.client.ConnectionFailed, asked())
                self.assertIn(told, error)

    async def test_it_is_closed_in_order(self):
        browser = self.browser()
        handler = self.handler(browser.port)
        await handler.connect()
        asked = self.started(handler.execute_command(does("ignore"), timeout=None))
        await handler.execute_command({"method": "Page.reload"})
        await handler.close()
        with self.assertRaises(self.client.ConnectionLost):
            await asked
        browser.stop()
        self.assertEqual([1000], browser.closed)

    async def test_a_name_that_leads_nowhere_is_told_before_anything_connects(self):
        for options, told in (
            ({}, "the port"),
            ({"connection_port": 0}, "1 to 65535"),
            ({"connection_port": "9222"}, "1 to 65535"),
            ({"connection_port": 9222, "page_id": 5}, "id of its target"),
            ({"connection_port": 9222, "page_id": "a b"}, "percent-escaped"),
            ({"ws_address": "http://localhost:9222"}, "ws://localhost:9222"),
            ({"ws_address": 9222}, "a text"),
        ):
            with self.assertRaisesRegex((TypeError, ValueError), told):
                self.client.ConnectionHandler(**options)


class TwistedTests(Promises, OnTwisted):
    timeout = 60


class AsyncioTests(Promises, OnAsyncio):
    pass
