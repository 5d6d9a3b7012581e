"""The JavaScript client in node: requests, streams, requests of the gateway, and losing the connection."""

import json

from twisted.trial.unittest import SynchronousTestCase

from tests.end_to_end.gateways import LISTEN, ROOT, running

from .scripts import found, has_websockets, importing, run_in_node

COMMAND = ["aiorest-gw", "serve", "--app", "tests.end_to_end.asking:make_factory", *LISTEN]
NAMES = (
    "connect",
    "GatewayClient",
    "GatewayError",
    "ConnectionLost",
    "SessionLost",
    "CommandTimeout",
)
# What the tests have: a gateway, its sockets, and what cuts its connection or loses what is sent.
AROUND = """
const sockets = [];
let deaf = false;
globalThis.WebSocket = class extends WebSocket {
  constructor(...how) { super(...how); sockets.push(this); }
  send(text) { if (!deaf) super.send(text); }
};
Math.random = () => 0;  // It comes back at once.
const cut = (code = 1006, reason = "") => {
  const { onclose } = sockets.at(-1);
  Object.assign(sockets.at(-1), { onmessage: null, onclose: null }).close();
  onclose({ code, reason });
};
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const failure = (promise) => promise.then(() => "no failure", (error) => error);
const list = async (values) => { const all = []; for await (const one of values) all.push(one); return all; };
const ADDRESS = GIVEN;
const told = [];
const gw = new GatewayClient(ADDRESS, OPTIONS);
for (const name of ["~/state", "~/resumed", "~/lost"]) gw.on(name, (event) => told.push(event.state ?? name));
const pushes = [];
gw.on("*", (push) => pushes.push(push));
const result = JSON.stringify(await (async () => { BODY })());
process.stdout.write(result, () => process.exit());
"""


class NodeTestCase(SynchronousTestCase):
    if not has_websockets():
        skip = "no node with WebSocket here"

    def run_script(self, body, command=COMMAND, options="{}", **variables):
        """What the body of a function returns, in JSON."""
        with running(command, ROOT, measured=False, **variables) as gateway:
            around = AROUND.replace("BODY", body).replace("OPTIONS", options)
            around = around.replace("GIVEN", json.dumps(gateway.url))
            return found(run_in_node(importing(*NAMES) + around))


class StreamTests(NodeTestCase):
    def test_an_answer_in_parts_is_handed_on_part_by_part_or_as_a_list(self):
        parts, whole, one, pushed = self.run_script("""
            const parts = await list(gw.stream("/count/3000"));
            const whole = await gw.get("/count/3");
            return [parts, whole, await list(gw.stream("/~/ping")), pushes.length];
        """)
        self.assertEqual([*range(3000)], parts)
        self.assertEqual(([0, 1, 2], ["pong"], 0), (whole, one, pushed))

    def test_one_that_fails_gives_its_parts_and_then_the_failure(self):
        parts, failed, whole = self.run_script("""
            const parts = [], reading = async () => { for await (const one of gw.stream("/broken")) parts.push(one); };
            const { status, detail, name } = await failure(reading());
            return [parts, [status, detail, name], (await failure(gw.get("/broken"))).status];
        """)
        self.assertEqual(([1], [504, "no more", "GatewayError"], 504), (parts, failed, whole))

    def test_its_parts_come_once_and_in_order_whatever_the_connection_does(self):
        parts, connections = self.run_script("""
            const parts = [];
            for await (const part of gw.stream("/count/2000")) { parts.push(part); if (part % 500 === 250) cut(); }
            return [parts, sockets.length];
        """)
        self.assertEqual([*range(2000)], parts)
        # The last cut may come behind the last part.
        self.assertIn(connections, (4, 5))

    def test_leaving_the_loop_cancels_the_request(self):
        seen, places = self.run_script("""
            const seen = [];
            for (let round = 0; round < 100; round++) {
              for await (const part of gw.stream("/endless")) { seen.push(part); break; }
            }
            // More were begun than may be open at the same time.
            return [seen, await gw.get("/~/ping")];
        """)
        self.assertEqual(([1] * 100, "pong"), (seen, places))

    def test_who_reads_too_slowly_gets_what_was_kept_and_is_told(self):
        whole, parts, slow = self.run_script(
            """
            const values = gw.stream("/count/3000");
            await gw.get("/count/2");
            const parts = [];
            const read = async () => { for await (const one of values) parts.push(one); };
            const slow = await failure(read());
            return [await failure(gw.get("/count/20")).then((error) => error.name), parts, slow.message];
            """,
            options="{ maxQueue: 10 }",
        )
        self.assertEqual(("GatewayError", [*range(10)]), (whole, parts))
        self.assertEqual("Too slow", slow)


