/**
 * The public port: routes, what is the same for all of them, and errors.
 *
 * The app is a function from Request to Response and opens no port. Each route has one handler and no middleware, which
 * keeps the way of a hit short. Not here: what the routes do (a file per surface), and listening (`server.ts`).
 */

import type { Context, Handler } from 'hono';
import { Hono } from 'hono';
import { accepts } from 'hono/accepts';
import type { Counter } from '../counter/counter.ts';
import { AppError, isAppError } from '../counter/errors.ts';
import { errorResponse } from './errors.ts';
import { createHit } from './hit.ts';
import { createRoot } from './root.ts';

export interface AppOptions {
  counter: Counter;
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
/** The methods that servers know and these routes do not take. */
const OTHER_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT'];
const ALLOW = 'GET, HEAD, OPTIONS';

/** Builds the app of the public port. */
export function createApp({ counter, servedBy, onRequest, onBug }: AppOptions): App {
  let away = false;
  let underWay = 0;
  let lastRequestAt = Number.NEGATIVE_INFINITY;
  const app = new Hono<{ Bindings: Peer }>();
  const headers = new Headers({
    'Cache-Control': 'no-store',
    'X-Served-By': servedBy,
    'X-Content-Type-Options': 'nosniff',
    'Access-Control-Allow-Origin': '*',
  });

  /** Wraps a handler: errors become responses, and the request is noted under `route`. */
  function answered(route: string, errorsAs: 'json' | 'text', handler: Handler): Handler {
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
        response = (await handler(c, noNext)) as Response;
      } catch (error) {
        if (!isAppError(error)) onBug(error);
        response = errorResponse(error, wanted(c, errorsAs), headers);
        if (isAppError(error, 'method-not-allowed')) response.headers.set('Allow', ALLOW);
      }
      underWay--;
      if (away) response.headers.set('Connection', 'close');
      onRequest({
        route,
        status: response.status,
        seconds: (performance.now() - startedAt) / 1000,
        request: c.req.raw,
        peer: c.env,
      });
      return response;
    };
  }

  const { hit, get } = createHit(counter, headers);
  const routes = [
    ['/', 'text', createRoot(counter, headers)],
    ['/hit/:ns/:key', 'json', hit],
    ['/get/:ns/:key', 'json', get],
    // Browsers ask for it by themselves; the page brings its own icon.
    ['/favicon.ico', 'text', () => new Response(null, { status: 204, headers })],
  ] as const satisfies [string, 'json' | 'text', Handler][];

  for (const [path, errorsAs, handler] of routes) {
    app.get(path, answered(path, errorsAs, handler));
    app.options(
      path,
      answered(path, errorsAs, () => preflight(headers)),
    );
    app.on(OTHER_METHODS, path, answered(path, errorsAs, methodNotAllowed));
  }
  app.notFound(answered('other', 'text', routeMissing) as (c: Context) => Promise<Response>);

  return {
    fetch: (request, peer) => app.fetch(request, peer),
    sendClientsAway: () => {
      away = true;
    },
    underWay: () => underWay,
    lastRequestAt: () => lastRequestAt,
  };
}

async function noNext(): Promise<void> {}

function preflight(headers: Headers): Response {
  const ours = new Headers(headers);
  ours.set('Allow', ALLOW);
  ours.set('Access-Control-Allow-Methods', ALLOW);
  ours.set('Access-Control-Allow-Headers', '*');
  // A day: what browsers keep at the most.
  ours.set('Access-Control-Max-Age', '86400');
  return new Response(null, { status: 204, headers: ours });
}

function methodNotAllowed(c: Context): never {
  throw new AppError('method-not-allowed', `${c.req.method} does nothing here. Use GET.`);
}

function routeMissing(): never {
  throw new AppError(
    'route-missing',
    'There is nothing here, and nothing was counted. GET / counts a visit, GET /hit/NAMESPACE/KEY counts on a counter of its own.',
  );
}

function wanted(c: Context, otherwise: 'json' | 'text'): 'json' | 'text' {
  const type = accepts(c, {
    header: 'Accept',
    supports: ['application/json', 'text/plain', 'text/html'],
    default: otherwise,
  });
  if (type === 'json' || type === 'text') return type;
  return type === 'application/json' ? 'json' : 'text';
}
