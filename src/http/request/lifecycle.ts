/**
 * The steps common to all requests: each is recorded, its response has the rate limit headers, and
 * during a stop the response closes its connection.
 *
 * It is one function around the app and not middleware, because Hono runs a route without
 * middleware on a shorter path (docs/decisions/0002). Not here: the checks of a request and the
 * app itself (`http/app.ts`), and errors as responses (`http/errors.ts`).
 */

/** The server, which knows the client's end of a connection. Bun's server implements this. */
export interface Peer {
  requestIP(request: Request): { address: string; port?: number } | null;
  /** The idle seconds after which the connection is closed; 0 for never. */
  timeout?(request: Request, seconds: number): void;
}

/** The state of a request, from its arrival to its response. Handlers get it as `c.env`. */
export class RequestState {
  /** The original request. Handlers see HEAD as GET: see `isHead`. */
  readonly request: Request;
  /** On the clock of `performance.now()`. */
  readonly startedAt = performance.now();
  /** The route as written in the code, never the client's path; `other` when none matched. */
  route = 'other';
  /** The real status of a failure whose response has to be 200. */
  realStatus: number | undefined;
  /** The client's address, found once (`visit/visitors.ts`) for limits and visitors. */
  clientAddress: string | undefined;
  /** The value of `RateLimit`; empty when it is unknown, `undefined` without a limit. */
  limits: string | undefined;
  /** Whether the response to this HEAD may have another length than that to GET. */
  isLengthUnknown = false;
  /** Whether its body has yet to arrive. */
  lacksBody = false;
  /** Whether it may send a file, beyond the limit on bodies. */
  uploads = false;
  /** The neighbours in the list of requests in progress. */
  before: RequestState | undefined;
  after: RequestState | undefined;
  readonly #server: Peer;

  constructor(request: Request, server: Peer) {
    this.request = request;
    this.#server = server;
  }

  /** Whether the client wants only the headers, so that nothing counts. */
  get isHead(): boolean {
    return this.request.method === 'HEAD';
  }

  /** The other end of the connection; `null` when it has gone. */
  get peer(): { readonly address: string; readonly port?: number } | null {
    return this.#server.requestIP(this.request);
  }

  /** The idle seconds after which the connection is closed; 0 for never. */
  closeAfter(seconds: number): void {
    this.#server.timeout?.(this.request, seconds);
  }
}

/** A request and the outcome of its response. */
export interface Answer {
  /** As in `RequestState`. */
  readonly route: string;
  /** The real status of a failure whose response has to be 200. */
  readonly status: number;
  readonly seconds: number;
  readonly state: RequestState;
}

export interface LifecycleOptions {
  /** Answers a request. May throw or reject. */
  readonly answer: (state: RequestState) => Response | Promise<Response>;
  /** The response when `answer` fails. */
  readonly failed: (error: unknown) => Response;
  /** Called after each request. */
  readonly onRequest: (answer: Answer) => void;
  /** The value of `RateLimit-Policy`. */
  readonly policy: string;
}

/** The requests in progress of a process, and the steps before and after each handler. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  /**
   * The latest request in progress; the others are linked to it. A `Set` would rebuild its tables
   * all the time, which cost 2 to 5 % of a visit.
   */
  #last: RequestState | undefined;
  #away = false;
  #lastRequestAt = Number.NEGATIVE_INFINITY;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** The number of requests in progress, without those whose body has not arrived. */
  underWay(): number {
    return this.#inProgress().length;
  }

  /** The remote ports of the connections with a request in progress. */
  busyPorts(): number[] {
    return this.#inProgress().flatMap(({ peer }) => peer?.port ?? []);
  }

  /**
   * When the last request came in, on the clock of `performance.now()`; `-Infinity` before the
   * first.
   */
  lastRequestAt(): number {
    return this.#lastRequestAt;
  }

  /** From now on every response tells its client to close the connection. */
  sendClientsAway(): void {
    this.#away = true;
  }

  /** Answers a request. Never fails. Needs no `this`. */
  readonly fetch = (request: Request, server: Peer): Response | Promise<Response> => {
    const { answer, failed } = this.#options;
    const state = new RequestState(request, server);
    this.#lastRequestAt = state.startedAt;
    this.#enter(state);
    try {
      const response = answer(state);
      if (!(response instanceof Promise)) return this.#send(state, response);
      return response.then(
        (resolved) => this.#send(state, resolved),
        (error: unknown) => this.#send(state, failed(error)),
      );
    } catch (error) {
      return this.#send(state, failed(error));
    }
  };

  #send(state: RequestState, response: Response): Response {
    const { policy, onRequest } = this.#options;
    // The first access to a response's headers creates an object, which costs some 2 % of a visit.
    if (state.limits !== undefined) response.headers.set('RateLimit-Policy', policy);
    if (state.limits) response.headers.set('RateLimit', state.limits);
    if (this.#away) response.headers.set('Connection', 'close');
    this.#leave(state);
    const seconds = (performance.now() - state.startedAt) / 1000;
    onRequest({ route: state.route, status: state.realStatus ?? response.status, seconds, state });
    return response;
  }

  #enter(state: RequestState): void {
    state.before = this.#last;
    if (this.#last) this.#last.after = state;
    this.#last = state;
  }

  /** Removes a request from the list. Call it once after each `#enter`. */
  #leave({ before, after }: RequestState): void {
    if (before) before.after = after;
    if (after) after.before = before;
    else this.#last = before;
  }

  /** The requests in progress, without those whose body has not arrived, which may never come. */
  #inProgress(): RequestState[] {
    const found: RequestState[] = [];
    for (let state = this.#last; state; state = state.before)
      if (!state.lacksBody) found.push(state);
    return found;
  }
}
