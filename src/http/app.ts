/**
 * The public port: an app of Hono, on which each surface is mounted, and the checks of a request
 * before its handler.
 *
 * The app is a function from Request to Response and opens no port. Not here: the surfaces (a
 * folder each), what is done for every request (`request/lifecycle.ts`), and listening
 * (`server.ts`).
 */
import { Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { RouterRoute } from 'hono/types';
import { getPath } from 'hono/utils/url';
import { AppError, isAppError } from '../counter/errors.ts';
import type { Hosts } from '../services/services.ts';
import { HOST_LENGTH_MAX } from '../services/web-address.ts';
import type { AppContext, Common, Env, Surface } from './context.ts';
import { errorFor, errorHandler, errorResponse, refusedBody } from './errors.ts';
import { checkBody, type UploadRoute } from './request/body-limit.ts';
import { Lifecycle, type LifecycleOptions, type RequestState } from './request/lifecycle.ts';
import { answerHead, otherMethods, withoutBody } from './request/methods.ts';
import { boundedBody } from './request/reading.ts';
import { afterBody } from './request/unread-body.ts';
import type { Limits } from './visit/limits.ts';

export interface AppOptions extends Pick<LifecycleOptions, 'onRequest'> {
  /** The surfaces, in the order in which their routes are matched. */
  readonly surfaces: readonly Surface[];
  /** The host names that serve one other service at their root. */
  readonly hosts: Hosts;
  /** Rate limits of visitors; `undefined` for none. */
  readonly limits: Limits | undefined;
  /** The replica and its version, for `X-Served-By`. */
  readonly servedBy: string;
  /** Called with each error that is a bug. */
  readonly onBug: (error: unknown) => void;
  /** The route that takes files; undefined for none. */
  readonly upload?: UploadRoute | undefined;
}

export interface App extends Lifecycle {
  /** All routes, in the order in which they are matched. */
  readonly routes: readonly RouterRoute[];
}

/** Builds the app of the public port. */
export function createApp(options: AppOptions): App {
  const { surfaces, hosts, servedBy, limits, onRequest, onBug, upload } = options;
  const headers = headersOfAll(servedBy);
  const common: Common = { headers, ...createChecks(limits) };
  const pathIn = pathOn(hosts);
  const app = new Hono<Env>({ getPath: pathIn });
  for (const surface of surfaces) app.route('/', surface(common));
  app.onError(errorHandler(headers, onBug));
  app.notFound(
    otherMethods(app, headers, (c) => errorFor(c, urlTooLong(c) ?? routeMissing(), headers)),
  );
  const lifecycle = new Lifecycle({
    answer: (state) => {
      const response =
        refusedAtOnce(state, headers, pathIn, upload) ??
        (state.isHead ? answerHead(app, state) : app.fetch(state.request, state));
      return hasBody(state.request) ? afterBody(state, response) : response;
    },
    // Hono itself failed, or a value was thrown that is not an Error.
    failed: (error) => {
      onBug(error);
      return errorResponse(error, 'text', headers);
    },
    onRequest,
    policy: limits?.policy ?? '',
  });
  return Object.assign(lifecycle, { routes: app.routes });
}

/** The response to a request that is refused before its route is found; undefined for others. */
function refusedAtOnce(
  state: RequestState,
  headers: Headers,
  pathIn: (request: Request) => string,
  upload: UploadRoute | undefined,
): Response | Promise<Response> | undefined {
  const { request, isHead } = state;
  const wrong = wrongHost(request);
  if (wrong !== undefined) {
    const message = `${wrong}, and nothing was counted. Send one Host header with the server's name.`;
    const refused = errorResponse(new AppError('request-invalid', message), 'text', headers);
    return isHead ? withoutBody(refused) : refused;
  }
  if (!hasBody(request)) return undefined;
  try {
    checkBody(state, pathIn, upload);
    return undefined;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return refusedBody(error, request, headers);
  }
}

/**
 * What is wrong with the `Host` of a request. It may have only one, as
 * https://www.rfc-editor.org/rfc/rfc9112#section-3.2 requires: of several, two programs on its way
 * may use different ones. Bun joins several with `, `, which no host contains.
 */
function wrongHost({ headers }: Request): string | undefined {
  const host = headers.get('Host') ?? '';
  if (host.includes(', ')) return 'This request has more than one Host';
  return host.length > HOST_LENGTH_MAX ? 'The Host of this request is too long' : undefined;
}

function headersOfAll(servedBy: string): Headers {
  return new Headers({
    'Cache-Control': 'no-store',
    'X-Served-By': servedBy,
    'X-Content-Type-Options': 'nosniff',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers':
      'Content-Disposition, Location, RateLimit, RateLimit-Policy, Retry-After, X-Seen-Counters, X-Served-By',
  });
}

function routeMissing(): AppError {
  return new AppError(
    'route-missing',
    'There is nothing here, and nothing was counted. GET / counts a visit, GET /hit/NAMESPACE/KEY counts on a counter of your own.',
  );
}

/** Longer than any URL of ours; browsers and proxies send up to 8,000 and more. */
const URL_LENGTH_MAX = 2048;

/** The checks that surfaces use. `limits`: rate limits of visitors; `undefined` for none. */
function createChecks(limits: Limits | undefined): Pick<Common, 'checked' | 'admit' | 'admitted'> {
  const take = limits?.admit;
  const admit = (c: AppContext): Promise<void> | undefined => {
    if (!noteRoute(c)) return undefined;
    const arrives = hasBody(c.req.raw) ? boundedBody(c) : undefined;
    return arrives ? arrives.then(() => take?.(c)) : take?.(c);
  };
  return {
    checked: (handler) => (c) => {
      noteRoute(c);
      const arrives = hasBody(c.req.raw) ? boundedBody(c) : undefined;
      return arrives ? arrives.then(() => handler(c)) : handler(c);
    },
    admit,
    admitted: (handler) => (c) => {
      const waits = admit(c);
      return waits ? waits.then(() => handler(c)) : handler(c);
    },
  };
}

/** Whether a request may have a body: Bun reads none of GET and HEAD. */
function hasBody({ method }: Request): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** Records the matching route, and returns whether there is one. Fails with `url-too-long`. */
function noteRoute(c: AppContext): boolean {
  // `ALL` is middleware.
  const route = matchedRoutes(c).find(({ method }) => method !== 'ALL');
  if (route) c.env.route = route.path;
  const tooLong = urlTooLong(c);
  if (tooLong) throw tooLong;
  return route !== undefined;
}

/** The error for a URL that is too long. The limit includes scheme and host. */
function urlTooLong({ req }: AppContext): AppError | undefined {
  return req.url.length > URL_LENGTH_MAX
    ? new AppError('url-too-long', `This URL is longer than ${URL_LENGTH_MAX} characters.`)
    : undefined;
}

/**
 * The path of a request. HTTP/1.0 needs no Host, and without one Bun gives only the path as the
 * URL.
 */
function pathOf(request: Request): string {
  return request.url.startsWith('/') ? (request.url.split('?', 1)[0] ?? '/') : getPath(request);
}

/**
 * The path to route a request by. On a service's own host name, which serves nothing else, the
 * service's path comes first.
 */
function pathOn(hosts: Hosts): (request: Request) => string {
  if (hosts.size === 0) return pathOf;
  return (request) => {
    const host = (request.headers.get('Host') ?? '').toLowerCase().replace(/\.?(:\d+)?$/, '');
    const service = hosts.get(host);
    return service === undefined ? pathOf(request) : `/${service}${pathOf(request)}`;
  };
}

/** The root of a service for this client: its path, or empty on its own host name. */
export function rootFor(c: AppContext, prefix: string): string {
  return c.req.path === pathOf(c.req.raw) ? prefix : '';
}
