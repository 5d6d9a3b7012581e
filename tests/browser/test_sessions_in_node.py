"""The JavaScript client in node: sessions that are lost, credentials, close codes, and topics."""

from tests.end_to_end.gateways import LISTEN

from .test_in_node import NodeTestCase

COMMAND = ["aiorest-gw", "serve", "--app", "tests.browser.application:make_factory", *LISTEN]
FULL = ["aiorest-gw", "serve", "--app", "tests.end_to_end.asking:make_full_factory", *LISTEN]


class SessionTestCase(NodeTestCase):
    def run_script(self, body, command=COMMAND, options="{}", **variables):
        return super().run_script(body, command, options, **variables)


class LossTests(SessionTestCase):
    def test_what_went_out_fails_and_what_did_not_is_asked_in_the_new_session(self):
        error, late, events, same = self.run_script(
            """
            await gw.ping();
            const { session_id } = gw.session;
            const asked = failure(gw.get("/endless"));
            Math.random = () => 1;
            cut();
            const late = gw.get("/~/ping");
            await pause(700);
            const error = await asked;
            return [[error.name, error instanceof ConnectionLost], await late, told, gw.session.session_id === session_id];
            """,
            TEST_TTL="0.1",
        )
        self.assertEqual((["SessionLost", True], "pong", False), (error, late, same))
        self.assertEqual(["open", "lost", "resuming", "~/lost", "open"], events)

    def test_each_return_is_told_to_have_lost_nothing(self):
        events = self.run_script("""
            await gw.ping();
            cut();
            await gw.ping();
            return told;
        """)
        self.assertEqual(["open", "lost", "resuming", "open", "~/resumed"], events)

    def test_a_frame_that_is_no_message_or_is_missing_loses_nothing(self):
        """As a proxy may bring it about."""
        answers, resumed = self.run_script("""
            const answers = [];
            for (const data of ["{", "null", "5", new Blob(["x"]), '{"seq": 1000, "event_name": "x"}']) {
              answers.push(await gw.get("/~/ping"));
              sockets.at(-1).onmessage({ data });
            }
            answers.push(await gw.get("/~/ping"));
            return [answers, told.filter((one) => one === "~/resumed").length];
        """)
        self.assertEqual((["pong"] * 6, 5), (answers, resumed))

    def test_a_network_that_is_silent_is_noticed(self):
        answer, states, lost = self.run_script(
            """
            await gw.ping();
            deaf = true;
            const began = performance.now(), first = sockets.at(-1);
            while (gw.state === "open") await pause(10);
            const lost = performance.now() - began;
            deaf = false;
            return [await gw.get("/~/ping"), told, lost];
            """,
            options="{ heartbeat: 200 }",
        )
        self.assertEqual("pong", answer)
        self.assertGreater(lost, 200)
        # A machine that is busy may give the next connection up, too.
        self.assertEqual(["open", "lost", "resuming"], states[:3])
        self.assertEqual(["resuming", "open", "~/resumed"], states[-3:])

    def test_a_connection_that_is_quiet_stays(self):
        states = self.run_script("await pause(2000); return told;", options="{ heartbeat: 500 }")
        self.assertEqual(["open"], states)

    def test_a_socket_that_never_opens_is_given_up(self):
        state, reason, tried = self.run_script("""
            const { createServer } = await import("node:net");
            const taken = [];
            const server = createServer((socket) => taken.push(socket));
            await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
            const mute = new GatewayClient(`ws://127.0.0.1:${server.address().port}/`, { heartbeat: 100 });
            const reason = await new Promise((resolve) => mute.on("~/state", ({ reason }) => resolve(reason)));
            while (taken.length < 2) await pause(10);
            const state = mute.state;
            await mute.close();
            return [state, reason, taken.length];
        """)
        self.assertEqual(("connecting", "Nothing was heard"), (state, reason))
        self.assertGreaterEqual(tried, 2)

    def test_where_there_are_too_many_sessions_it_comes_back_later(self):
        states = self.run_script(
            """
            await gw.ping();
            const second = new GatewayClient(ADDRESS), states = [];
            second.on("~/state", ({ state }) => { states.push(state); gw.close(); });
            await second.ping();
            return states;
            """,
            FULL,
        )
        self.assertEqual(("connecting", "open"), (states[0], states[-1]))


