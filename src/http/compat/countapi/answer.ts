/**
 * The forms of CountAPI's responses: JSON, JSONP for pages that load a response as a script, and a
 * transparent image.
 *
 * Every response passes through here, also errors, so that a page's callback always gets the
 * outcome. Not here: the content (`countapi.ts`).
 */

import type { MiddlewareHandler } from 'hono';
import { pixel } from '../../../images/pixel.ts';
import type { Env } from '../../context.ts';
import { callbackIn, jsonpScript, SCRIPT_TYPE } from '../jsonp.ts';
import type { NamedCounter } from '../shared.ts';

/** The status and body of a response, and the data for its headers. */
export interface Reply {
  readonly status: 200 | 403 | 404 | 409;
  readonly body: Readonly<Record<string, unknown>>;
  readonly named?: NamedCounter;
  readonly token?: string;
}

/** The reply as JSON; `headers` are those of every response. */
export function respond({ status, body, named, token }: Reply, headers: Headers): Response {
  const ours = new Headers(headers);
  ours.set('Content-Type', 'application/json');
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
  // The response to HEAD of a call that writes.
  const isHeadOnly = headers.has('Transfer-Encoding');
  if (query.has('img')) {
    headers.set('Content-Type', 'image/gif');
    return isHeadOnly ? response : new Response(pixel(), { status: response.status, headers });
  }
  const callback = callbackIn(query);
  if (callback === undefined) return response;
  headers.set('Content-Type', SCRIPT_TYPE);
  if (isHeadOnly) return response;
  const body = { ...((await response.json()) as object), code: response.status };
  return new Response(jsonpScript(callback, body), { headers });
}
