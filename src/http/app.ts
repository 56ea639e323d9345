/**
 * The public port: what is where, and what answers it.
 *
 * The app is a function from Request to Response and opens no port. Each route has one handler and no middleware, which
 * keeps the way of a hit short. Not here: what is the same for all routes (`answering.ts`), what they do (a file per surface), and listening
 * (`server.ts`).
 */

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Counter } from '../counter/counter.ts';
import { AppError } from '../counter/errors.ts';
import { Answering, type AnsweringOptions } from './answering.ts';
import { type Handler, Handlers, type Peer } from './asked.ts';
import { type OwnHosts, pathOn } from './own-host.ts';
import { METHODS, methodNotAllowed, preflight, publicRoutes, type Route } from './routes.ts';
import type { CountVisit } from './visit/counting.ts';

export interface AppOptions extends AnsweringOptions {
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
  /** Stands in `X-Served-By`: the replica and its version. */
  servedBy: string;
}

export interface App {
  fetch: (request: Request, peer: Peer) => Response | Promise<Response>;
  /** From now on every response tells its client to close the connection. */
  sendClientsAway(): void;
  /** How many requests have no response yet. One whose body has not arrived is not among them. */
  underWay(): number;
  /** The remote ports of the connections of these requests. */
  busyPorts(): number[];
  /** When the last request came in, on the clock of `performance.now()`; `-Infinity` before the first. */
  lastRequestAt(): number;
  /** All routes, in the order in which they are looked for. */
  readonly routes: readonly Route[];
}

/** Builds the app of the public port. */
export function createApp(options: AppOptions): App {
  const { counter, count, api, surfaces, ownHosts, servedBy } = options;
  const headers = headersOfAll(servedBy);
  const answering = new Answering(options, headers);
  const none: Route = { path: 'other', errorsAs: 'text', handlers: {} };
  const handlers = new Handlers(
    pathOn(ownHosts),
    answering.wrap(none, routeMissing, false),
    answering.wrap(none, hostInvalid, false),
  );
  const routes = [
    ...publicRoutes(counter, count, api, options.replica, headers),
    ...surfaces.flatMap((routesOf) => routesOf(headers)),
  ];
  for (const route of routes) {
    for (const [method, handler, limited] of handlersOf(route, headers)) {
      handlers.add(method, route.path, answering.wrap(route, handler, limited));
    }
  }
  return {
    fetch: (request, peer) => handlers.answer(request, peer),
    sendClientsAway: () => answering.sendClientsAway(),
    underWay: () => answering.underWay,
    busyPorts: () => answering.busyPorts(),
    lastRequestAt: () => answering.lastRequestAt,
    routes,
  };
}

/** What a route does with each method that there is, and whether limits hold. */
function handlersOf(route: Route, headers: Headers): [method: string, handler: Handler, limited: boolean][] {
  const taken = METHODS.map((method): [string, Handler, boolean] => {
    const handler = route.handlers[method];
    return handler ? [method, handler, !route.unlimited] : [method, (c) => methodNotAllowed(c, route), false];
  });
  return [...taken, ['OPTIONS', () => preflight(headers, route), false]];
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

function hostInvalid(): never {
  throw new AppError(
    'request-invalid',
    'This request has more than one Host, and nothing was counted. Send one Host header.',
  );
}

function routeMissing(): never {
  throw new AppError(
    'route-missing',
    'There is nothing here, and nothing was counted. GET / counts a visit, GET /hit/NAMESPACE/KEY counts on a counter of its own.',
  );
}
