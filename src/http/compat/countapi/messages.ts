/**
 * Reads requests to CountAPI (the counter and the parameters), and forms its responses: JSON,
 * JSONP for pages that load a response as a script, or a transparent image.
 *
 * The path is parsed here and not by the router, because the namespace is optional, a slash may
 * follow, and each part is decoded once. Every response, also an error, passes through here, so
 * that a page’s callback always gets the outcome. Not here: the calls (`calls.ts`).
 */

import type { MiddlewareHandler } from 'hono';
import { AppError } from '../../../counter/errors.ts';
import { invalidPart } from '../../../counter/name.ts';
import { pixel } from '../../../images/pixel.ts';
import { decodedPart } from '../../../services/naming.ts';
import type { AppContext, Env } from '../../context.ts';
import {
  callbackIn,
  callingPage,
  embeddedHeaders,
  hostPart,
  jsonpScript,
  type NamedCounter,
  pathPart,
  SCRIPT_TYPE,
  typedHeaders,
  wholeNumber,
} from '../shared.ts';

/** The path of CountAPI on every host. */
export const COUNTAPI_PREFIX = '/countapi';

/** A parsed request. */
export interface Call {
  /** The parts of the path after the operation, decoded. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Counts this request on a counter and returns its number, `null` for a private one. */
  readonly count: (counter: string, amount?: number) => Promise<number | null>;
  /** Whether the request is a HEAD, which changes nothing. */
  readonly isHead: boolean;
  /** Fails when this request may not create the counter. */
  readonly mayCreate: (counter: string) => Promise<void>;
}

/** Parses a request for `operation`. `functions` are those that count and check limits. */
export function callOf(
  c: AppContext,
  operation: string,
  functions: Pick<Call, 'count' | 'mayCreate'>,
): Call {
  const rest = c.req.path.slice(`${COUNTAPI_PREFIX}/${operation}/`.length).replace(/\/$/, '');
  return {
    parts: rest === '' ? [] : rest.split('/').map(decodedPart),
    query: new URL(c.req.url).searchParams,
    headers: c.req.raw.headers,
    isHead: c.env.isHead,
    ...functions,
  };
}

/** The counter in the path, `KEY` or `NAMESPACE/KEY`. Fails with `name-invalid`. */
export function namedInPath(call: Call): NamedCounter {
  return namedBy(call, call.parts.length === 1 ? ['default', ...call.parts] : call.parts);
}

/**
 * The counter with this namespace and key, with `:HOST:` and `:PATHNAME:` replaced. Fails with
 * `name-invalid`.
 */
export function namedBy({ headers }: Call, words: readonly string[]): NamedCounter {
  const page = words.some((word) => word.startsWith(':')) ? callingPage(headers) : undefined;
  const [namespace = '', key = '', ...more] = words.map((word) => replaced(word, page));
  if (invalidPart(namespace, key) !== undefined || more.length > 0)
    throw new AppError('name-invalid', 'Malformed Namespace/Key');
  return { namespace, key, name: `${namespace}/${key}` };
}

/** Replaces a reserved word. */
function replaced(word: string, page: URL | undefined): string {
  switch (word) {
    case ':HOST:':
      return hostPart(page);
    case ':PATHNAME:':
      return pathPart(page);
    default:
      return word;
  }
}

/**
 * A whole number from the query; `fallback` when it is missing. Fails with `request-invalid`, also
 * when it is missing and has no `fallback`.
 */
export function wholeNumberIn(query: URLSearchParams, name: string, fallback?: number): number {
  const text = query.get(name);
  if (text === null && fallback !== undefined) return fallback;
  const value = wholeNumber(text ?? '');
  if (value === undefined) {
    throw new AppError('request-invalid', `${name} must be a whole number, as in ${name}=1`);
  }
  return value;
}

/** A boolean from the query; false when it is missing. Fails with `request-invalid`. */
export function booleanIn(query: URLSearchParams, name: string): boolean {
  const word = (query.get(name) ?? 'false').toLowerCase();
  if (word === '1' || word === 'true') return true;
  if (word === '0' || word === 'false') return false;
  throw new AppError('request-invalid', `${name} must be 1, true, 0 or false`);
}

/** The status and body of a response, and the data for its headers. */
export interface Reply {
  readonly status: 200 | 403 | 404 | 409;
  readonly body: Readonly<Record<string, unknown>>;
  readonly named?: NamedCounter;
  readonly token?: string;
}

/** The reply as JSON; `headers` are those of every response. */
export function respond({ status, body, named, token }: Reply, headers: Headers): Response {
  const ours = typedHeaders(headers, 'application/json');
  if (named) ours.set('X-Path', named.name);
  if (token !== undefined) ours.set('X-Seen-Token', token);
  return new Response(JSON.stringify(body), { status, headers: ours });
}

/** The reply of most calls for a missing counter. */
export function missingCounterReply(named: NamedCounter): Reply {
  return { status: 404, body: { value: null }, named };
}

/** Middleware that gives every response the form that its request asks for. */
export const formatResponse: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  // With an invalid Host the query cannot be read.
  if (!URL.canParse(c.req.url)) return;
  c.env.realStatus = c.res.status;
  c.res = await inForm(new URL(c.req.url).searchParams, c.res);
};

async function inForm(query: URLSearchParams, response: Response): Promise<Response> {
  const { headers } = response;
  headers.set(
    'Access-Control-Expose-Headers',
    `${headers.get('Access-Control-Expose-Headers') ?? ''}, X-Path, X-Seen-Token`,
  );
  // The response to OPTIONS.
  if (response.status === 204) return response;
  if (query.has('img')) {
    const ours = embeddedHeaders(headers, 'image/gif');
    return new Response(pixel(), { status: response.status, headers: ours });
  }
  const callback = callbackIn(query);
  if (callback === undefined) return response;
  const body = { ...((await response.json()) as object), code: response.status };
  const ours = embeddedHeaders(headers, SCRIPT_TYPE);
  return new Response(jsonpScript(callback, body), { headers: ours });
}
