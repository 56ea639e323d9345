/**
 * What is the same for all routes: errors become responses, limits hold, requests are noted, and on a stop each response sends its client away.
 *
 * Promises are chained by hand: an async function around each handler would cost every visit two more. Not here: what is where (`app.ts`).
 */
import { AppError, isAppError } from '../counter/errors.ts';
import type { Asked, Handler, Peer } from './asked.ts';
import { type ErrorForm, errorResponse } from './errors.ts';
import { acceptedBy } from './request/accepts.ts';
import { wholeBody } from './request/body.ts';
import { type Place, UnderWay } from './request/under-way.ts';
import { allowOf, type Route } from './routes.ts';
import type { Limits } from './visit/limits.ts';

/** A request, and how it was answered. */
export interface Answer {
  /** The route as written here, never what the client sent. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  readonly request: Request;
  readonly peer: Peer;
}

export interface AnsweringOptions {
  /** What visitors may ask; `undefined` for no limits. */
  readonly limits: Limits | undefined;
  /** Told after each request. */
  readonly onRequest: (answer: Answer) => void;
  /** Told of each error that is a bug. */
  readonly onBug: (error: unknown) => void;
  /** How long the body of a request may take to arrive; 5 s when not given. */
  readonly bodyMs?: number;
}

/** Longer than any URL of ours; browsers and proxies send up to 8,000 and more. */
const URL_LENGTH_MAX = 2048;

export class Answering {
  readonly #options: AnsweringOptions;
  readonly #headers: Headers;
  readonly #underWay = new UnderWay();
  #away = false;
  #lastRequestAt = Number.NEGATIVE_INFINITY;

  /** `headers` are those of every response. */
  constructor(options: AnsweringOptions, headers: Headers) {
    this.#options = options;
    this.#headers = headers;
  }

  /**
   * How many requests have no response yet. One whose body has not arrived is not among them: nobody knows
   * when it will.
   */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** The remote ports of the connections of these requests. */
  busyPorts(): number[] {
    return [...this.#underWay].flatMap((c) => c.env.requestIP(c.req.raw)?.port ?? []);
  }

  /** When the last request came in, on the clock of `performance.now()`; `-Infinity` before the first. */
  get lastRequestAt(): number {
    return this.#lastRequestAt;
  }

  /** From now on every response tells its client to close the connection. */
  sendClientsAway(): void {
    this.#away = true;
  }

  /** Wraps a handler of `route`; limits hold where it is `limited`. The returned handler never fails. */
  wrap(route: Route, handler: Handler, limited: boolean): Handler {
    const limits = limited ? this.#options.limits : undefined;
    const handle = route.takesBody ? (c: Asked, place: Place) => this.#withBody(c, place, handler) : handler;
    return (c) => {
      const startedAt = performance.now();
      this.#lastRequestAt = startedAt;
      const place = this.#underWay.enter(c);
      const finish = (response: Response) => {
        limits?.tell(c, response);
        return this.#finish(place, route, startedAt, response);
      };
      let answer: Response | Promise<Response>;
      try {
        requireShortUrl(c);
        answer = limits?.limitsRequests ? limits.admit(c).then(() => handle(c, place)) : handle(c, place);
      } catch (caught) {
        answer = this.#failed(c, route, caught);
      }
      if (!(answer instanceof Promise)) return finish(answer);
      return answer.then(finish, (caught: unknown) => finish(this.#failed(c, route, caught)));
    };
  }

  /**
   * Handles a request when all of its body is here. Fails with `body-incomplete` when it does not come in
   * time.
   */
  async #withBody(c: Asked, place: Place, handler: Handler): Promise<Response> {
    this.#underWay.leave(place);
    try {
      await wholeBody(c.req.raw, this.#options.bodyMs);
    } finally {
      this.#underWay.reenter(place);
    }
    return handler(c);
  }

  /** What a handler failed with, as its route says errors. */
  #failed(c: Asked, route: Route, caught: unknown): Response {
    // With a Host that is none Bun makes no URL, which some surfaces cannot do without.
    const error =
      isAppError(caught) || URL.canParse(c.req.url)
        ? caught
        : new AppError('request-invalid', 'This Host is no host.', { cause: caught });
    if (!isAppError(error)) this.#options.onBug(error);
    const response = errorResponse(error, formOf(c, route.errorsAs), this.#headers);
    if (isAppError(error, 'method-not-allowed')) response.headers.set('Allow', allowOf(route));
    // What else of the body comes is not to be taken for the next request.
    if (isAppError(error, 'body-incomplete')) response.headers.set('Connection', 'close');
    return response;
  }

  /** Dresses a response and sends it off. It is noted as it was: a picture that says what went wrong went wrong. */
  #finish(place: Place, route: Route, startedAt: number, response: Response): Response | Promise<Response> {
    const { asked: c } = place;
    const { status } = response;
    const send = (dressed: Response) => {
      this.#underWay.leave(place);
      if (this.#away) dressed.headers.set('Connection', 'close');
      const seconds = (performance.now() - startedAt) / 1000;
      this.#options.onRequest({ route: route.path, status, seconds, request: c.req.raw, peer: c.env });
      return dressed;
    };
    return route.dress && URL.canParse(c.req.url) ? route.dress(c, response).then(send) : send(response);
  }
}

/** Fails with `url-too-long`. A URL begins with scheme and host, which count as part of the limit. */
function requireShortUrl({ req }: Asked): void {
  if (req.url.length > URL_LENGTH_MAX) {
    throw new AppError('url-too-long', `This URL is longer than ${URL_LENGTH_MAX} characters.`);
  }
}

function formOf(c: Asked, otherwise: ErrorForm): ErrorForm {
  // A program asked.
  if (otherwise === 'problem' || otherwise === 'bare') return otherwise;
  const types = ['application/json', 'text/plain', 'text/html'];
  const type = acceptedBy(c, types, otherwise === 'page' ? 'text' : otherwise);
  if (type === 'text/html' && otherwise === 'page') return 'page';
  if (type === 'json' || type === 'text') return type;
  return type === 'application/json' ? 'json' : 'text';
}