class CancelTests(NodeTestCase):
    def test_a_request_may_be_cancelled_also_while_the_connection_is_lost(self):
        names, left = self.run_script("""
            const cancelled = async (act) => {
              const aborting = new AbortController();
              const asked = failure(gw.get("/endless", { signal: aborting.signal }));
              await gw.ping();
              act(aborting);
              return (await asked).name;
            };
            const names = [
              await cancelled((aborting) => aborting.abort()),
              await cancelled((aborting) => { cut(); aborting.abort(); }),
              (await failure(gw.get("/endless", { signal: AbortSignal.abort() }))).name,
              (await failure(gw.get("/endless", { signal: AbortSignal.abort(new RangeError("why")) }))).name,
            ];
            await gw.ping();
            return [names, await gw.get("/open")];
        """)
        self.assertEqual((["AbortError"] * 3 + ["RangeError"], 0), (names, left))

    def test_one_that_waits_for_its_turn_is_never_sent(self):
        error, ran = self.run_script("""
            const aborting = new AbortController();
            cut();
            const asked = failure(gw.post("/ran", 1, { signal: aborting.signal }));
            aborting.abort();
            await gw.ping();
            return [(await asked).name, await gw.get("/ran")];
        """)
        self.assertEqual(("AbortError", []), (error, ran))

    def test_a_deadline_is_kept_without_a_connection_too(self):
        """With one, the gateway may be the first to say so."""
        errors = self.run_script("""
            await gw.ping();
            const first = await failure(gw.get("/endless", { deadline: 50 }));
            sockets.at(-1).onclose = null;
            deaf = true;
            const second = await failure(gw.get("/~/ping", { deadline: 50 }));
            return [[first.name, first.status ?? 504], [second.name, second instanceof GatewayError]];
        """)
        self.assertIn(errors[0], (["CommandTimeout", 504], ["GatewayError", 504]))
        self.assertEqual(["CommandTimeout", True], errors[1])


class RequestTests(NodeTestCase):
    def test_what_is_asked_arrives_as_it_was_given(self):
        answers = self.run_script("""
            const data = { n: 1 };
            const options = { args: { a: 1 }, eventName: "e", headers: { h: "v" } };
            cut();  // So that it is sent later than it was asked.
            const asked = gw.post("/mirror", data, options);
            data.n = 2;
            return [await asked, await gw.put("/mirror", [1]), await gw.patch("/mirror", null),
                    await gw.delete("/mirror"), await gw.request("GET", "/mirror")];
        """)
        first, *others = answers
        self.assertEqual(["POST", {"a": 1}, {"n": 1}, "e", {"h": "v"}], first)
        self.assertEqual(["PUT", "PATCH", "DELETE", "GET"], [one[0] for one in others])

    def test_a_failing_answer_rejects_with_its_status_detail_and_errors(self):
        nowhere, wrong = self.run_script("""
            const shown = ({ name, status, detail, errors, message }) => [name, status, detail, errors, message];
            return [shown(await failure(gw.get("/nowhere"))), shown(await failure(gw.get("/count/x/y")))];
        """)
        text = "For URL, typed in request, handler not specified."
        self.assertEqual(["GatewayError", 404, text, None, text], nowhere)
        self.assertEqual(404, wrong[1])

    def test_no_more_requests_are_open_than_the_gateway_takes(self):
        """So thousands may be asked for at once, and a ping gets through while the gateway works on all."""
        answers, failed = self.run_script(
            """
            const asked = Array.from({ length: 6000 }, () => gw.get("/~/ping"));
            const answers = (await Promise.all(asked)).length;
            const slow = Array.from({ length: 70 }, () => gw.get("/slow"));
            await Promise.all(slow);
            return [answers, told];
            """,
            options="{ heartbeat: 300 }",
        )
        self.assertEqual((6000, ["open"]), (answers, failed))

    def test_what_cannot_be_sent_is_told_and_harms_nothing(self):
        errors, numbers = self.run_script("""
            const circle = {};
            circle.circle = circle;
            await gw.ping();
            const wrong = [1n, circle, "x".repeat(2 ** 20), "é".repeat(2 ** 19)];
            const errors = await Promise.all(wrong.map((data) => failure(gw.post("/mirror", data))));
            return [errors.map((error) => error.status ?? error.name), [await gw.ping() > 0, sockets.length]];
        """)
        self.assertEqual((["TypeError", "TypeError", 413, 413], [True, 1]), (errors, numbers))

    def test_keys_named_proto_change_nothing(self):
        same, polluted = self.run_script("""
            const text = '{"__proto__": {"status": 200, "polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}';
            gw.handles("/{__proto__}", (request) => Object.getPrototypeOf(request.params)?.polluted ?? "none");
            const answer = (await gw.post("/mirror", JSON.parse(text)))[2];
            gw.on("__proto__", () => {});
            await gw.post("/push", JSON.parse(text));
            await gw.ping();
            const asked = await gw.get("/asks/constructor");
            return [JSON.stringify(answer) === text.replaceAll(" ", ""), [{}.polluted ?? null, asked, pushes.length]];
        """)
        self.assertEqual((True, [None, "none", 1]), (same, polluted))


