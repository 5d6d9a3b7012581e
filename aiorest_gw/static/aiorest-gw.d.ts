/** The client of aiorest_gw: one session with a gateway, over as many WebSockets as it takes.
 *
 * Each request is done once, and what the gateway pushes is heard once and in order, for as long as it keeps
 * the session of a client that is away. What could not be kept is told, as `~/lost`.
 */

export interface Options {
  /** Credentials, or what gets them: called before the first connection, and again when the gateway
   * refuses them or they ran out. What it throws is tried again later; `null` connects without. */
  token?: string | null | (() => string | null | Promise<string | null>);
  /** Milliseconds of silence after which the gateway is asked whether it is there; 25,000 if not given.
   * No answer in as much again: the connection is given up. An opening may take half of it. */
  heartbeat?: number;
  /** How many requests may wait to be sent, and how many values to be read by a `for await`; 10,000 if
   * not given. A request more is rejected; whoever reads too slowly gets what was kept, and an error. */
  maxQueue?: number;
}

export interface RequestOptions {
  /** Named arguments for the view. */
  args?: Record<string, unknown>;
  /** The body, for `get`, `delete`, `request` and `stream`. */
  data?: unknown;
  eventName?: unknown;
  headers?: Record<string, string>;
  /** Milliseconds, those without a connection too; then it is cancelled, with {@link CommandTimeout}. */
  deadline?: number;
  /** Cancels the request, and rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What the application sends unasked, as it is on the wire. */
export interface Push<T = any> {
  event_name: any;
  data: T;
  topic?: string;
  offset?: number;
}

/** A place in a topic. */
export interface Position {
  epoch: string;
  offset: number;
}

/** A topic that is listened to, also in later sessions. Read it with `for await` if no callback was given;
 * leaving the loop unsubscribes. */
export interface Subscription<T = any> extends Position, AsyncIterable<Push<T>> {
  readonly topic: string;
  /** Whether all was sent that was published since the position that was given. */
  readonly recovered: boolean;
  unsubscribe(): Promise<void>;
}

export interface History<T = any> extends Position {
  publications: Push<T>[];
  complete: boolean;
}

/** What the gateway asks of this client, as it is on the wire. */
export interface ServerRequest {
  method: string;
  url: string;
  /** Of the path, decoded. */
  params: Record<string, string>;
  args?: Record<string, unknown>;
  data?: any;
  event_name?: any;
}

/** `connecting`: there was no session yet. `open`. `lost`: the connection was lost, and the next attempt
 * waits. `resuming`: it is made. `closed`: for good. */
export type State = "connecting" | "open" | "lost" | "resuming" | "closed";

/** Told to `on("~/state")`. `error`: where it is closed. */
export interface StateChange {
  state: State;
  reason?: string;
  error?: Error;
}

/** Told to `on("~/lost")`. With a topic: what was published there meanwhile; without: the session. */
export interface Loss {
  topic?: string;
  reason: string;
}

/** Of the session, as the gateway tells it. */
export interface Session {
  session_id: string;
  user_id: unknown;
  username: string;
  resume: string;
  resumed: boolean;
  limits: Record<string, number>;
}

export class GatewayClient {
  /** Connects at once.
   * @param url `ws:`, `wss:`, or relative to the page.
   * @throws TypeError it is no URL.
   */
  constructor(url: string | URL, options?: Options);
  readonly state: State;
  readonly session?: Session;
  /** Resolved with the client when its session is open, rejected when it is closed before. */
  readonly opened: Promise<this>;

  /** Each gives the answer's data; of one that comes in parts, a list of them.
   * A failing answer rejects with {@link GatewayError}. */
  get<T = any>(url: string, options?: RequestOptions): Promise<T>;
  delete<T = any>(url: string, options?: RequestOptions): Promise<T>;
  post<T = any>(url: string, data?: unknown, options?: RequestOptions): Promise<T>;
  put<T = any>(url: string, data?: unknown, options?: RequestOptions): Promise<T>;
  patch<T = any>(url: string, data?: unknown, options?: RequestOptions): Promise<T>;
  request<T = any>(method: string, url: string, options?: RequestOptions): Promise<T>;

  /** Asked at once, and read part by part. Leaving the loop cancels the request. */
  stream<T = any>(url: string, options?: RequestOptions & { method?: string }): AsyncGenerator<T, void>;

  /** Calls a function with each push of a name, or of all names (`"*"`).
   * @returns a function that stops this.
   */
  on(name: "~/state", callback: (change: StateChange) => unknown): () => void;
  on(name: "~/lost", callback: (loss: Loss) => unknown): () => void;
  /** The session goes on with another connection, and nothing was lost. */
  on(name: "~/resumed", callback: (session: Session) => unknown): () => void;
  on<T = any>(name: string, callback: (push: Push<T>) => unknown): () => void;
  /** The same to be read with `for await`, kept from the call on. */
  events(name: "~/state"): AsyncGenerator<StateChange, void>;
  events(name: "~/lost"): AsyncGenerator<Loss, void>;
  events(name: "~/resumed"): AsyncGenerator<Session, void>;
  events<T = any>(name: string): AsyncGenerator<Push<T>, void>;

  /** Listens to a topic, one subscription at a time.
   * @param options since: asks for what was published behind that position.
   */
  subscribe<T = any>(topic: string, options?: { since?: Position }): Promise<Subscription<T>>;
  subscribe<T = any>(
    topic: string,
    callback: (push: Push<T>) => unknown,
    options?: { since?: Position },
  ): Promise<Subscription<T>>;
  publish(topic: string, eventName?: unknown, data?: unknown): Promise<Position>;
  presence(topic: string, options?: RequestOptions): Promise<{ user_id: unknown; username: string }[]>;
  history<T = any>(
    topic: string,
    options?: RequestOptions & { since?: Position; limit?: number },
  ): Promise<History<T>>;

  /** Milliseconds there and back. */
  ping(options?: RequestOptions): Promise<number>;

  /** Answers requests of the gateway whose url fits a path such as `/users/{id}`; the first that fits does.
   * What it throws may have a `status` and a `detail`. The signal is aborted when no answer is wanted any more.
   * @returns a function that stops this.
   */
  handles(path: string, handler: (request: ServerRequest, signal: AbortSignal) => unknown): () => void;

  /** For good: the gateway keeps nothing, and what is open is rejected with {@link ConnectionLost}. */
  close(): Promise<void>;
}

/** An open client. */
export function connect(url: string | URL, options?: Options): Promise<GatewayClient>;

/** An answer that is a failure. */
export class GatewayError extends Error {
  constructor(detail: unknown, options?: { status?: number; errors?: { path: string; message: string }[] });
  /** HTTP number; of {@link ConnectionLost}, the close code. */
  readonly status?: number;
  readonly detail: any;
  readonly errors?: { path: string; message: string }[];
}

/** The client is closed, by itself or by the gateway. */
export class ConnectionLost extends GatewayError {}

/** Nobody knows whether the request was done: the session was lost before its answer came. */
export class SessionLost extends ConnectionLost {}

/** Not answered within its deadline. */
export class CommandTimeout extends GatewayError {}
