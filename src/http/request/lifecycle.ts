/**
 * What is the same for all requests, around the app: what is left of limits is told, HEAD gets no
 * body, each request is noted, and on a stop each response sends its client away.
 *
 * It is one function around `app.fetch` and not middleware, because Hono runs a route without
 * middleware on a shorter path (docs/decisions/0002). Not here: what a request must pass
 * (`checks.ts`), and errors as responses (`http/errors.ts`).
 */
import type { Hono } from 'hono';
import { AppError } from '../../counter/errors.ts';
import type { Env } from '../context.ts';
import { errorResponse } from '../errors.ts';
import { withoutBody, withUnknownLength } from './head.ts';
import { type Peer, RequestState } from './state.ts';
import { UnderWay } from './under-way.ts';

/** A request, and how it was answered. */
export interface Answer {
  /** As in `RequestState`. */
  readonly route: string;
  /** Of a failure that had to be answered with 200, its own. */
  readonly status: number;
  readonly seconds: number;
  readonly state: RequestState;
}

export interface LifecycleOptions {
  readonly app: Hono<Env>;
  /** Told of each error that is a bug. */
  readonly onBug: (error: unknown) => void;
  /** Told after each request. */
  readonly onRequest: (answer: Answer) => void;
  /** The limits that there are, as a response says it. */
  readonly policy: string;
  /** The headers that every response has. */
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

  /** How many requests have no response yet, without those whose body has not arrived. */
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
    // Of a request without a `Host`, or with one that is none, no other can be made: Hono answers
    // its HEAD without the body by which the length is known.
    if (!URL.canParse(request.url)) return withUnknownLength(app.fetch(request, state));
    return withoutBody(app.fetch(new Request(request, { method: 'GET' }), state));
  }

  /** The response where Hono itself failed, or something was thrown that is no Error. */
  #failed(error: unknown): Response {
    const { onBug, headers } = this.#options;
    onBug(error);
    return errorResponse(error, 'text', headers);
  }

  #send(state: RequestState, response: Response): Response {
    const { policy, onRequest } = this.#options;
    // The first look at a response's headers makes an object of them, which costs some 2 % of a
    // visit.
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
 * Whether a request has no more than one `Host`, as
 * https://www.rfc-editor.org/rfc/rfc9112#section-3.2 requires: two programs on its way may take
 * different ones. Bun joins several to one, with blanks that no host has.
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
