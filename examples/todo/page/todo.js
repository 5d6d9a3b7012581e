"use strict";
// One WebSocket, requests with ids, answers matched by them. All text goes in as textContent.

const address = `${location.origin.replace("http", "ws")}/`;
const open = new Map();
let socket, token, lastId = 0;

const $ = (id) => document.getElementById(id);

function say(text, wrong = false) {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", wrong);
}

function connect() {
  socket = new WebSocket(address);
  socket.onopen = () => { say(""); show(); };
  socket.onmessage = (event) => {
    const answer = JSON.parse(event.data);
    const waiting = open.get(answer.id);
    open.delete(answer.id);
    if (!waiting) return;
    if ("detail" in answer) waiting.reject(Object.assign(new Error(answer.detail), answer));
    else waiting.resolve(answer.data);
  };
  socket.onclose = () => {
    for (const waiting of open.values()) waiting.reject(new Error("The connection was lost."));
    open.clear();
    say(`No gateway answers at ${address}; trying again…`, true);
    setTimeout(connect, 2000);
  };
}

function ask(method, url, data) {
  return new Promise((resolve, reject) => {
    const id = ++lastId;
    open.set(id, { resolve, reject });
    socket.send(JSON.stringify({ id, method, url, data, token }));
  });
}

async function attempt(work) {
  try {
    say("");
    await work();
  } catch (error) {
    const where = error.errors ? ` (${error.errors.map((one) => `${one.path}: ${one.message}`).join("; ")})` : "";
    if (error.status === 401) { token = undefined; show(); }
    say(error.message + where, true);
  }
}

function show() {
  $("login").hidden = Boolean(token);
  $("list").hidden = !token;
  if (token) refresh();
}

const refresh = () => attempt(async () => {
  const todos = await ask("GET", "/todos");
  $("todos").replaceChildren(...todos.map(item));
});

function item(todo) {
  const row = document.createElement("li");
  row.className = todo.done ? "done" : "";
  const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: todo.done });
  box.onchange = () => attempt(() => ask("PATCH", `/todos/${todo.id}`, { done: box.checked })).then(refresh);
  const title = Object.assign(document.createElement("span"), { textContent: todo.title });
  const due = Object.assign(document.createElement("small"), { textContent: todo.due || "" });
  const remove = Object.assign(document.createElement("button"), { textContent: "✕", className: "plain" });
  remove.onclick = () => attempt(() => ask("DELETE", `/todos/${todo.id}`)).then(refresh);
  row.append(box, title, due, remove);
  return row;
}

const credentials = () => Object.fromEntries(new FormData($("login")));

const logIn = async () => {
  token = (await ask("POST", "/login", credentials())).token;
  show();
};

$("login").onsubmit = (event) => {
  event.preventDefault();
  attempt(logIn);
};

$("create").onclick = () => $("login").reportValidity() && attempt(async () => {
  await ask("POST", "/users", credentials());
  await logIn();
});

$("add").onsubmit = (event) => {
  event.preventDefault();
  const { title, due } = Object.fromEntries(new FormData(event.target));
  attempt(async () => {
    await ask("POST", "/todos", { title, due: due || null });
    event.target.reset();
    await refresh();
  });
};

$("logout").onclick = () => attempt(async () => {
  await ask("POST", "/logout");
  token = undefined;
  show();
});

connect();
