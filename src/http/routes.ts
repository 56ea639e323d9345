/** What is where on the public port. Not here: what the routes do (a file per surface), and what is the same for all (`app.ts`). */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Counter } from '../counter/counter.ts';
import { AppError } from '../counter/errors.ts';
import { createHit } from './api/hit.ts';
import { API_DESCRIPTION } from './api/options.ts';
import type { Asked, Handler, Peer } from './asked.ts';
import type { ErrorForm } from './errors.ts';
import { assetRoutes } from './pages/assets.ts';
import { createCounterPage } from './pages/counter.ts';
import { createRoot } from './pages/root.ts';
import type { CountVisit } from './visit/counting.ts';
import { createOwnVisits } from './visit/own-visits.ts';

/** The methods that servers know. */
export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT'] as const;

/** A path, and what it does with each method that it takes. What takes GET takes HEAD. */
export interface Route {
  readonly path: string;
  readonly errorsAs: ErrorForm;
  /** Set where nothing is asked of the store: limits for visitors do not hold. */
  readonly unlimited?: true;
  /** Set where a handler reads the body of the request: it is called when all of it is there. */
  readonly takesBody?: true;
  readonly handlers: Partial<Record<(typeof METHODS)[number], Handler>>;
  /** Changes the form of every answer of this route, errors too. Never fails. */
  readonly dress?: (c: Asked, response: Response) => Promise<Response>;
}

/** All routes of the public port. `replica` is named on pages; `headers` are those of every response. */
export function publicRoutes(
  counter: Counter,
  count: CountVisit,
  api: OpenAPIHono<{ Bindings: Peer }>,
  replica: string | undefined,
  headers: Headers,
): Route[] {
  const { hit, get } = createHit(counter, count, headers);
  return [
    { path: '/', errorsAs: 'page', handlers: { GET: createRoot(count, replica, headers) } },
    {
      path: '/c/:ns/:key',
      errorsAs: 'page',
      handlers: { GET: createCounterPage(counter, replica, headers) },
    },
    ...assetRoutes(headers),
    { path: '/hit/:ns/:key', errorsAs: 'json', handlers: { GET: hit } },
    { path: '/get/:ns/:key', errorsAs: 'json', handlers: { GET: get } },
    { path: '/own-visits', errorsAs: 'page', takesBody: true, handlers: createOwnVisits(headers) },
    // Browsers ask for it by themselves; the page brings its own icon.
    {
      path: '/favicon.ico',
      errorsAs: 'text',
      unlimited: true,
      handlers: { GET: () => new Response(null, { status: 204, headers }) },
    },
    ...apiRoutes(api, headers),
  ];
}

/** The routes of the API: those of an app of its own, whose answers get the headers that all have. */
function apiRoutes(api: OpenAPIHono<{ Bindings: Peer }>, headers: Headers): Route[] {
  const ask: Handler = async (c) => {
    const { raw } = c.req;
    // Hono would answer HEAD without the body by which its length is known.
    const response = await api.fetch(
      raw.method === 'HEAD' ? new Request(raw, { method: 'GET' }) : raw,
      c.env,
    );
    for (const [name, value] of headers) response.headers.set(name, value);
    return response;
  };
  const paths = Map.groupBy(api.routes, ({ path }) => path);
  return [...paths].map(([path, those]) => ({
    path,
    errorsAs: 'problem',
    takesBody: true,
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
export function methodNotAllowed(c: Asked, route: Route): never {
  const [first] = Object.keys(route.handlers);
  throw new AppError('method-not-allowed', `${c.req.method} does nothing here. Use ${first}.`);
}
