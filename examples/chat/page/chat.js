// Rooms and direct messages. All that others say goes in as textContent, never as HTML.

import { GatewayClient } from "./aiorest-gw.js";

const address = `${location.origin.replace("http", "ws")}/`;
const STATES = { connecting: "connecting…", open: "connected", lost: "lost, coming back…", resuming: "lost, coming back…" };
const $ = (id) => document.getElementById(id);

// By title: "#room" or "@somebody".
const talks = new Map();
let gateway, me, shown;

function talkOf(title) {
  if (!talks.has(title)) {
    // said: what was said, by its number; waiting: what we say, until the gateway has it.
    talks.set(title, { title, name: title.slice(1), said: new Map(), waiting: [], unread: 0, present: [] });
    if (title[0] === "#") enter(talks.get(title)).catch(() => {});
  }
  return talks.get(title);
}

// -- what is asked

const topic = (room) => `rooms/${room.name}`;

async function enter(room) {
  room.subscription = await gateway.subscribe(topic(room), (push) => hear(room, push.offset, push.data));
  await recall(room);
}

async function recall(room) {
  const { publications } = await gateway.history(topic(room));
  for (const one of publications) room.said.set(one.offset, one.data);
  draw();
  await look(room);
}

async function look(room) {
  room.present = (await gateway.presence(topic(room))).map((one) => one.username);
  draw();
}

function say(talk, text) {
  const waiting = { from: me, text };
  talk.waiting.push(waiting);
  const url = `/${talk.title[0] === "#" ? "rooms" : "users"}/${encodeURIComponent(talk.name)}`;
  gateway.post(url, { text }).then(
    () => arrived(talk, (one) => one === waiting),
    (error) => { waiting.failed = error.message; },
  ).then(draw);
  draw();
}

function arrived(talk, fits) {
  const place = talk.waiting.findIndex(fits);
  if (place >= 0) talk.waiting.splice(place, 1);
}

function close(talk) {
  talks.delete(talk.title);
  talk.subscription?.unsubscribe();
  show([...talks.keys()][0] ?? "#lobby");
}

// -- what is heard

function hear(talk, number, data) {
  talk.said.set(number, data);
  // We hear ourselves before we are answered.
  if (data.from === me) arrived(talk, (one) => one.text === data.text);
  if (talk !== shown) talk.unread += 1;
  draw();
}

function hearDirect({ data }) {
  const talk = talkOf(`@${data.from === me ? data.to : data.from}`);
  hear(talk, talk.said.size + 1, data);
}

// The client has subscribed anew: what was said meanwhile is known where the gateway keeps it.
function lost({ topic }) {
  const room = talks.get(topic?.replace("rooms/", "#"));
  if (!room) return;
  room.said.clear();
  recall(room).catch(() => {});
}

function comeIn(name) {
  me = name;
  shown = undefined;
  talks.clear();
  gateway = new GatewayClient(address, { token: name });
  gateway.on("told", hearDirect);
  gateway.on("~/lost", lost);
  gateway.on("~/state", changed);
  gateway.opened.then(() => show("#lobby"), () => {});
  $("come-in").disabled = true;
}

function changed({ state, reason }) {
  $("status").textContent = STATES[state];
  $("status").className = state;
  if (state === "connecting") $("reason").textContent = `Nothing answers at ${address}; trying again…`;
  if (state === "closed") {
    $("reason").textContent = `You are out: ${reason}.`;
    $("login").hidden = $("come-in").disabled = false;
    $("chat").hidden = true;
  }
}

// -- what is shown

function show(title) {
  shown = talkOf(title);
  shown.unread = 0;
  $("login").hidden = true;
  $("chat").hidden = false;
  draw();
  $("say").elements.text.focus();
}

function draw() {
  $("me").textContent = me;
  $("title").textContent = shown.title;
  $("present").textContent = shown.present.join(", ");
  $("close").textContent = shown.title[0] === "#" ? "leave" : "close";
  const all = [...talks.values()];
  $("rooms").replaceChildren(...all.filter((one) => one.title[0] === "#").map(entry));
  $("people").replaceChildren(...all.filter((one) => one.title[0] === "@").map(entry));
  const list = $("messages");
  const following = list.scrollHeight - list.scrollTop - list.clientHeight < 50;
  const said = [...shown.said].sort(([one], [other]) => one - other).map(([, message]) => message);
  list.replaceChildren(...[...said, ...shown.waiting].map(row));
  if (following) list.scrollTop = list.scrollHeight;
}

function element(name, text, more) {
  return Object.assign(document.createElement(name), { textContent: text }, more);
}

function entry(talk) {
  const item = element("li", "", { className: talk === shown ? "shown" : "" });
  const button = element("button", talk.title, { onclick: () => show(talk.title) });
  if (talk.unread) button.append(element("b", talk.unread));
  item.append(button);
  return item;
}

function row({ from, text, at, failed }) {
  const item = element("li", "", { className: at ? "" : failed ? "waiting failed" : "waiting" });
  const name = element("b", from);
  name.style.color = `hsl(${[...from].reduce((sum, one) => (sum * 31 + one.codePointAt()) % 360, 7)} 60% 38%)`;
  const when = at ? new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) : failed ?? "on its way…";
  item.append(name, element("small", when), element("p", text));
  return item;
}

// -- what is done

function submitted(id, field, act) {
  $(id).onsubmit = (event) => {
    event.preventDefault();
    act(event.target.elements[field].value);
    event.target.reset();
  };
}

submitted("login", "name", comeIn);
submitted("open", "name", (name) => show(name[0] === "@" ? name : `#${name}`));
submitted("say", "text", (text) => say(shown, text));
$("close").onclick = () => close(shown);
$("leave-chat").onclick = () => gateway.close();
// So that what is told us waits for the next page, and not for this one.
addEventListener("pagehide", () => gateway?.close());
setInterval(() => { if (gateway?.state === "open" && shown?.title[0] === "#") look(shown).catch(() => {}); }, 3000);
