/**
 * HEAD, OPTIONS, and methods that a path does not allow, for all surfaces. The methods come from
 * the routes.
 *
 * Bun sends `Content-Length: 0` with any response without a body. RFC 9110 (section 8.6) allows a
 * length only where GET would send the same one. So a response to HEAD has that length, or
 * `Transfer-Encoding: chunked` when it is unknown.
 */
import type { Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { AppError } from '../../counter/errors.ts';
import type { AppContext, AppHandler, Env } from '../context.ts';
import { errorFor } from '../errors.ts';
import type { RequestState } from './lifecycle.ts';

/**
 * The handler for requests that no route of `app` has answered: OPTIONS (204) and other methods
 * (405), both with `Allow`. A path without any route goes to `otherwise`. `headers` are those of
 * every response.
 */
export function otherMethods(app: Hono<Env>, headers: Headers, otherwise: AppHandler): AppHandler {
  const middleware = methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => {
      // Otherwise Hono would copy the headers of the 404 over the new ones.
      c.res = undefined;
      if (c.req.method === 'OPTIONS') return preflight(headers, allowOf(methods));
      return refuseMethod(c, methods, headers);
    },
  });
  return async (c) => {
    await middleware(c, async () => {
      c.res = await otherwise(c);
    });
    return c.res;
  };
}

/** The response (405) to a method that the path does not allow. It allows `methods`. */
export function refuseMethod(
  c: AppContext,
  methods: readonly string[],
  headers: Headers,
): Response {
  const { method } = c.env.request;
  const error = new AppError(
    'method-not-allowed',
    `${method} does nothing here. Use ${methods[0]}.`,
  );
  const response = errorFor(c, error, headers);
  response.headers.set('Allow', allowOf(methods));
  return response;
}

function allowOf(methods: readonly string[]): string {
  return [...methods, 'OPTIONS'].join(', ');
}

function preflight(headers: Headers, allow: string): Response {
  const ours = new Headers(headers);
  ours.set('Allow', allow);
  ours.set('Access-Control-Allow-Methods', allow);
  // `*` does not cover Authorization
  // (https://fetch.spec.whatwg.org/#http-access-control-allow-headers).
  ours.set('Access-Control-Allow-Headers', '*, Authorization');
  // A day: the longest that browsers accept.
  ours.set('Access-Control-Max-Age', '86400');
  return new Response(null, { status: 204, headers: ours });
}

/** A response to HEAD when GET opens a stream. `headers` are those of GET. */
export function headOnly(headers: Headers): Response {
  const ours = new Headers(headers);
  ours.set('Transfer-Encoding', 'chunked');
  return new Response(null, { headers: ours });
}

/** The response to HEAD, from the one to GET or from `headOnly`. */
export async function withoutBody(response: Response | Promise<Response>): Promise<Response> {
  const whole = await response;
  const { status, headers } = whole;
  if (status === 204 || status === 304 || headers.has('Transfer-Encoding')) return whole;
  const ours = new Headers(headers);
  ours.set('Content-Length', `${(await whole.arrayBuffer()).byteLength}`);
  return new Response(null, { status, headers: ours });
}

/**
 * The response of `app` to HEAD. Handlers see GET, and do everything that they do for GET except
 * writing: whatever counts or changes a counter reads it instead (`visit/counting.ts`).
 */
export async function answerHead(app: Hono<Env>, state: RequestState): Promise<Response> {
  const { request } = state;
  // Without a valid `Host` the request cannot be copied. Hono then answers its HEAD without the
  // body, whose length stays unknown.
  if (!URL.canParse(request.url)) return withUnknownLength(await app.fetch(request, state));
  const response = await app.fetch(new Request(request, { method: 'GET' }), state);
  return state.isLengthUnknown ? withUnknownLength(response) : withoutBody(response);
}

/** The response to HEAD, without the length of the body. */
function withUnknownLength({ status, headers }: Response): Response {
  const ours = new Headers(headers);
  if (status !== 204 && status !== 304) ours.set('Transfer-Encoding', 'chunked');
  return new Response(null, { status, headers: ours });
}
