/**
 * Errors as pictures, with status 200, because image proxies and some pages show nothing else. Not
 * here: other forms of errors (`http/errors.ts`).
 */

import type { MiddlewareHandler } from 'hono';
import { drawBadge, IMAGE_POLICY } from '../../images/badge.ts';
import { pixel } from '../../images/pixel.ts';
import type { AppContext, Env } from '../context.ts';

/** Keeps image proxies from caching, so that each visit reaches Seen. */
const NEVER_KEPT = 'max-age=0, no-cache, no-store, must-revalidate';
const COLOUR_OF_ERRORS = 'lightgrey';

/** The headers of a picture; `headers` are those of every response. */
export function imageHeaders(headers: Headers, type: string, policy = IMAGE_POLICY): Headers {
  const ours = new Headers(headers);
  ours.set('Content-Type', type);
  ours.set('Cache-Control', NEVER_KEPT);
  ours.set('Content-Security-Policy', policy);
  // Pages that isolate themselves show pictures of other sites only with this header.
  ours.set('Cross-Origin-Resource-Policy', 'cross-origin');
  return ours;
}

/** Middleware that turns errors into pictures; `headers` are those of every response. */
export function errorsAsPictures(headers: Headers): MiddlewareHandler<Env> {
  const svg = imageHeaders(headers, 'image/svg+xml');
  const json = imageHeaders(headers, 'application/json');
  return async (c, next) => {
    await next();
    if (c.res.status < 400 || isPicture(c.res)) return;
    // An invalid URL has no path, so the requested picture is unknown.
    if (!URL.canParse(c.req.url)) return;
    c.env.realStatus = c.res.status;
    const picture = await errorPicture(c, c.res, c.req.path.endsWith('.json') ? json : svg);
    // Otherwise Hono would copy the old response's headers over the new ones.
    c.res = undefined;
    c.res = picture;
  };
}

/** Whether a surface has drawn its own picture of an error. */
function isPicture({ headers }: Response): boolean {
  return headers.get('Content-Type')?.startsWith('image/') ?? false;
}

/** Short messages by code. */
const MESSAGES: Readonly<Record<string, string>> = {
  'counter-missing': 'no such counter',
  'name-invalid': 'no such name',
  'request-invalid': 'invalid request',
  'route-missing': 'no such picture',
  'rate-limited': 'too many requests',
  'counters-full': 'no more counters',
  'prefetch-refused': 'not counted',
  'total-out-of-range': 'full',
};

/**
 * An error as a picture, or as JSON for shields.io, with its code in a header. A pixel stays
 * transparent, because it is meant to be invisible.
 */
async function errorPicture(c: AppContext, response: Response, ours: Headers): Promise<Response> {
  const { code } = (await response.json()) as { code: string };
  const headers = new Headers(response.headers);
  for (const [name, value] of ours) headers.set(name, value);
  headers.set('X-Seen-Error', code);
  if (c.req.path.endsWith('.gif')) {
    headers.set('Content-Type', 'image/gif');
    return new Response(pixel(), { headers });
  }
  const message = MESSAGES[code] ?? 'not available';
  const label = c.req.query('label') ?? 'visits';
  if (c.req.path.endsWith('.json')) {
    return new Response(JSON.stringify({ schemaVersion: 1, label, message, isError: true }), {
      headers,
    });
  }
  return new Response(drawBadge({ label, message, colour: COLOUR_OF_ERRORS }), { headers });
}
