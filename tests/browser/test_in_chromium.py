"""The JavaScript client in Chromium, against a gateway behind a network that fails."""

import json
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.testing import FlakyProxy
from tests.end_to_end.browser import CHROMIUM, pages
from tests.end_to_end.gateways import LISTEN, ROOT, running

from .scripts import NODE, PACKAGES

COMMAND = ["aiorest-gw", "serve", "--app", "tests.browser.application:make_factory", *LISTEN]


class ChromiumTests(SynchronousTestCase):
    if CHROMIUM is None:
        skip = "no Chromium here"
    elif NODE is None or not PACKAGES.exists():
        skip = "no node with playwright-core here"

    timeout = 120

    def run_in_page(self, body):
        """What the body of a function returns in a page."""
        with running(COMMAND, ROOT, measured=False) as gateway, FlakyProxy(gateway.port) as proxy:
            given = {
                "address": f"http://127.0.0.1:{proxy.port}",
                "executablePath": CHROMIUM,
                "body": body,
            }
            process = subprocess.Popen(
                [NODE, "drive.mjs", json.dumps(given)],
                cwd=Path(__file__).parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                return self.follow(process, proxy)
            finally:
                process.kill()
                process.communicate()

    def follow(self, process, proxy):
        for line in process.stdout:
            told = json.loads(line)
            if "found" in told:
                self.assertEqual([], told["failures"])
                return told["found"]
            if told["action"] != "work":
                proxy.refuse()
            if told["action"] != "fail":
                proxy.heal()
            process.stdin.write("\n")
            process.stdin.flush()
        return self.fail(process.stderr.read())

    def test_requests_are_answered_and_pushes_heard(self):
        answers, failed, heard, all_heard = self.run_in_page("""
            const gw = await connect(address);
            const heard = [], all = [];
            gw.on("pushed", (push) => heard.push(push.data));
            const stop = gw.on("*", (push) => { all.push(push.event_name); stop(); });
            await gw.post("/push", "one");
            await gw.post("/push", { two: 2 });
            const answers = [(await gw.post("/mirror", [1], { args: { a: "b" } })).slice(0, 3), await gw.ping() > 0];
            const failed = await gw.get("/nowhere").catch((error) => [error instanceof GatewayError, error.status]);
            return [answers, failed, heard, all];
        """)
        self.assertEqual([["POST", {"a": "b"}, [1]], True], answers)
        self.assertEqual([True, 404], failed)
        self.assertEqual((["one", {"two": 2}], ["pushed"]), (heard, all_heard))

    def test_ten_thousand_pushes_come_once_and_in_order_while_the_connection_is_cut(self):
        numbers, cuts = self.run_in_page("""
            const gw = await connect(address), numbers = [];
            let cuts = 0;
            gw.handles("/ready", () => true);
            gw.on("~/resumed", () => { cuts += 1; });
            const done = gw.post("/pushes", 10_000, { deadline: 60_000 });
            for await (const { data } of gw.events("numbers")) {
              numbers.push(data);
              if (data === 9999) break;
              if (data % 2000 !== 999) continue;
              const before = cuts;
              await network("cut");
              await until(() => cuts > before);
            }
            await done;
            return [numbers, cuts];
        """)
        self.assertEqual([*range(10_000)], numbers)
        self.assertEqual(5, cuts)

    def test_streams_come_part_by_part_and_are_cancelled_by_leaving_them(self):
        parts, left, open_requests = self.run_in_page("""
            const gw = await connect(address), parts = [], left = [];
            for await (const part of gw.stream("/count/1000")) {
              parts.push(part);
              if (part === 300) network("cut");
            }
            for await (const part of gw.stream("/endless")) if (left.push(part) === 3) break;
            await gw.ping();
            return [parts, left, await gw.get("/open")];
        """)
        self.assertEqual([*range(1000)], parts)
        self.assertEqual(([1, 2, 3], 0), (left, open_requests))

    def test_a_signal_cancels(self):
        name, open_requests = self.run_in_page("""
            const gw = await connect(address);
            const error = await gw.get("/endless", { signal: AbortSignal.timeout(50) }).catch((error) => error);
            await gw.ping();
            return [error.name, await gw.get("/open")];
        """)
        self.assertEqual(("TimeoutError", 0), (name, open_requests))

    def test_a_session_goes_on_where_it_was_cut_and_each_request_is_done_once(self):
        states, ran, same = self.run_in_page("""
            const gw = await connect(address), states = [];
            gw.on("~/state", ({ state }) => states.push(state));
            const { session_id } = gw.session;
            const asked = Array.from({ length: 200 }, (_, number) => gw.post("/ran", number));
            await network("fail");
            await until(() => gw.state === "lost");
            asked.push(gw.post("/ran", 200));
            await network("work");
            await Promise.all(asked);
            return [states, await gw.get("/ran"), gw.session.session_id === session_id];
        """)
        self.assertEqual(
            ("lost", "open", {"lost", "resuming", "open"}), (states[0], states[-1], {*states})
        )
        self.assertEqual(([*range(201)], True), (ran, same))

    def test_a_tab_that_is_hidden_does_not_come_back_until_it_is_seen(self):
        with running(COMMAND, ROOT, measured=False) as gateway, FlakyProxy(gateway.port) as proxy:
            script = f"http://127.0.0.1:{proxy.port}/aiorest-gw.js"
            # Without playwright, which lets every tab believe that it is in front.
            with pages(script, script) as (tab, other):
                tab.command("Page.bringToFront")
                tab.run("""
                    import("/aiorest-gw.js").then(async (client) => {
                      globalThis.attempts = 0;
                      globalThis.WebSocket = class extends WebSocket {
                        constructor(...how) { super(...how); attempts += 1; }
                      };
                      Math.random = () => 0.1;
                      globalThis.gw = await client.connect(location.origin);
                    })
                """)
                other.command("Page.bringToFront")
                tab.until("document.visibilityState === 'hidden'")
                # The connection that is open stays.
                self.assertEqual(
                    ["pong", 1], tab.run("gw.get('/~/ping').then((p) => [p, attempts])")
                )
                proxy.refuse()
                proxy.heal()
                tab.until("gw.state === 'lost'")
                # Within this time it would have come back.
                tab.run("new Promise((resolve) => setTimeout(resolve, 300))")
                self.assertEqual(["lost", 1], tab.run("[gw.state, attempts]"))
                tab.command("Page.bringToFront")
                self.assertEqual(
                    ["pong", 2], tab.run("gw.get('/~/ping').then((p) => [p, attempts])")
                )

    def test_the_network_that_returns_is_used_at_once(self):
        waited = self.run_in_page("""
            const gw = await connect(address);
            await network("fail");
            Math.random = () => 100;
            await until(() => gw.state === "lost");
            await network("work");
            const began = performance.now();
            dispatchEvent(new Event("online"));
            await gw.ping();
            return performance.now() - began;
        """)
        self.assertLess(waited, 5_000)
