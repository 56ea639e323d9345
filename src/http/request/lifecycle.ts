/**
 * The steps common to all requests, around the app: each response has the rate limit headers, HEAD
 * gets no body, each request is recorded, and during a stop each response closes its connection.
 *
 * It is one function around `app.fetch` and not middleware, because Hono runs a route without
 * middleware on a shorter path (docs/decisions/0002). Not here: the checks of a request
 * (`checks.ts`), and errors as responses (`http/errors.ts`).
 */
import type { Hono } from 'hono';
import { AppError } from '../../counter/errors.ts';
import type { Env } from '../context.ts';
import { errorResponse } from '../errors.ts';
import { withoutBody, withUnknownLength } from './head.ts';
import { type Peer, RequestState } from './state.ts';
import { UnderWay } from './under-way.ts';

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
  readonly app: Hono<Env>;
  /** Called with each error that is a bug. */
  readonly onBug: (error: unknown) => void;
  /** Called after each request. */
  readonly onRequest: (answer: Answer) => void;
  /** The value of `RateLimit-Policy`. */
  readonly policy: string;
  /** The headers of every response. */
  readonly headers: Headers;
}

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #underWay = new UnderWay();
  #away = false;
  #lastRequestAt = Number.NEGATIVE_INFINITY;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** The number of requests in progress, without those whose body has not arrived. */
  get underWay(): number {
    return [...this.#underWay].length;
  }

  /** The remote ports of the connections of these requests. */
  busyPorts(): number[] {
    return [...this.#underWay].flatMap(({ peer }) => peer?.port ?? []);
  }

  /**
   * When the last request came in, on the clock of `performance.now()`; `-Infinity` before the
   * first.
   */
  get lastRequestAt(): number {
    return this.#lastRequestAt;
  }

  /** From now on every response tells its client to close the connection. */
  sendClientsAway(): void {
    this.#away = true;
  }

  /** Answers a request. Never fails. */
  fetch(request: Request, server: Peer): Response | Promise<Response> {
    const state = new RequestState(request, server);
    this.#lastRequestAt = state.startedAt;
    this.#underWay.enter(state);
    try {
      const response = this.#answer(state);
      if (!(response instanceof Promise)) return this.#send(state, response);
      return response.then(
        (resolved) => this.#send(state, resolved),
        (error: unknown) => this.#send(state, this.#failed(error)),
      );
    } catch (error) {
      return this.#send(state, this.#failed(error));
    }
  }

  #answer(state: RequestState): Response | Promise<Response> {
    const { app, headers } = this.#options;
    const { request, isHead } = state;
    if (!hasOneHost(request)) {
      const refused = errorResponse(hostInvalid(), 'text', headers);
      return isHead ? withoutBody(refused) : refused;
    }
    if (!isHead) return app.fetch(request, state);
    // Without a valid `Host` the request cannot be copied. Hono then answers its HEAD without the
    // body, whose length stays unknown.
    if (!URL.canParse(request.url)) return withUnknownLength(app.fetch(request, state));
    return withoutBody(app.fetch(new Request(request, { method: 'GET' }), state));
  }

  /** The response when Hono itself failed, or a value was thrown that is not an Error. */
  #failed(error: unknown): Response {
    const { onBug, headers } = this.#options;
    onBug(error);
    return errorResponse(error, 'text', headers);
  }

  #send(state: RequestState, response: Response): Response {
    const { policy, onRequest } = this.#options;
    // The first access to a response's headers creates an object, which costs some 2 % of a visit.
    if (state.limits) response.headers.set('RateLimit-Policy', policy);
    if (state.limits?.length) response.headers.set('RateLimit', state.limits.join(', '));
    if (this.#away) response.headers.set('Connection', 'close');
    this.#underWay.leave(state);
    const seconds = (performance.now() - state.startedAt) / 1000;
    onRequest({ route: state.route, status: state.realStatus ?? response.status, seconds, state });
    return response;
  }
}

/**
 * Whether a request has at most one `Host`, as https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 * requires: two programs on its way may use different ones. Bun joins several to one, with spaces,
 * which no host contains.
 */
function hasOneHost({ headers }: Request): boolean {
  return !headers.get('Host')?.includes(', ');
}

function hostInvalid(): AppError {
  return new AppError(
    'request-invalid',
    'This request has more than one Host, and nothing was counted. Send one Host header.',
  );
}
