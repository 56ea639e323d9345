/**
 * The public port: routes, what is the same for all of them, and errors.
 *
 * The app is a function from Request to Response and opens no port. Each route has one handler and no middleware, which
 * keeps the way of a hit short. Not here: what the routes do (a file per surface), and listening (`server.ts`).
 */

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, Handler } from 'hono';
import { Hono } from 'hono';
import { accepts } from 'hono/accepts';
import type { Counter } from '../counter/counter.ts';
import { AppError, isAppError } from '../counter/errors.ts';
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

/** Knows the other end of a request's connection. */
export interface Peer {
  requestIP(request: Request): { address: string } | null;
  /** After how many seconds without use the connection is closed; 0 for never. */
  timeout?(request: Request, seconds: number): void;
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
  const app = new Hono<{ Bindings: Peer }>({ getPath: pathOn(ownHosts) });
  const headers = headersOfAll(servedBy);

  /** Wraps a handler: errors become responses, limits hold where it is `limited`, and the request is noted under `route`. */
  function answered(route: Route, handler: Handler, limited = false): Handler {
    return async (c) => {
      const startedAt = performance.now();
      lastRequestAt = startedAt;
      underWay++;
      let response: Response;
      try {
        // `url` begins with scheme and host, which count as part of the limit.
        if (c.req.url.length > URL_LENGTH_MAX) {
          throw new AppError('url-too-long', `This URL is longer than ${URL_LENGTH_MAX} characters.`);
        }
        if (limits && limited) await limits.admit(c);
        response = (await handler(c, noNext)) as Response;
      } catch (caught) {
        // With a Host that is none Bun makes no URL, which some surfaces cannot do without.
        const error =
          isAppError(caught) || URL.canParse(c.req.url)
            ? caught
            : new AppError('request-invalid', 'This Host is no host.', { cause: caught });
        if (!isAppError(error)) onBug(error);
        response = errorResponse(error, wanted(c, route.errorsAs), headers);
        if (isAppError(error, 'method-not-allowed')) response.headers.set('Allow', allowOf(route));
      }
      if (limits && limited) limits.tell(c, response.headers);
      // As it was, not as it is dressed: a picture that says what went wrong went wrong.
      const { status } = response;
      if (route.dress && URL.canParse(c.req.url)) response = await route.dress(c, response);
      underWay--;
      if (away) response.headers.set('Connection', 'close');
      onRequest({
        route: route.path,
        status,
        seconds: (performance.now() - startedAt) / 1000,
        request: c.req.raw,
        peer: c.env,
      });
      return response;
    };
  }

  const routes = publicRoutes(counter, count, api, options.replica, headers);
  for (const route of [...routes, ...surfaces.flatMap((routesOf) => routesOf(headers))]) {
    for (const [method, handler, limited] of handlersOf(route)) {
      app.on(method, route.path, answered(route, handler, limited));
    }
    app.options(
      route.path,
      answered(route, () => preflight(headers, route)),
    );
  }
  app.notFound(
    answered({ path: 'other', errorsAs: 'text', handlers: {} }, routeMissing) as (
      c: Context,
    ) => Promise<Response>,
  );

  return {
    fetch: (request, peer) => app.fetch(request, peer),
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
    return handler
      ? [method, handler, !route.unlimited]
      : [method, (c: Context) => methodNotAllowed(c, route), false];
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

async function noNext(): Promise<void> {}

function routeMissing(): never {
  throw new AppError(
    'route-missing',
    'There is nothing here, and nothing was counted. GET / counts a visit, GET /hit/NAMESPACE/KEY counts on a counter of its own.',
  );
}

function wanted(c: Context, otherwise: ErrorForm): ErrorForm {
  // A program asked.
  if (otherwise === 'problem' || otherwise === 'bare') return otherwise;
  const type = accepts(c, {
    header: 'Accept',
    supports: ['application/json', 'text/plain', 'text/html'],
    default: otherwise === 'page' ? 'text' : otherwise,
  });
  if (type === 'text/html' && otherwise === 'page') return 'page';
  if (type === 'json' || type === 'text') return type;
  return type === 'application/json' ? 'json' : 'text';
}
