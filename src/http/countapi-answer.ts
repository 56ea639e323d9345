/**
 * The forms in which CountAPI answers: JSON, JSONP, for pages that load an answer as a script, and an image that shows nothing.
 *
 * Every answer passes through here, errors too, so that a page's callback always hears what became of its request. Not here: what is
 * answered (`countapi.ts`).
 */
import type { Context } from 'hono';
import { AppError } from '../counter/errors.ts';
import type { Named } from './countapi-request.ts';

/** What is answered: the contract's status and body, and what goes into headers. */
export interface Reply {
  readonly status: 200 | 403 | 404 | 409;
  readonly body: Readonly<Record<string, unknown>>;
  readonly named?: Named;
  readonly token?: string;
}

/** A name, or names with dots between them: nothing that could be more than the function to call. */
const CALLBACK = /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$/;
/** Longer than those that libraries make up. */
const CALLBACK_LENGTH_MAX = 100;
/** A transparent GIF of one pixel. */
const PIXEL = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

/** The answer as JSON; `headers` are those of every response. */
export function respond({ status, body, named, token }: Reply, headers: Headers): Response {
  const ours = new Headers(headers);
  ours.set('Content-Type', 'application/json');
  if (named) ours.set('X-Path', named.name);
  if (token !== undefined) ours.set('X-Seen-Token', token);
  return new Response(JSON.stringify(body), { status, headers: ours });
}

/** What most calls answer where there is no counter. */
export function missing(named: Named): Reply {
  return { status: 404, body: { value: null }, named };
}

/** Fails with `request-invalid` when the request names a callback that is none. To be asked before anything is counted. */
export function requireCallable(query: URLSearchParams): void {
  if (query.has('callback') && callbackIn(query) === undefined) {
    throw new AppError(
      'request-invalid',
      `callback must be the name of a function, of letters, digits, "_", "$" and "." and at most ${CALLBACK_LENGTH_MAX} characters. Nothing was counted.`,
    );
  }
}

function callbackIn(query: URLSearchParams): string | undefined {
  const name = query.get('callback') ?? '';
  return name.length <= CALLBACK_LENGTH_MAX && CALLBACK.test(name) ? name : undefined;
}

/** A JSON answer in the form that the request wants. */
export async function dressed(c: Context, response: Response): Promise<Response> {
  const { headers } = response;
  headers.set(
    'Access-Control-Expose-Headers',
    `${headers.get('Access-Control-Expose-Headers') ?? ''}, X-Path, X-Seen-Token`,
  );
  // The answer to OPTIONS.
  if (response.status === 204) return response;
  const query = new URL(c.req.url).searchParams;
  if (query.has('img')) {
    headers.set('Content-Type', 'image/gif');
    return new Response(Buffer.from(PIXEL, 'base64'), { status: response.status, headers });
  }
  const callback = callbackIn(query);
  if (callback === undefined) return response;
  headers.set('Content-Type', 'application/javascript; charset=utf-8');
  const body = { ...((await response.json()) as object), code: response.status };
  // The comment keeps the body from beginning with what the client chose.
  return new Response(`/**/${callback}(${asScript(body)});`, { headers });
}

/** JSON that is the same as a script, also where that script stands in a page. */
function asScript(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[<>\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
