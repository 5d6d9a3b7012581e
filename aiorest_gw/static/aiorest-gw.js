// See aiorest-gw.d.ts.

export class GatewayError extends Error {
  constructor(detail, { status, errors } = {}) {
    super(typeof detail === "string" ? detail : JSON.stringify(detail));
    Object.assign(this, { name: this.constructor.name, detail, status, errors });
  }
}
export class ConnectionLost extends GatewayError {}
export class SessionLost extends ConnectionLost {}
export class CommandTimeout extends GatewayError {}

export const connect = async (url, options) => new GatewayClient(url, options).opened;

const hidden = () => globalThis.document?.hidden;
const report = (error) => (globalThis.reportError ?? console.error)(error);
const urlOf = (topic) => `/~/topics/${encodeURIComponent(topic)}`;

function call(callback, value) {
  try {
    callback(value)?.then?.(null, report);
  } catch (error) {
    report(error);
  }
}

function feed(most, leave) {
  const kept = [];
  let wake, over;
  const end = (error) => {
    over ??= { error };
    wake?.();
  };
  const put = (value) => {
    if (over) return;
    if (kept.length === most) {
      end(new GatewayError("Too slow"));
      leave();
    } else kept.push(value);
    wake?.();
  };
  const read = async function* () {
    try {
      for (;;) {
        while (kept.length) yield kept.shift();
        if (over) break;
        await new Promise((resolve) => { wake = resolve; });
      }
      if (over.error) throw over.error;
    } finally {
      if (!over) leave();
      end();
    }
  };
  return { put, end, values: read() };
}

export class GatewayClient {
  state = "connecting";
  session;
  #url; #options; #token; #error; #closing; #life = new AbortController();
  #socket; #turn = 0; #ticking; #quiet; #retry; #attempts = 0; #refused; #renewed;
  #lastId; #open = new Map(); #waiting = []; #seq = 0; #acked = 0; #size = 0; #acking;
  #handlers = new Map(); #answering = new Map(); #answered = new Map();
  #listeners = new Map(); #feeds = new Set(); #topics = new Map();

