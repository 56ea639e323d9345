/** What is where on the public port. Not here: what the routes do (a file per surface), and what is the same for all (`app.ts`). */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, Handler } from 'hono';
import type { Counter } from '../counter/counter.ts';
import { AppError } from '../counter/errors.ts';
import { API_DESCRIPTION } from './api-options.ts';
import type { Peer } from './app.ts';
import type { CountVisit } from './counting.ts';
import { createEmbed } from './embed.ts';
import type { ErrorForm } from './errors.ts';
import { createHit } from './hit.ts';
import { createOwnVisits } from './own-visits.ts';
import { createRoot } from './root.ts';

/** The methods that servers know. */
export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT'] as const;

/** A path, and what it does with each method that it takes. What takes GET takes HEAD. */
export interface Route {
  readonly path: string;
  readonly errorsAs: ErrorForm;
  /** Set where nothing is asked of the store: limits for visitors do not hold. */
  readonly unlimited?: true;
  readonly handlers: Partial<Record<(typeof METHODS)[number], Handler>>;
  /** Changes the form of every answer of this route, errors too. Never fails. */
  readonly dress?: (c: Context, response: Response) => Promise<Response>;
}

/** All routes of the public port. `embedPath` is where the script for other pages is, `headers` are those of every response. */
export function publicRoutes(
  counter: Counter,
  count: CountVisit,
  api: OpenAPIHono<{ Bindings: Peer }>,
  embedPath: string,
  headers: Headers,
): Route[] {
  const { hit, get } = createHit(counter, count, headers);
  return [
    { path: '/', errorsAs: 'text', handlers: { GET: createRoot(count, headers) } },
    { path: '/hit/:ns/:key', errorsAs: 'json', handlers: { GET: hit } },
    { path: '/get/:ns/:key', errorsAs: 'json', handlers: { GET: get } },
    { path: '/own-visits', errorsAs: 'text', handlers: createOwnVisits(headers) },
    // Browsers ask for it by themselves; the page brings its own icon.
    {
      path: '/favicon.ico',
      errorsAs: 'text',
      unlimited: true,
      handlers: { GET: () => new Response(null, { status: 204, headers }) },
    },
    ...apiRoutes(api, headers),
    { path: embedPath, errorsAs: 'text', unlimited: true, handlers: { GET: createEmbed(headers) } },
  ];
}

/** The routes of the API: those of an app of its own, whose answers get the headers that all have. */
function apiRoutes(api: OpenAPIHono<{ Bindings: Peer }>, headers: Headers): Route[] {
  const ask: Handler = async (c) => {
    const response = await api.fetch(c.req.raw, c.env);
    for (const [name, value] of headers) response.headers.set(name, value);
    return response;
  };
  const paths = Map.groupBy(api.routes, ({ path }) => path);
  return [...paths].map(([path, those]) => ({
    path,
    errorsAs: 'problem',
    ...(path === API_DESCRIPTION ? { unlimited: true } : {}),
    handlers: Object.fromEntries(those.map(({ method }) => [method, ask])),
  }));
}

/** What a route takes, as `Allow` says it. */
export function allowOf({ handlers }: Route): string {
  return [...Object.keys(handlers), ...(handlers.GET ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}

/** The answer to OPTIONS. */
export function preflight(headers: Headers, route: Route): Response {
  const allow = allowOf(route);
  const ours = new Headers(headers);
  ours.set('Allow', allow);
  ours.set('Access-Control-Allow-Methods', allow);
  // `*` does not cover Authorization (https://fetch.spec.whatwg.org/#http-access-control-allow-headers).
  ours.set('Access-Control-Allow-Headers', '*, Authorization');
  // A day: what browsers keep at the most.
  ours.set('Access-Control-Max-Age', '86400');
  return new Response(null, { status: 204, headers: ours });
}

/** The answer to a method that a route does not take. */
export function methodNotAllowed(c: Context, route: Route): never {
  const [first] = Object.keys(route.handlers);
  throw new AppError('method-not-allowed', `${c.req.method} does nothing here. Use ${first}.`);
}
