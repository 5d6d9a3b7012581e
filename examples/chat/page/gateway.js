// One session of the v1 dialect (docs/wire-protocol.rst), over as many WebSockets as it takes.
// What was asked is done once, and what the gateway says is heard once, whatever the network does.

export class Gateway {
  // What may be replaced: tells how it goes.
  onstate = (state, reason) => {};  // "connected", "away", or "ended" for good
  onsession = (lost) => {};         // a new session; lost: why an earlier one is gone, if one is
  onpush = (push) => {};
  // Answers a request of the gateway, with data or a promise of it; what it throws may have a status.
  // The signal is aborted when the gateway wants no answer any more.
  onrequest = (request, signal) => {
    throw Object.assign(new Error("nobody answers requests here"), { status: 501 });
  };

  #address; #token; #socket; #resume;
  #seq = 0; #acknowledged = 0; #acknowledging;
  #lastId = 0; #open = new Map(); #waiting = []; #most = 64;
  #answering = new Map(); #answered = new Map();
  #attempts = 0; #quiet = 0; #listening;
  connected = false;

  constructor(address, token) {
    this.#address = address;
    this.#token = token;
  }

  connect() {
    const socket = this.#socket = new WebSocket(this.#address, "aiorest.1.json");
    this.#quiet = 0;
    socket.onopen = () => this.#send({ method: "PUT", url: "/~/session", ...this.#opening() });
    socket.onmessage = (event) => socket === this.#socket && this.#take(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#lost(event.code, event.reason);
    this.#listening = setInterval(() => this.#listen(), 10_000);
  }

  // The answer's data. Rejected where it is a failure, or the session ended before it came.
  // Of one that comes in parts, onpart takes each as it comes; else the data is a list of them.
  // A signal (of an AbortController) that is aborted cancels the request.
  ask(method, url, data, { onpart, signal } = {}) {
    return new Promise((resolve, reject) => {
      const asked = { request: { method, url, data }, resolve, reject, onpart, signal };
      signal?.addEventListener("abort", () => this.connected && this.#cancel(asked));
      this.#put(asked);
    });
  }

  // For good: the gateway keeps nothing.
  leave() {
    this.ask("DELETE", "/~/session").catch(() => {});
  }

  #opening() {
    const data = { token: this.#token };
    return this.#resume
      ? { id: 0, data: { ...data, resume: this.#resume, ack: this.#seq } }
      : { id: 1, data };
  }

  #put(asked) {
    this.#waiting.push(asked);
    this.#goOn();
  }

  // No more are open at the same time than the gateway takes.
  #goOn() {
    while (this.connected && this.#waiting.length && this.#open.size < this.#most) {
      const asked = this.#waiting.shift();
      asked.request.id = ++this.#lastId;
      this.#open.set(this.#lastId, asked);
      this.#request(asked);
    }
  }

  #request(asked) {
    this.#send(asked.request);
    this.#cancel(asked);
  }

  #cancel({ request, signal }) {
    if (signal?.aborted && this.#open.has(request.id)) this.#send({ cancel: request.id });
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #take(message) {
    this.#quiet = 0;
    // Only the answer that opens or resumes a session has no number.
    if (message.seq === undefined) return this.#begun(message);
    this.#seq = message.seq;
    this.#acknowledge();
    if ("status" in message) this.#finish(message);
    else if ("method" in message) this.#answer(message);
    else if ("cancel" in message) this.#answering.get(message.cancel)?.abort();
    else this.onpush(message);
  }