class CloseTests(SessionTestCase):
    def test_codes_say_whether_to_come_back(self):
        states = self.run_script("""
            const states = {};
            for (const code of [1000, 1001, 1002, 1006, 1007, 1009, 1011, 1012, 3000, 4001, 4002, 4003, 4004, 4400,
                                4501, 4502, 4503, 4504, 4900]) {
              const one = await connect(ADDRESS);
              sockets.at(-1).onclose({ code, reason: "why 0" });
              states[code] = one.state;
              await one.close();
            }
            return states;
        """)
        stays_away = {code for code, state in states.items() if state == "closed"}
        self.assertEqual(
            {"1000", "1001", "1002", "1007", "1009", "4501", "4503", "4504", "4900"}, stays_away
        )

    def test_a_gateway_that_drains_is_given_the_seconds_that_it_names(self):
        waits, back = self.run_script("""
            await gw.ping();
            Math.random = () => 0.5;
            const waits = [], { setTimeout } = globalThis;
            globalThis.setTimeout = (call, time) => { waits.push(time); return setTimeout(call, time); };
            cut(4001, "draining 0.6");
            await gw.ping();
            cut(4001, "draining 0");
            globalThis.setTimeout = setTimeout;
            return [[waits[0], waits.at(-1)], await gw.ping().then(() => true)];
        """)
        self.assertEqual(([300, 0], True), (waits, back))

    def test_everything_open_is_rejected_when_the_gateway_ends_it(self):
        name, status, ended, later = self.run_script("""
            const events = gw.events("x");
            await gw.ping();
            const asked = failure(gw.get("/endless"));
            await gw.post("/close", [4600, "go away"]);
            const { name, status, message } = await asked;
            return [name, [status, message], (await failure(list(events))).message, (await failure(gw.ping())).message];
        """)
        self.assertEqual(("ConnectionLost", [4600, "go away"]), (name, status))
        self.assertEqual(("go away", "go away"), (ended, later))

    def test_close_leaves_for_good_and_rejects_what_is_open(self):
        events, errors, state, closed = self.run_script("""
            const values = gw.events("x"), stream = gw.stream("/endless");
            await gw.ping();
            const asked = failure(gw.get("/endless"));
            const closing = gw.close();
            const after = failure(gw.get("/~/ping"));
            await closing;
            await gw.close();
            const errors = (await Promise.all([asked, after, failure(list(stream)), failure(gw.ping())])).map((one) => one.name);
            const again = await connect(ADDRESS);
            return [await list(values), errors, [gw.state, told], sockets[0].readyState];
        """)
        self.assertEqual(([], ["ConnectionLost"] * 4), (events, errors))
        self.assertEqual(["closed", ["open", "closed"]], state)
        self.assertGreaterEqual(closed, 2)

    def test_it_may_be_closed_while_it_connects(self):
        names, count = self.run_script("""
            const one = new GatewayClient(ADDRESS), opening = failure(one.opened), asked = failure(one.get("/x"));
            await one.close();
            const two = new GatewayClient(ADDRESS, { token: () => pause(50) });
            await two.close();
            await pause(200);
            return [[(await opening).name, (await asked).name, one.state, two.state], sockets.length];
        """)
        self.assertEqual(["ConnectionLost", "ConnectionLost", "closed", "closed"], names)
        self.assertEqual(2, count)

    def test_an_address_that_is_none_is_told(self):
        names = self.run_script("""
            const names = [];
            for (const url of ["nonsense", "ws://:x/", "ftp://example.com/"]) names.push((await failure(connect(url))).name);
            return names;
        """)
        self.assertEqual(["TypeError", "TypeError", "SyntaxError"], names)

    def test_callbacks_that_throw_harm_nothing_and_are_reported(self):
        heard, reported = self.run_script("""
            const reported = [], heard = [];
            console.error = (error) => reported.push(error.message);
            gw.on("pushed", () => { throw new Error("one"); });
            gw.on("pushed", async () => { throw new Error("two"); });
            const stop = gw.on("pushed", ({ data }) => heard.push(data));
            await gw.post("/push", 1);
            stop();
            await gw.post("/push", 2);
            await gw.ping();
            return [heard, reported];
        """)
        self.assertEqual(
            ([1], ["one", "two"] * 2), (heard, sorted(reported[:2]) + sorted(reported[2:]))
        )