  constructor(url, options) {
    this.#url = new URL(url, globalThis.location?.href).href.replace(/^http/, "ws");
    this.#options = { heartbeat: 25_000, maxQueue: 10_000, ...options };
    this.opened = new Promise((resolve, reject) => {
      this.on("~/state", ({ state, error }) => (error ? reject(error) : state === "open" && resolve(this)));
    });
    this.opened.catch(() => {});
    for (const type of ["online", "pageshow", "visibilitychange"]) {
      globalThis.addEventListener?.(type, () => this.#awake(type), { signal: this.#life.signal });
    }
    this.#connect();
  }

  get(url, options) { return this.request("GET", url, options); }
  delete(url, options) { return this.request("DELETE", url, options); }
  post(url, data, options) { return this.request("POST", url, { ...options, data }); }
  put(url, data, options) { return this.request("PUT", url, { ...options, data }); }
  patch(url, data, options) { return this.request("PATCH", url, { ...options, data }); }
  request(method, url, options) { return this.#ask(method, url, options).promise; }

  publish(topic, eventName, data) { return this.post(urlOf(topic), data, { eventName }); }
  presence(topic, options) { return this.get(`${urlOf(topic)}/presence`, options); }
  history(topic, { since, limit, ...options } = {}) {
    return this.get(urlOf(topic), { ...options, args: { since, limit } });
  }

  async ping(options) {
    const began = performance.now();
    await this.#ask("GET", "/~/ping", options, null, true).promise;
    return performance.now() - began;
  }

  stream(url, { method = "GET", ...options } = {}) {
    const one = feed(this.#options.maxQueue, () => this.#abandon(asked));
    const asked = this.#ask(method, url, options, one.put);
    asked.promise.then((data) => { data == null || one.put(data); one.end(); }, one.end);
    return one.values;
  }

  on(name, callback) {
    const listener = (value) => call(callback, value);
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => { this.#listeners.get(name).delete(listener); };
  }

  events(name) {
    const one = feed(this.#options.maxQueue, () => { off(); this.#feeds.delete(one); });
    const off = this.on(name, one.put);
    this.#feeds.add(one);
    if (this.#error) one.end(this.#error);
    return one.values;
  }

  async subscribe(topic, callback, options = callback) {
    await this.#topics.get(topic)?.left;
    if (this.#topics.has(topic)) throw new GatewayError("Subscribed already", { status: 409 });
    const { epoch, offset } = options?.since ?? {};
    const { put, end, values } = feed(this.#options.maxQueue, () => one.unsubscribe());
    const one = {
      topic, epoch, offset, end,
      put: typeof callback === "function" ? (push) => one.left || call(callback, push) : put,
      unsubscribe: () => {
        end();
        one.joined = false;
        return (one.left ??= this.delete(urlOf(topic)).catch(() => {}).then(() => { this.#topics.delete(topic); }));
      },
      [Symbol.asyncIterator]: () => values,
    };
    this.#topics.set(topic, one);
    await this.#join(one);
    return one;
  }

  handles(path, handler) {
    const pattern = new RegExp(`^${path.replace(/[^\w{}/]/g, "\\$&").replace(/{(\w+)}/g, "(?<$1>[^/]+)")}/?(\\?|$)`);
    this.#handlers.set(pattern, handler);
    return () => { this.#handlers.delete(pattern); };
  }

  close() { return (this.#closing ??= this.#depart()); }

  async #depart() {
    if (this.state === "open") await this.#ask("DELETE", "/~/session", { deadline: 5000 }, null, true).promise.catch(() => {});
    this.#end();
  }

  #ask(method, url, { args, data, eventName, headers, deadline, signal } = {}, onpart, first) {
    const asked = { onpart };
    asked.promise = new Promise((resolve, reject) => {
      Object.assign(asked, { resolve, reject });
    });
    try {
      signal?.throwIfAborted();
      if (this.#error ?? this.#closing) throw this.#error ?? new ConnectionLost("closed");
      if (this.#waiting.length >= this.#options.maxQueue) throw new GatewayError("Too many requests");
      asked.body = this.#write({ method, url: `${url}`, args, data, event_name: eventName, headers, deadline });
    } catch (error) {
      asked.reject(error);
      return asked;
    }
    if (signal || deadline) this.#watch(asked, signal, deadline);
    if (first && this.state === "open") this.#start(asked);
    else if (this.#waiting.push(asked)) this.#goOn();
    return asked;
  }

  #watch(asked, signal, deadline) {
    const done = new AbortController();
    const timer = deadline && setTimeout(() => this.#abandon(asked, new CommandTimeout("Too late")), deadline);
    signal?.addEventListener("abort", () => this.#abandon(asked, signal.reason), { signal: done.signal });
    asked.promise.catch(() => {}).then(() => { clearTimeout(timer); done.abort(); });
  }

  // One too big would end all.
  #write(message) {
    const text = JSON.stringify(message), most = this.session?.limits.max_message_size - 64;
    if (text.length * 3 > most && new Blob([text]).size > most) throw new GatewayError("Too big", { status: 413 });
    return text;
  }

  // The last place is a ping's.
  #goOn() {
    while (this.state === "open" && this.#waiting.length) {
      if (this.#open.size && this.#open.size >= this.session.limits.max_open_requests - 1) return;
      this.#start(this.#waiting.shift());
    }
  }

  #start(asked) {
    this.#open.set((asked.id = ++this.#lastId), asked);
    this.#transmit(asked);
  }

  #transmit({ id, body }) {
    const ack = this.#seq > this.#acked ? `"ack":${this.#acks()},` : "";
    this.#socket.send(`{"id":${id},${ack}${body.slice(1)}`);
  }

  #cancel({ id, abandoned }) {
    if (abandoned) this.#socket.send(`{"cancel":${id}}`);
  }

  #abandon(asked, error) {
    asked.reject(error);
    this.#waiting = this.#waiting.filter((one) => one !== asked);
    if (asked.abandoned || this.#open.get(asked.id) !== asked) return;
    asked.abandoned = true;
    if (this.state === "open") this.#cancel(asked);
  }

  #finish(asked, message) {
    const { data } = message;
    if (message.more) {
      if (asked.onpart) asked.onpart(data);
      else if (!asked.abandoned && (asked.parts ??= []).push(data) > this.#options.maxQueue) this.#abandon(asked, new GatewayError("Too many parts"));
      return;
    }
    this.#open.delete(message.id);
    if ("detail" in message) asked.reject(new GatewayError(message.detail, message));
    else asked.resolve(asked.parts ?? data);
    this.#goOn();
  }

  #join(one) {
    const { topic, epoch, offset } = one;
    const asked = this.#ask("PUT", urlOf(topic), { data: epoch && { since: { epoch, offset } } }), { resolve } = asked;
    one.joined = false;
    // Pushes may be right behind it.
    asked.resolve = ({ epoch, offset, recovered }) => resolve(Object.assign(one, { epoch, offset, recovered, joined: true }));
    return asked.promise.catch((error) => {
      if (error instanceof SessionLost && !one.left) return this.#join(one);
      this.#topics.delete(topic);
      one.end(error);
      throw error;
    });
  }

  #receive(text) {
    this.#quiet = 0;
    let message;
    try {
      message = JSON.parse(text) ?? {};
    } catch {
      return this.#lose(0, "A message was lost");
    }
    if (this.state !== "open") return this.#begin(message);
    if (message.seq !== this.#seq + 1) return this.#lose(0, "A message was lost");
    this.#seq += 1;
    this.#size += text.length;
    if ("status" in message) {
      const asked = this.#open.get(message.id);
      if (asked) this.#finish(asked, message);
    } else if ("method" in message) this.#answer(message);
    else if ("cancel" in message) this.#answering.get(message.cancel)?.abort();
    else this.#push(message);
    // 3 bytes each.
    const { limits } = this.session;
    if (this.#seq - this.#acked >= limits.max_outbox_messages / 4 || this.#size * 12 > limits.max_outbox_size) this.#acknowledge();
    else this.#acking ??= setTimeout(() => this.#acknowledge(), 500);
  }

  #push(push) {
    const one = this.#topics.get(push.topic);
    if (one) {
      one.offset = push.offset;
      one.put(push);
    }
    // Its own names.
    if (!/^~\/[slr]/.test(push.event_name)) this.#tell(push.event_name, push);
    this.#tell("*", push);
  }

  #tell(name, value) {
    const all = this.#listeners.get(name);
    for (const one of new Set(all)) if (all.has(one)) one(value);
  }

  #acknowledge() {
    clearTimeout(this.#acking);
    this.#acking = null;
    if (this.state === "open" && this.#seq > this.#acked) this.#socket.send(`{"ack":${this.#acks()}}`);
  }

  #acks() {
    this.#size = 0;
    return (this.#acked = this.#seq);
  }

  async #answer(request) {
    const { id } = request;
    if (this.#answered.has(id)) this.#socket.send(this.#answered.get(id));
    if (this.#answered.has(id) || this.#answering.has(id)) return;
    const aborting = new AbortController(), { signal } = aborting;
    this.#answering.set(id, aborting);
    let text;
    try {
      text = this.#write({ id, status: 200, data: (await this.#handle(request, signal)) ?? null });
    } catch (error) {
      const { status = 500, message, detail = message } = error ?? {};
      if (status === 500 && !signal.aborted) report(error);
      text = JSON.stringify({ id, status, detail });
    }
    if (this.#answering.get(id) !== aborting) return;
    if (signal.aborted) text = `{"id":${id},"status":499,"detail":"cancelled"}`;
    this.#answering.delete(id);
    this.#answered.set(id, text);
    if (this.#answered.size > 64) this.#answered.delete(this.#answered.keys().next().value);
    if (this.state === "open") this.#socket.send(text);
  }

  #handle(request, signal) {
    for (const [pattern, handler] of this.#handlers) {
      const found = pattern.exec(request.url), params = found?.groups ?? {};
      for (const name in params) params[name] = decodeURIComponent(params[name]);
      if (found) return handler({ ...request, params }, signal);
    }
    throw new GatewayError("No handler", { status: 404 });
  }

  async #connect() {
    this.#disconnect();
    const turn = this.#turn, { token, heartbeat } = this.#options;
    const current = (act) => (event) => turn === this.#turn && act(event);
    this.#quiet = 0;
    this.#ticking = setInterval(() => this.#tick(), heartbeat / 2);
    this.#refused = null;
    if (this.session) this.#become("resuming");
    try {
      this.#token = typeof token !== "function" ? token : this.#token ?? await token();
    } catch (error) {
      if (turn === this.#turn) this.#lose(0, `${error}`);
    }
    if (turn !== this.#turn) return;
    try {
      const socket = this.#socket = new WebSocket(this.#url, "aiorest.1.json");
      socket.onopen = current(() => this.#introduce());
      socket.onmessage = current(({ data }) => this.#receive(data));
      socket.onerror = socket.onclose = current(({ code, reason }) => this.#lose(code, reason));
    } catch (error) {
      this.#end(error);
    }
  }

  #disconnect() {
    this.#turn += 1;
    clearTimeout(this.#retry);
    clearInterval(this.#ticking);
    this.#ticking = 0;
    this.#socket?.close();
  }

  #introduce() {
    const { resume } = this.session ?? {}, data = { resume, token: this.#token, ack: this.#acks() };
    this.#socket.send(JSON.stringify({ id: resume ? 0 : 1, method: "PUT", url: "/~/session", data }));
  }

  #begin({ id, status, data, detail, errors }) {
    // A close follows.
    if (status === 401) return (this.#refused = new GatewayError(detail, { status, errors }));
    if (status !== 200) return this.#lose(0, detail);
    const before = this.session;
    this.session = data;
    this.#renewed = false;
    if (data.resumed && before) {
      for (const asked of this.#open.values()) {
        if (asked.id > data.received) this.#transmit(asked);
        this.#cancel(asked);
      }
    } else this.#anew(id, before && (data.reason ?? "not kept"));
    this.#become("open");
    this.#goOn();
    if (data.resumed) this.#tell("~/resumed", data);
  }

  #anew(id, reason) {
    const open = [...this.#open.values()], waiting = this.#waiting.splice(0);
    this.#seq = this.#acked = 0;
    this.#lastId = id;
    this.#forget();
    for (const one of this.#topics.values()) {
      const tell = (reason) => this.#tell("~/lost", { topic: one.topic, reason });
      if (one.joined) this.#join(one).then(() => one.recovered || tell("not kept"), ({ message }) => tell(message));
    }
    this.#waiting = this.#waiting.concat(waiting);
    for (const asked of open) asked.reject(new SessionLost("Lost on the way"));
    if (reason) this.#tell("~/lost", { reason });
  }

  #forget() {
    this.#open.clear();
    this.#answering.forEach((one) => one.abort());
    this.#answering.clear();
    this.#answered.clear();
  }

  #become(state, reason, error) {
    if (this.#error && !error) return;
    this.state = state;
    this.#tell("~/state", { state, reason, error });
  }

  // A dead network closes nothing.
  #tick() {
    this.#quiet += 1;
    if (this.state !== "open" || this.#quiet > 3) return this.#lose(0, "Nothing was heard");
    this.#attempts = 0;
    if (this.#quiet === 2) this.ping().catch(() => {});
  }

  #awake(why) {
    if (hidden()) return;
    if (this.state === "open") {
      this.#quiet = 1;
      this.#tick();
    } else if (why === "online" || !this.#ticking) {
      this.#attempts = 0;
      this.#connect();
    }
  }

  #lose(code, reason) {
    const renews = code === 4502 || (code === 4501 && !this.#renewed && typeof this.#options.token === "function");
    if (this.#closing || (!renews && (code >= 4500 || /^100[01279]$/.test(code)))) {
      return this.#end(this.#refused ?? new ConnectionLost(reason || "closed", { status: code }));
    }
    if (renews) this.#token = null;
    this.#renewed ||= code === 4501;
    this.#disconnect();
    // Not all at once.
    const [most = Math.min(30, 2 ** this.#attempts++)] = (code === 4001 && /\b[\d.]{1,4}$/.exec(reason)) || [];
    this.#retry = setTimeout(() => hidden() || this.#connect(), Math.random() * most * 1000);
    this.#become(this.session ? "lost" : "connecting", reason);
  }

  #end(error = new ConnectionLost("The client was closed")) {
    if (this.#error) return;
    this.#error = error;
    this.#disconnect();
    clearTimeout(this.#acking);
    this.#life.abort();
    const asked = [...this.#open.values(), ...this.#waiting.splice(0)];
    this.#forget();
    this.#become("closed", error.message, error);
    for (const one of asked) one.reject(error);
    for (const one of [...this.#feeds, ...this.#topics.values()]) one.end(this.#closing ? null : error);
  }
}
