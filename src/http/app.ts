/**
 * The public port: routes, what is the same for all of them, and errors.
 *
 * The app is a function from Request to Response and opens no port. Each route has one handler and no middleware, which
 * keeps the way of a hit short. Not here: what the routes do (a file per surface), and listening (`server.ts`).
 */

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Counter } from '../counter/counter.ts';
import { AppError, isAppError } from '../counter/errors.ts';
import { type Asked, acceptedBy, type Handler, Handlers, type Peer } from './asked.ts';
import type { CountVisit } from './counting.ts';
import { type ErrorForm, errorResponse } from './errors.ts';
import type { Limits } from './limits.ts';
import { type OwnHosts, pathOn } from './own-host.ts';
import { allowOf, METHODS, methodNotAllowed, preflight, publicRoutes, type Route } from './routes.ts';

export interface AppOptions {
  counter: Counter;
  count: CountVisit;
  /** The API, whose routes are served beside the others. */
  api: OpenAPIHono<{ Bindings: Peer }>;
  /** Named on pages, with the stack; `undefined` where that is not to be shown. */
  replica: string | undefined;
  /** Surfaces that are made elsewhere: their routes. Each is given the headers that every response has. */
  surfaces: readonly ((headers: Headers) => Route[])[];
  /** The host names on which one of these is at the root. */
  ownHosts: OwnHosts;
  /** What visitors may ask; `undefined` for no limits. */
  limits: Limits | undefined;
  /** Stands in `X-Served-By`: the replica and its version. */
  servedBy: string;
  /** Told after each request. */
  onRequest: (answer: Answer) => void;
  /** Told of each error that is a bug. */
  onBug: (error: unknown) => void;
}

/** A request, and how it was answered. */
export interface Answer {
  /** The route as written here, never what the client sent. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  readonly request: Request;
  readonly peer: Peer;
}

export interface App {
  fetch: (request: Request, peer: Peer) => Response | Promise<Response>;
  /** From now on every response tells its client to close the connection. */
  sendClientsAway(): void;
  /** How many requests have no response yet. */
  underWay(): number;
  /** When the last request came in, on the clock of `performance.now()`; `-Infinity` before the first. */
  lastRequestAt(): number;
}

/** Longer than any URL of ours; browsers and proxies send up to 8,000 and more. */
const URL_LENGTH_MAX = 2048;
/** Builds the app of the public port. */
export function createApp(options: AppOptions): App {
  const { counter, count, api, surfaces, ownHosts, limits, servedBy, onRequest, onBug } = options;
  let away = false;
  let underWay = 0;
  let lastRequestAt = Number.NEGATIVE_INFINITY;
  const headers = headersOfAll(servedBy);

  /** What a handler failed with, as its route says errors. */
  function failed(c: Asked, route: Route, caught: unknown): Response {
    // With a Host that is none Bun makes no URL, which some surfaces cannot do without.
    const error =
      isAppError(caught) || URL.canParse(c.req.url)
        ? caught
        : new AppError('request-invalid', 'This Host is no host.', { cause: caught });
    if (!isAppError(error)) onBug(error);
    const response = errorResponse(error, wanted(c, route.errorsAs), headers);
    if (isAppError(error, 'method-not-allowed')) response.headers.set('Allow', allowOf(route));
    return response;
  }

  /** Sends the answer off: from here on it is noted under `route` with the status that it had before it was dressed. */
  function sent(c: Asked, route: Route, startedAt: number, status: number, response: Response): Response {
    underWay--;
    if (away) response.headers.set('Connection', 'close');
    const seconds = (performance.now() - startedAt) / 1000;
    onRequest({ route: route.path, status, seconds, request: c.req.raw, peer: c.env });
    return response;
  }

  /** Wraps a handler: errors become responses, limits hold where it is `limited`, and the request is noted under `route`. */
  function answered(route: Route, handler: Handler, limited = false): Handler {
    const { dress } = route;
    const admission = limited ? limits : undefined;
    return (c) => {
      const startedAt = performance.now();
      lastRequestAt = startedAt;
      underWay++;
      const done = (response: Response) => {
        admission?.tell(c, response.headers);
        const { status } = response;
        // A picture that says what went wrong went wrong.
        return dress && URL.canParse(c.req.url)
          ? dress(c, response).then((dressed) => sent(c, route, startedAt, status, dressed))
          : sent(c, route, startedAt, status, response);
      };
      try {
        // `url` begins with scheme and host, which count as part of the limit.
        if (c.req.url.length > URL_LENGTH_MAX) {
          throw new AppError('url-too-long', `This URL is longer than ${URL_LENGTH_MAX} characters.`);
        }
        const answer = admission ? admission.admit(c).then(() => handler(c)) : handler(c);
        if (!(answer instanceof Promise)) return done(answer);
        return answer.then(done, (caught: unknown) => done(failed(c, route, caught)));
      } catch (caught) {
        return done(failed(c, route, caught));
      }
    };
  }

  const none: Route = { path: 'other', errorsAs: 'text', handlers: {} };
  const handlers = new Handlers(pathOn(ownHosts), answered(none, routeMissing));
  const routes = publicRoutes(counter, count, api, options.replica, headers);
  for (const route of [...routes, ...surfaces.flatMap((routesOf) => routesOf(headers))]) {
    for (const [method, handler, limited] of handlersOf(route)) {
      handlers.add(method, route.path, answered(route, handler, limited));
    }
    handlers.add(
      'OPTIONS',
      route.path,
      answered(route, () => preflight(headers, route)),
    );
  }

  return {
    fetch: (request, peer) => handlers.answer(request, peer),
    sendClientsAway: () => {
      away = true;
    },
    underWay: () => underWay,
    lastRequestAt: () => lastRequestAt,
  };
}

/** What a route does with each method that there is, and whether limits hold. */
function handlersOf(route: Route): [method: string, handler: Handler, limited: boolean][] {
  return METHODS.map((method) => {
    const handler = route.handlers[method];
    return handler ? [method, handler, !route.unlimited] : [method, (c) => methodNotAllowed(c, route), false];
  });
}

function headersOfAll(servedBy: string): Headers {
  return new Headers({
    'Cache-Control': 'no-store',
    'X-Served-By': servedBy,
    'X-Content-Type-Options': 'nosniff',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': 'Location, RateLimit, RateLimit-Policy, Retry-After, X-Served-By',
  });
}

function routeMissing(): never {
  throw new AppError(
    'route-missing',
    'There is nothing here, and nothing was counted. GET / counts a visit, GET /hit/NAMESPACE/KEY counts on a counter of its own.',
  );
}

function wanted(c: Asked, otherwise: ErrorForm): ErrorForm {
  // A program asked.
  if (otherwise === 'problem' || otherwise === 'bare') return otherwise;
  const type = acceptedBy(
    c,
    ['application/json', 'text/plain', 'text/html'],
    otherwise === 'page' ? 'text' : otherwise,
  );
  if (type === 'text/html' && otherwise === 'page') return 'page';
  if (type === 'json' || type === 'text') return type;
  return type === 'application/json' ? 'json' : 'text';
}