class HostileTests(SessionTestCase):
    """What a broken gateway says, played on the client's own socket, harms nothing."""

    SAYS = """
            await gw.ping();
            let seq = 0;
            const { onmessage } = sockets.at(-1);
            const hold = (event) => { seq = JSON.parse(event.data).seq ?? seq; onmessage(event); };
            sockets.at(-1).onmessage = hold;
            await gw.ping();
            sockets.at(-1).onmessage = () => {};
            const says = (message) => onmessage({ data: JSON.stringify({ seq: ++seq, ...message }) });
    """

    def run_script(self, body, **options):
        return super().run_script(self.SAYS + body, **options)

    def test_a_push_cannot_pass_for_what_the_client_tells_itself(self):
        events, pushed = self.run_script("""
            const before = told.length;
            for (const event_name of ["~/state", "~/lost", "~/resumed", "~/dropped"]) says({ event_name, state: "closed" });
            return [told.slice(before), pushes.map((push) => push.event_name)];
        """)
        self.assertEqual(([], ["~/state", "~/lost", "~/resumed", "~/dropped"]), (events, pushed))

    def test_a_callback_may_stop_and_begin_anew_within_the_call(self):
        heard = self.run_script("""
            const heard = [];
            let stop;
            const begin = () => { stop = gw.on("x", ({ data }) => { heard.push(data); stop(); if (heard.length < 9) begin(); }); };
            begin();
            says({ event_name: "x", data: 1 });
            says({ event_name: "x", data: 2 });
            return heard;
        """)
        self.assertEqual([1, 2], heard)

    def test_parts_that_nobody_wants_any_more_are_not_kept(self):
        error, kept = self.run_script(
            """
            const asked = failure(gw.get("/endless"));
            const { push } = Array.prototype;
            let kept = 0;
            for (let n = 0; n < 30; n++) {
              Array.prototype.push = function (...all) { kept += all[0] === "part"; return push.apply(this, all); };
              says({ id: 4, status: 200, data: "part", more: true });
              Array.prototype.push = push;
            }
            return [(await asked).message, kept];
            """,
            options="{ maxQueue: 10 }",
        )
        self.assertEqual(("Too many parts", 11), (error, kept))

    def test_seconds_that_nobody_could_wait_are_none(self):
        waited = self.run_script("""
            const waited = [], { setTimeout } = globalThis;
            globalThis.setTimeout = (act, milliseconds) => { waited.push(milliseconds); return setTimeout(act, milliseconds); };
            Math.random = () => 1;
            sockets.at(-1).onclose({ code: 4001, reason: "come back within 99999999999" });
            return waited;
        """)
        self.assertEqual([1000], waited)