class AnsweringTests(NodeTestCase):
    def test_requests_of_the_gateway_are_answered(self):
        nobody, answered, later, refused, failed, param = self.run_script("""
            const nobody = await gw.get("/asks/x");
            gw.handles("/here", ({ method, url, data }) => [method, url, data]);
            gw.handles("/later", async ({ method, url, data }) => { await pause(50); return [method, url, data]; });
            gw.handles("/no", () => { throw new GatewayError("not here", { status: 404 }); });
            gw.handles("/fails", () => { throw new Error("wrong"); });
            gw.handles("/users/{name}", ({ params }) => params.name);
            const asked = ["here", "later", "no", "fails", "users%2FJ%25C3%25BCrg"].map((name) => gw.get(`/asks/${name}`));
            return [nobody, ...await Promise.all(asked)];
        """)
        self.assertEqual(404, nobody[0])
        self.assertEqual(["GET", "/here", "please"], answered)
        self.assertEqual(["GET", "/later", "please"], later)
        self.assertEqual([[404, "not here"], [500, "wrong"]], [refused, failed])
        self.assertEqual("Jürg", param)

    def test_who_stops_to_handle_is_not_asked_any_more(self):
        self.assertEqual(
            ["x", 404],
            self.run_script("""
                const stop = gw.handles("/x", () => "x");
                const first = await gw.get("/asks/x");
                stop();
                return [first, (await gw.get("/asks/x"))[0]];
            """),
        )

    def test_they_are_done_once_and_answered_again_where_the_answer_was_lost(self):
        answers, ran = self.run_script("""
            const ran = [];
            gw.handles("/{name}", async ({ url }) => {
              ran.push(url);
              if (url === "/lost") { deaf = true; setTimeout(() => { deaf = false; cut(); }, 50); }
              if (url === "/away") { cut(); await pause(5); }
              if (url === "/slow") { setTimeout(cut, 20); await pause(600); }
              return url;
            });
            const answers = [];
            for (const url of ["/lost", "/away", "/slow"]) answers.push(await gw.get(`/asks${url}`));
            return [answers, ran];
        """)
        self.assertEqual((["/lost", "/away", "/slow"],) * 2, (answers, ran))

    def test_one_that_the_gateway_gives_up_is_told_so(self):
        answer, aborted, pushed = self.run_script("""
            let aborted = false;
            gw.handles("/x", (request, signal) => new Promise((resolve) => {
              signal.onabort = () => { aborted = true; resolve(); };
            }));
            const answer = await gw.get("/asks/x", { args: { deadline: 0.1 } });
            await gw.ping();
            return [answer, aborted, pushes.length];
        """)
        self.assertEqual(("too late", True, 0), (answer, aborted, pushed))