  #finish(message) {
    const asked = this.#open.get(message.id);
    if (message.more) {
      if (asked?.onpart) asked.onpart(message.data);
      else if (asked) (asked.parts ??= []).push(message.data);
      return;
    }
    this.#open.delete(message.id);
    if ("detail" in message) asked?.reject(Object.assign(new Error(message.detail), message));
    else asked?.resolve(asked.parts ?? message.data);
    this.#goOn();
  }

  // What was not answered as far as the gateway knows, it asks again when we are back: it is done once,
  // and its answer is kept. No more than 64 are open at the same time.
  async #answer({ id, ...request }) {
    if (this.#answered.has(id)) return this.#send(this.#answered.get(id));
    if (this.#answering.has(id)) return;
    const aborting = new AbortController();
    this.#answering.set(id, aborting);
    let answer;
    try {
      answer = { id, status: 200, data: (await this.onrequest(request, aborting.signal)) ?? null };
    } catch (error) {
      answer = { id, status: error.status ?? 500, detail: error.message };
    }
    if (aborting.signal.aborted) answer = { id, status: 499, detail: "cancelled" };
    // A new session counts anew.
    if (this.#answering.get(id) !== aborting) return;
    this.#answering.delete(id);
    this.#answered.set(id, answer);
    if (this.#answered.size > 64) this.#answered.delete(this.#answered.keys().next().value);
    if (this.connected) this.#send(answer);
  }

  #begun({ id, status, data }) {
    // One that is full may have room later; one that does not believe us closes behind its answer.
    if (status === 503) this.#giveUp("full");
    if (status !== 200) return;
    this.#resume = data.resume;
    this.#most = data.limits.max_open_requests;
    this.#attempts = 0;
    this.connected = true;
    this.onstate("connected");
    const open = [...this.#open.values()];
    if (data.resumed) {
      for (const asked of open) {
        if (asked.request.id > data.received) this.#request(asked);
        else this.#cancel(asked);
      }
      return this.#goOn();
    }
    // A new session counts anew.
    this.#seq = this.#acknowledged = 0;
    this.#lastId = id;
    this.#open.clear();
    for (const aborting of this.#answering.values()) aborting.abort();
    this.#answering.clear();
    this.#answered.clear();
    this.onsession(data.reason);
    // What never went out can still be asked; of all else nobody knows.
    for (const asked of open) asked.reject(new Error("not known whether it was done"));
    this.#goOn();
  }

  // Not each message alone, but before the gateway keeps too many.
  #acknowledge() {
    const acknowledge = () => {
      clearTimeout(this.#acknowledging);
      this.#acknowledging = undefined;
      if (!this.connected) return;
      this.#acknowledged = this.#seq;
      this.#send({ ack: this.#seq });
    };
    if (this.#seq - this.#acknowledged >= 50) acknowledge();
    else this.#acknowledging ??= setTimeout(acknowledge, 500);
  }

  // A network that is gone closes nothing: whoever hears nothing asks, and then gives up.
  #listen() {
    this.#quiet += 1;
    if (this.#quiet === 2 && this.connected) this.ask("GET", "/~/ping").catch(() => {});
    if (this.#quiet === 4) this.#giveUp("silence");
  }

  // To come back: what closing it ourselves is answered says that we left on purpose.
  #giveUp(reason) {
    this.#socket.close();
    this.#lost(1006, reason);
  }

  #lost(code, reason) {
    this.#socket = undefined;
    this.connected = false;
    clearInterval(this.#listening);
    // 4500 to 4999 say "do not come back", as do these; everything else, "come back".
    if (code >= 4500 || [1000, 1001, 1002, 1007, 1009].includes(code)) {
      for (const asked of [...this.#open.values(), ...this.#waiting.splice(0)]) {
        asked.reject(new Error(reason));
      }
      this.#open.clear();
      for (const aborting of this.#answering.values()) aborting.abort();
      return this.onstate("ended", reason);
    }
    // At random, or all clients of a gateway that was restarted come back at the same moment.
    const draining = code === 4001 && Number(reason.match(/\d+/)?.[0]);
    const most = draining || Math.min(30, 2 ** this.#attempts++);
    this.onstate("away", reason);
    setTimeout(() => this.connect(), Math.random() * most * 1000);
  }
}
