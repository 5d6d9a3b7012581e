"""The chat's script for pages, in node: answers in parts, and requests of the gateway."""

import json
import shutil
import subprocess

from twisted.trial.unittest import SynchronousTestCase

from .gateways import LISTEN, PATIENCE, ROOT, running

COMMAND = ["aiorest-gw", "serve", "--app", "tests.end_to_end.asking:make_factory", *LISTEN]
NODE = shutil.which("node")
SCRIPT = ROOT / "examples" / "chat" / "page" / "gateway.js"
# What the tests have: a gateway, its sockets, and what cuts its connection or loses what is sent.
AROUND = """
const sockets = [];
let deaf = false;
globalThis.WebSocket = class extends WebSocket {
  constructor(...how) { super(...how); sockets.push(this); }
  send(text) { if (!deaf) super.send(text); }
};
Math.random = () => 0;  // It comes back at once.
const cut = () => {
  const { onclose } = sockets.at(-1);
  Object.assign(sockets.at(-1), { onmessage: null, onclose: null }).close();
  onclose({ code: 1006, reason: "" });
};
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const gateway = new Gateway(ADDRESS);
const pushes = [];
gateway.onpush = (push) => pushes.push(push);
gateway.connect();
const found = JSON.stringify(await (async () => { BODY })());
process.stdout.write(found, () => process.exit());
"""


def has_websockets():
    """From 20.10 on, where it is asked for."""
    found = [NODE, "--experimental-websocket", "-p", "typeof WebSocket"]
    done = subprocess.run(found, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.stdout.strip() == "function"


class ScriptTests(SynchronousTestCase):
    if NODE is None or not has_websockets():
        skip = "no node with WebSocket here"

    def run_script(self, body, command=COMMAND):
        """What the body of a function returns, in JSON."""
        with running(command, ROOT) as gateway:
            around = AROUND.replace("BODY", body).replace("ADDRESS", json.dumps(gateway.url))
            done = subprocess.run(
                [NODE, "--experimental-websocket", "--input-type=module", "-"],
                input=SCRIPT.read_text() + around,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def test_an_answer_in_parts_is_handed_on_part_by_part_or_as_a_list(self):
        parts, end, whole, failed, pushed = self.run_script("""
            const parts = [];
            const end = await gateway.ask("GET", "/count/3000", null, { onpart: (part) => parts.push(part) });
            const whole = await gateway.ask("GET", "/count/3");
            const failed = await gateway.ask("GET", "/broken").catch((error) => error.status);
            return [parts, end, whole, failed, pushes.length];
        """)
        self.assertEqual([*range(3000)], parts)
        self.assertEqual((None, [0, 1, 2], 504, 0), (end, whole, failed, pushed))

    def test_its_parts_come_once_and_in_order_whatever_the_connection_does(self):
        parts, connections = self.run_script("""
            const parts = [];
            const onpart = (part) => { parts.push(part); if (part % 500 === 250) cut(); };
            await gateway.ask("GET", "/count/2000", null, { onpart });
            return [parts, sockets.length];
        """)
        self.assertEqual(([*range(2000)], 5), (parts, connections))

    def test_a_request_may_be_cancelled_also_while_the_connection_is_lost(self):
        statuses = self.run_script("""
            const cancelled = async (act) => {
              const aborting = new AbortController();
              const onpart = (part) => { if (part === 3) act(aborting); };
              return await gateway.ask("GET", "/endless", null, { onpart, signal: aborting.signal })
                .catch((error) => error.status);
            };
            const statuses = [
              await cancelled((aborting) => aborting.abort()),
              await cancelled((aborting) => { cut(); setTimeout(() => aborting.abort(), 0); }),
            ];
            const aborted = AbortSignal.abort();
            const before = gateway.ask("GET", "/endless", null, { signal: aborted });
            return [...statuses, await before.catch((error) => error.status)];
        """)
        self.assertEqual([499, 499, 499], statuses)

    def test_requests_of_the_gateway_are_answered(self):
        nobody, answered, later, refused, failed, pushed = self.run_script("""
            const nobody = await gateway.ask("GET", "/asks/x");
            gateway.onrequest = async ({ method, url, data }) => {
              if (url === "/no") throw Object.assign(new Error("not here"), { status: 404 });
              if (url === "/fails") throw new Error("wrong");
              if (url === "/later") await pause(50);
              return [method, url, data];
            };
            const asked = ["/here", "/later", "/no", "/fails"].map((url) => gateway.ask("GET", `/asks${url}`));
            return [nobody, ...await Promise.all(asked), pushes.length];
        """)
        self.assertEqual([501, "nobody answers requests here"], nobody)
        self.assertEqual(["GET", "/here", "please"], answered)
        self.assertEqual(["GET", "/later", "please"], later)
        self.assertEqual([[404, "not here"], [500, "wrong"]], [refused, failed])
        self.assertEqual(0, pushed)

    def test_they_are_done_once_and_answered_again_where_the_answer_was_lost(self):
        answers, ran = self.run_script("""
            const ran = [];
            gateway.onrequest = async ({ url }) => {
              ran.push(url);
              if (url === "/lost") { deaf = true; setTimeout(() => { deaf = false; cut(); }, 50); }
              if (url === "/away") { cut(); await pause(5); }
              if (url === "/slow") { setTimeout(cut, 20); await pause(600); }
              return url;
            };
            const answers = [];
            for (const url of ["/lost", "/away", "/slow"]) answers.push(await gateway.ask("GET", `/asks${url}`));
            return [answers, ran];
        """)
        self.assertEqual((["/lost", "/away", "/slow"],) * 2, (answers, ran))

    def test_where_there_are_too_many_sessions_it_comes_back_later(self):
        states = self.run_script(
            """
            const second = new Gateway(ADDRESS), states = [];
            await gateway.ask("GET", "/~/ping");
            await new Promise((resolve) => {
              second.onstate = (state) => {
                states.push(state);
                if (state === "away") gateway.leave();
                if (state === "connected") resolve();
              };
              second.connect();
            });
            second.leave();
            return states;
            """,
            [*COMMAND[:3], "tests.end_to_end.asking:make_full_factory", *LISTEN],
        )
        self.assertEqual(("away", "connected"), (states[0], states[-1]))

    def test_one_that_the_gateway_gives_up_is_told_so(self):
        answer, aborted, pushed = self.run_script("""
            let aborted = false;
            gateway.onrequest = (request, signal) => new Promise((resolve) => {
              signal.onabort = () => { aborted = true; resolve(); };
            });
            const answer = await gateway.ask("GET", "/asks/x?deadline=0.1");
            await gateway.ask("GET", "/~/ping");
            return [answer, aborted, pushes.length];
        """)
        self.assertEqual(("too late", True, 0), (answer, aborted, pushed))

    def test_no_more_requests_are_open_than_the_gateway_takes(self):
        """So thousands may be asked for at once."""
        answers = self.run_script("""
            const asked = Array.from({ length: 6000 }, () => gateway.ask("GET", "/~/ping"));
            return (await Promise.all(asked)).length;
        """)
        self.assertEqual(6000, answers)
