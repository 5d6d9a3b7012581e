// What must be right by the types, and what must not.
import { CommandTimeout, connect, ConnectionLost, GatewayClient, GatewayError, SessionLost } from "../../aiorest_gw/static/aiorest-gw.js";

const gw: GatewayClient = new GatewayClient("/", { token: async () => "x", heartbeat: 1000, maxQueue: 5 });
const opened: GatewayClient = await connect(new URL("ws://x/"));
const user = await gw.get<{ name: string }>("/users/1", { args: { a: 1 }, signal: AbortSignal.timeout(5), deadline: 5 });
const name: string = user.name;
await gw.post("/x", [1], { eventName: "e", headers: { h: "v" } });
for await (const part of gw.stream<number>("/count/5", { method: "POST", data: 1 })) part.toFixed();
const stop: () => void = gw.on<number>("orders", (push) => push.data.toFixed());
gw.on("~/state", ({ state, error }) => state === "closed" && error?.message);
gw.on("~/lost", ({ topic, reason }) => [topic?.length, reason.length]);
for await (const { state } of gw.events("~/state")) if (state === "lost") break;
const sub = await gw.subscribe<string>("news", { since: { epoch: "e", offset: 5 } });
for await (const push of sub) push.data.length;
await (await gw.subscribe("news", (push) => push.offset)).unsubscribe();
const { complete, offset } = await gw.history("news", { limit: 5, since: sub });
gw.handles("/location/{city}", async ({ params, data }, signal) => [params.city, data, signal.aborted]);
const errors: GatewayError[] = [new ConnectionLost("x"), new SessionLost("x"), new CommandTimeout("x", { status: 504 })];
await gw.close();

// @ts-expect-error: there is no such state.
gw.state === "away";
// @ts-expect-error: milliseconds are a number.
gw.get("/", { deadline: "5" });
// @ts-expect-error: the data comes first.
gw.on("orders");

export { complete, errors, name, offset, opened, stop };
