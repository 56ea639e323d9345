/**
 * The public port: an app of Hono, on which each surface is mounted.
 *
 * The app is a function from Request to Response and opens no port. Not here: the surfaces (a
 * folder each), the steps common to all requests (`request/lifecycle.ts`), and listening
 * (`server.ts`).
 */
import { Hono } from 'hono';
import type { RouterRoute } from 'hono/types';
import { AppError } from '../counter/errors.ts';
import type { Common, Env, Surface } from './context.ts';
import { errorHandler, errorResponse, formOf } from './errors.ts';
import { createChecks, urlTooLong } from './request/checks.ts';
import { Lifecycle, type LifecycleOptions } from './request/lifecycle.ts';
import { otherMethods } from './request/methods.ts';
import { type OwnHosts, pathOn } from './request/own-host.ts';
import type { Peer } from './request/state.ts';
import type { Limits } from './visit/limits.ts';

export interface AppOptions extends Pick<LifecycleOptions, 'onRequest' | 'onBug'> {
  /** The surfaces, in the order in which their routes are matched. */
  readonly surfaces: readonly Surface[];
  /** The host names that serve one compatible service at the root. */
  readonly ownHosts: OwnHosts;
  /** Rate limits of visitors; `undefined` for none. */
  readonly limits: Limits | undefined;
  /** The replica and its version, for `X-Served-By`. */
  readonly servedBy: string;
  /** How long the body of a request may take to arrive; 5 s when not given. */
  readonly bodyMs?: number;
}

export interface App {
  fetch: (request: Request, peer: Peer) => Response | Promise<Response>;
  /** From now on every response tells its client to close the connection. */
  sendClientsAway(): void;
  /** The number of requests in progress, without those whose body has not arrived. */
  underWay(): number;
  /** The remote ports of the connections of these requests. */
  busyPorts(): number[];
  /**
   * When the last request came in, on the clock of `performance.now()`; `-Infinity` before the
   * first.
   */
  lastRequestAt(): number;
  /** All routes, in the order in which they are matched. */
  readonly routes: readonly RouterRoute[];
}

/** Builds the app of the public port. */
export function createApp(options: AppOptions): App {
  const { surfaces, ownHosts, servedBy, limits, onRequest, onBug, bodyMs } = options;
  const headers = headersOfAll(servedBy);
  const common: Common = { headers, ...createChecks(limits), bodyMs };
  const app = new Hono<Env>({ getPath: pathOn(ownHosts) });
  for (const surface of surfaces) app.route('/', surface(common));
  app.onError(errorHandler(headers, onBug));
  app.notFound(
    otherMethods(app, headers, (c) =>
      errorResponse(urlTooLong(c) ?? routeMissing(), formOf(c), headers),
    ),
  );
  const lifecycle = new Lifecycle({
    app,
    onRequest,
    onBug,
    policy: limits?.policy ?? '',
    headers,
  });
  return {
    fetch: (request, peer) => lifecycle.fetch(request, peer),
    sendClientsAway: () => lifecycle.sendClientsAway(),
    underWay: () => lifecycle.underWay,
    busyPorts: () => lifecycle.busyPorts(),
    lastRequestAt: () => lifecycle.lastRequestAt,
    routes: app.routes,
  };
}

function headersOfAll(servedBy: string): Headers {
  return new Headers({
    'Cache-Control': 'no-store',
    'X-Served-By': servedBy,
    'X-Content-Type-Options': 'nosniff',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers':
      'Location, RateLimit, RateLimit-Policy, Retry-After, X-Served-By',
  });
}

function routeMissing(): AppError {
  return new AppError(
    'route-missing',
    'There is nothing here, and nothing was counted. GET / counts a visit, GET /hit/NAMESPACE/KEY counts on a counter of your own.',
  );
}
