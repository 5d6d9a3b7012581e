// One session with a gateway, over as many WebSockets as it takes. See aiorest-gw.d.ts.

export class GatewayError extends Error {
  constructor(detail, { status, errors } = {}) {
    super(typeof detail === "string" ? detail : JSON.stringify(detail));
    Object.assign(this, { name: this.constructor.name, detail, status, errors });
  }
}
export class ConnectionLost extends GatewayError {}
export class SessionLost extends ConnectionLost {}
export class CommandTimeout extends GatewayError {}

export const connect = (url, options) => new GatewayClient(url, options).opened;

const FINAL = [1000, 1001, 1002, 1007, 1009];
const hidden = () => globalThis.document?.visibilityState === "hidden";
const report = (error) => (globalThis.reportError ?? console.error)(error);
const urlOf = (topic) => `/~/topics/${encodeURIComponent(topic)}`;

function call(callback, value) {
  try {
    callback(value)?.then?.(null, report);
  } catch (error) {
    report(error);
  }
}

// What a `for await` reads.
function feed(most, leave) {
  const kept = [];
  let wake, over;
  const end = (error) => {
    over ??= { error };
    wake?.();
  };
  const put = (value) => {
    if (over) return;
    if (kept.length < most) kept.push(value);
    else {
      end(new GatewayError("Read too slowly"));
      leave();
    }
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

  publish(topic, data, options) { return this.post(urlOf(topic), data, options); }
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
    const { put, end, values } = feed(this.#options.maxQueue, () => this.#abandon(asked));
    const asked = this.#ask(method, url, options, put);
    asked.promise.then((data) => { data == null || put(data); end(); }, end);
    return values;
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
    if (this.#topics.has(topic)) throw new GatewayError(`${topic} is subscribed to`, { status: 409 });
    const { put, end, values } = feed(this.#options.maxQueue, () => one.unsubscribe());
    const one = {
      ...options?.since, topic, end,
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
    const escaped = path.replace(/[^\w{}/]/g, "\\$&").replace(/{(\w+)}/g, "(?<$1>[^/]+)");
    const pattern = new RegExp(`^${escaped}/?(\\?|$)`);
    this.#handlers.set(pattern, handler);
    return () => { this.#handlers.delete(pattern); };
  }

  close() { return (this.#closing ??= this.#depart()); }

  async #depart() {
    const leaving = { deadline: 5000 };
    if (this.state === "open") await this.#ask("DELETE", "/~/session", leaving, null, true).promise.catch(() => {});
    this.#end();
  }

  // -- requests

  #ask(method, url, { args, data, eventName, headers, deadline, signal } = {}, onpart, first) {
    const asked = { onpart };
    asked.promise = new Promise((resolve, reject) => {
      asked.resolve = resolve;
      asked.reject = reject;
    });
    try {
      signal?.throwIfAborted();
      if (this.#error || this.#closing) throw this.#error ?? new ConnectionLost("closed");
      if (this.#waiting.length >= this.#options.maxQueue) throw new GatewayError("Too many requests wait");
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
    const abort = () => this.#abandon(asked, signal.reason);
    const late = () => this.#abandon(asked, new CommandTimeout("No answer in time"));
    const timer = deadline && setTimeout(late, deadline);
    signal?.addEventListener("abort", abort);
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    asked.promise.then(done, done);
  }

  // A message that is too big would end all; an id and an ack may come to it.
  #write(message) {
    const text = JSON.stringify(message), most = this.session?.limits.max_message_size - 64;
    if (text.length * 3 > most && new Blob([text]).size > most) throw new GatewayError("Too big", { status: 413 });
    return text;
  }

  // The last place is a ping's: or a gateway that works on all others would seem to be gone.
  #goOn() {
    while (this.state === "open" && this.#waiting.length) {
      if (this.#open.size && this.#open.size >= this.session.limits.max_open_requests - 1) return;
      this.#start(this.#waiting.shift());
    }
  }

  #start(asked) {
    asked.id = ++this.#lastId;
    this.#open.set(asked.id, asked);
    this.#transmit(asked);
  }

  #transmit({ id, body }) {
    const ack = this.#seq > this.#acked ? `"ack":${this.#acks()},` : "";
    this.#socket.send(`{"id":${id},${ack}${body.slice(1)}`);
  }

  #cancel({ id, abandoned }) {
    if (abandoned) this.#socket.send(`{"cancel":${id}}`);
  }

  // What was sent keeps its place until it is answered.
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
      else if ((asked.parts ??= []).push(data) > this.#options.maxQueue) this.#abandon(asked, new GatewayError("Too many parts"));
      return;
    }
    this.#open.delete(message.id);
    if ("detail" in message) asked.reject(new GatewayError(message.detail, message));
    else asked.resolve(asked.parts ?? data);
    this.#goOn();
  }

  // -- topics

  #join(one) {
    const { topic, epoch, offset } = one;
    const asked = this.#ask("PUT", urlOf(topic), { data: epoch && { since: { epoch, offset } } });
    const { resolve } = asked;
    one.joined = false;
    // At once: pushes may be right behind it.
    asked.resolve = ({ epoch, offset, recovered }) => resolve(Object.assign(one, { epoch, offset, recovered, joined: true }));
    return asked.promise.catch((error) => {
      if (error instanceof SessionLost && !one.left) return this.#join(one);
      this.#topics.delete(topic);
      one.end(error);
      throw error;
    });
  }

  // -- what the gateway says

  #receive(text) {
    this.#quiet = 0;
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      // Whoever resumes gets it again.
    }
    if (this.state !== "open") return this.#begin(message ?? {});
    if (message?.seq !== this.#seq + 1) return this.#lose(0, "A message is missing");
    this.#seq += 1;
    this.#size += text.length;
    if ("status" in message) {
      const asked = this.#open.get(message.id);
      if (asked) this.#finish(asked, message);
    } else if ("method" in message) this.#answer(message);
    else if ("cancel" in message) this.#answering.get(message.cancel)?.abort();
    else this.#push(message);
    // Long before the gateway keeps too many; a character has at most 3 bytes.
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
    this.#tell(push.event_name, push);
    this.#tell("*", push);
  }

  #tell(name, value) {
    this.#listeners.get(name)?.forEach((listener) => listener(value));
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

  // What is not answered as far as the gateway knows, it asks again.
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
      if (status === 500) report(error);
      text = JSON.stringify({ id, status, detail });
    }
    // A new session counts anew.
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
    throw new GatewayError("Nobody answers this here", { status: 404 });
  }

  // -- the connection

  async #connect() {
    this.#disconnect();
    const turn = this.#turn, { token, heartbeat } = this.#options;
    const current = (act) => (event) => turn === this.#turn && act(event);
    this.#quiet = 0;
    this.#ticking = setInterval(() => this.#tick(), heartbeat / 2);
    this.#refused = null;
    try {
      this.#token = typeof token !== "function" ? token : this.#token ?? await token();
    } catch (error) {
      current(() => this.#lose(0, `No token: ${error}`))();
    }
    if (turn !== this.#turn) return;
    try {
      const socket = this.#socket = new WebSocket(this.#url, "aiorest.1.json");
      socket.onopen = current(() => this.#introduce());
      socket.onmessage = current(({ data }) => this.#receive(data));
      socket.onclose = current(({ code, reason }) => this.#lose(code, reason));
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
    const resume = this.session?.resume, token = this.#token ?? undefined, ack = this.#acks();
    const data = resume ? { resume, token, ack } : { token };
    this.#socket.send(JSON.stringify({ id: resume ? 0 : 1, method: "PUT", url: "/~/session", data }));
  }

  #begin({ id, status, data, detail, errors }) {
    // A close follows, whose code says what to do.
    if (status === 401) return (this.#refused = new GatewayError(detail, { status, errors }));
    if (status !== 200) return this.#lose(0, detail);
    const before = this.session;
    this.session = data;
    this.#renewed = false;
    if (data.resumed) {
      for (const asked of this.#open.values()) {
        if (asked.id > data.received) this.#transmit(asked);
        this.#cancel(asked);
      }
    } else this.#anew(id, before && (data.reason ?? "not kept"));
    this.#become("open");
    this.#goOn();
    if (data.resumed) this.#tell("~/resumed", data);
  }

  // What never went out is asked in the new session; of all else nobody knows.
  #anew(id, reason) {
    const open = [...this.#open.values()], waiting = this.#waiting;
    this.#seq = this.#acked = 0;
    this.#lastId = id;
    this.#waiting = [];
    this.#forget();
    for (const one of this.#topics.values()) {
      const tell = ({ message }) => this.#tell("~/lost", { topic: one.topic, reason: message });
      if (one.joined) this.#join(one).then(() => one.recovered || tell({ message: "not recovered" }), tell);
    }
    this.#waiting.push(...waiting);
    for (const asked of open) asked.reject(new SessionLost("Nobody knows whether it was done"));
    if (!reason) return;
    this.#become("lost", reason);
    this.#tell("~/lost", { reason });
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

  // A network that is gone closes nothing: whoever hears nothing asks, and then gives up.
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

  // 4500 to 4999 say "do not come back", as some others do; everything else, "come back".
  #lose(code, reason) {
    const renews = code === 4502 || (code === 4501 && !this.#renewed && typeof this.#options.token === "function");
    if (this.#closing || (!renews && (code >= 4500 || FINAL.includes(code)))) {
      return this.#end(this.#refused ?? new ConnectionLost(reason || `closed: ${code}`, { status: code }));
    }
    if (renews) this.#token = null;
    this.#renewed ||= code === 4501;
    this.#disconnect();
    // At random, or all clients of a gateway that was restarted come back at the same moment.
    const most = (code === 4001 && +/[\d.]+$/.exec(reason)) || Math.min(30, 2 ** this.#attempts++);
    this.#retry = setTimeout(() => hidden() || this.#connect(), Math.random() * most * 1000);
    this.#become(this.session ? "resuming" : "connecting", reason);
  }

  #end(error = new ConnectionLost("closed")) {
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