class TokenTests(SessionTestCase):
    def test_new_credentials_are_got_when_the_first_ones_run_out(self):
        """The session goes on."""
        asked, same, states = self.run_script(
            """
            let asked = 0;
            const one = await connect(ADDRESS, { token: async () => (++asked === 1 ? "ann:0.3" : "ann:60") });
            const { session_id } = one.session, states = [];
            one.on("~/state", ({ state }) => states.push(state));
            await new Promise((resolve) => one.on("~/resumed", resolve));
            return [asked, one.session.session_id === session_id, states];
            """
        )
        self.assertEqual((2, True, ["lost", "resuming", "open"]), (asked, same, states))

    def test_what_is_refused_is_got_anew_once(self):
        answers = self.run_script("""
            const tried = async (token) => {
              let asked = 0;
              const given = typeof token === "function" ? () => token(++asked) : token;
              const ended = await connect(ADDRESS, { token: given }).then(({ session }) => session.username, (error) => [error.name, error.status]);
              return [asked, ended];
            };
            return [
              await tried((asked) => (asked === 1 ? "old" : "ann:60")),
              await tried(() => "wrong"),
              await tried("wrong"),
              await tried("ann:60"),
              await tried(() => null),
              await tried((asked) => { if (asked < 3) throw new Error("offline"); return "ann:60"; }),
            ];
        """)
        refused = ["GatewayError", 401]
        self.assertEqual([2, "ann"], answers[0])
        self.assertEqual([[2, refused], [0, refused], [0, "ann"]], answers[1:4])
        self.assertEqual([1, answers[4][1]], answers[4])
        self.assertEqual([3, "ann"], answers[5])


class TopicTests(SessionTestCase):
    def test_publications_are_heard_and_looked_up(self):
        heard, published, history, presence = self.run_script("""
            const heard = [], all = [];
            const sub = await gw.subscribe("news/a", (push) => heard.push([push.event_name, push.data, push.offset]));
            gw.on("said", ({ data }) => all.push(data));
            const { offset } = await gw.publish("news/a", "said", "one");
            await gw.ping();
            const { publications } = await gw.history("news/a", { limit: 5 });
            const present = await gw.presence("news/a");
            await sub.unsubscribe();
            await gw.publish("news/a", null, "two");
            await gw.ping();
            return [heard, [offset, sub.offset, all], publications.map(({ data }) => data), present.length];
        """)
        self.assertEqual([["said", "one", 1]], heard)
        self.assertEqual(([1, 1, ["one"]], ["one"], 1), (published, history, presence))

    def test_a_subscription_is_read_and_left(self):
        heard, again, twice = self.run_script("""
            const sub = await gw.subscribe("news/b"), heard = [];
            const twice = (await failure(gw.subscribe("news/b"))).status;
            for (const n of [1, 2, 3]) gw.publish("news/b", "n", n);
            for await (const { data } of sub) if (heard.push(data) === 2) break;
            sub.offset = 1;
            const again = await gw.subscribe("news/b", { since: sub });
            const missed = [];
            for await (const { data } of again) if (missed.push(data) === 2) break;
            return [heard, [again.recovered, missed], twice];
        """)
        self.assertEqual(([1, 2], [True, [2, 3]], 409), (heard, again, twice))

    def test_what_may_not_be_read_is_told(self):
        status, again = self.run_script("""
            const refused = async () => (await failure(gw.subscribe("secret"))).status;
            return [await refused(), await refused()];
        """)
        self.assertEqual((403, 403), (status, again))

    def test_after_a_lost_session_it_goes_on_where_it_stopped(self):
        heard, lost = self.run_script("""
            const one = await connect(ADDRESS), heard = [], lost = [];
            one.on("~/lost", (loss) => lost.push(loss.topic ?? "session"));
            await one.subscribe("news/c", ({ data }) => heard.push(data));
            await gw.publish("news/c", "n", 0);
            await one.ping();
            for (const round of [1, 2]) {
              Math.random = () => 0.3;
              const { session_id } = one.session;
              await one.post("/forget");
              cut();
              while (one.state === "open") await pause(5);
              // Of the second round, more than are kept.
              for (let n = 0; n < (round === 1 ? 3 : 8); n++) await gw.publish("news/c", "n", round * 10 + n);
              // Its subscription may be answered behind what is asked after it.
              while (one.session.session_id === session_id) await pause(5);
              while (round === 1 ? heard.length < 4 : !lost.includes("news/c")) await pause(5);
            }
            await gw.publish("news/c", "n", 99);
            await one.ping();
            return [heard, lost];
        """)
        self.assertEqual([0, 10, 11, 12, 99], heard)
        self.assertEqual(["session", "session", "news/c"], lost)
