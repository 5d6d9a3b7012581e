// The client of browsers, in Node.js, at its work. A page learns when its network is back: so does this.

import { GatewayClient, SessionLost } from "../../../aiorest_gw/static/aiorest-gw.js";

const [url, name, steps, silence, seconds, moves] = process.argv.slice(2);
const AT_ONCE = 16;
const [requests, parts, pushes, publications] = [5, 4, 20, 10].map((each) => each * steps);
const seen = {
  pushes: 0, publications: 0, answers: 0, unknown: 0, parts: 0, asked: 0, opened: 0, resumed: 0,
  lost: [], wrong: [], failure: "",
};

const page = new EventTarget();
globalThis.addEventListener = page.addEventListener.bind(page);

function next(kind, came, due) {
  if (came !== due && seen.wrong.length < 5) seen.wrong.push(`${kind} ${came} came where ${due} is the next`);
}

function ask({ data }) {
  asked.set(data, (asked.get(data) ?? 0) + 1);
  if (asked.get(data) > 1) seen.wrong.push(`request ${data} of the gateway ran again`);
  return data;
}

function print() {
  process.stdout.write(`${JSON.stringify({ ...seen, asked: asked.size })}\n`, () => process.exit());
}

async function askForEach(numbers) {
  for (const number of numbers) {
    next("answer", await gateway.post(`/run/${name}/${number}`), number);
    seen.answers += 1;
  }
}

async function takeParts() {
  for await (const part of gateway.stream(`/parts/${parts}`)) next("part", part, seen.parts++);
}

async function work() {
  await gateway.opened;
  await gateway.subscribe(`numbers/${name}`, ({ data, offset }) => {
    next("offset", offset, seen.publications + 1);
    next("publication", data, seen.publications++);
  });
  await gateway.post(`/begin/${name}`, null, { args: { steps: +steps, pushes: 20, publications: 10, asked: 1 } });
  const numbers = Array(requests).keys();
  await Promise.all([takeParts(), ...Array.from({ length: AT_ONCE }, () => askForEach(numbers))]);
  while (seen.pushes < pushes || seen.publications < publications || asked.size < steps) await gateway.ping();
  // Behind its answer nothing is on its way.
  await gateway.ping();
  await gateway.close();
}

// Ask for publications, and see all of them, also of requests that nobody knows of.
async function move() {
  await gateway.opened;
  const topic = `numbers/${name}`;
  await gateway.subscribe(topic, ({ offset }) => next("offset", offset, ++seen.publications));
  const numbers = Array(requests).keys();
  await Promise.all(Array.from({ length: AT_ONCE }, () => askForSome(numbers)));
  while (seen.publications < (await gateway.history(topic, { limit: 0 })).offset);
  await gateway.close();
}

async function askForSome(numbers) {
  for (const number of numbers) {
    try {
      next("answer", await gateway.post(`/run/${name}/${number}`, null, { args: { publications: 2 } }), number);
      seen.answers += 1;
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      seen.unknown += 1;
    }
  }
}

const asked = new Map();
const gateway = new GatewayClient(url, { token: name, heartbeat: silence * 500 });
gateway.on("~/state", ({ state }) => {
  seen.opened += state === "open";
  if (state === "lost" || state === "connecting") setTimeout(() => page.dispatchEvent(new Event("online")), Math.random() * 50);
});
gateway.on("~/resumed", () => { seen.resumed += 1; });
gateway.on("~/lost", ({ topic, reason }) => { seen.lost.push(`${topic ?? "session"}: ${reason}`); });
gateway.on("pushed", ({ data }) => next("push", data, seen.pushes++));
gateway.handles("/numbers/{number}", ask);
setTimeout(() => { seen.failure = "it took too long"; print(); }, seconds * 1000);
(moves === "moves" ? move() : work()).catch((error) => { seen.failure = `${error}`; }).then(print);
