/**
 * Errors as pictures, with status 200, because image proxies and some pages show nothing else. Not
 * here: other forms of errors, and replacing a response (`http/errors.ts`).
 */

import type { MiddlewareHandler } from 'hono';
import { drawBadge, IMAGE_POLICY } from '../../images/badge.ts';
import { pixel } from '../../images/pixel.ts';
import type { AppContext, Env } from '../context.ts';
import { type ErrorWriter, rewriteErrors } from '../errors.ts';

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

/** How the errors of a surface are shown. */
export interface ErrorPictures {
  /** The status of the picture for an error with this status; always 200 if not given. */
  readonly statusFor?: (status: number) => number;
  /** Whether a request is one for JSON; if not given, its path ends in `.json`. */
  readonly isForJson?: (c: AppContext) => boolean;
}

/** Middleware that turns errors into pictures; `headers` are those of every response. */
export function errorsAsPictures(headers: Headers, how?: ErrorPictures): MiddlewareHandler<Env> {
  return rewriteErrors(pictureWriter(headers, how));
}

/**
 * Returns the function that writes an error as a picture, or as JSON for shields.io, with its code
 * in a header. A pixel stays transparent, because it is meant to be invisible.
 */
export function pictureWriter(
  headers: Headers,
  {
    statusFor = () => 200,
    isForJson = ({ req }) => req.path.endsWith('.json'),
  }: ErrorPictures = {},
): (c: AppContext) => ErrorWriter | undefined {
  const write: ErrorWriter = (c, error) => {
    const isGif = c.req.path.endsWith('.gif');
    const isJson = !isGif && isForJson(c);
    const type = isGif ? 'image/gif' : isJson ? 'application/json' : 'image/svg+xml';
    const ours = error.headers;
    for (const [name, value] of imageHeaders(headers, type)) ours.set(name, value);
    const code = error.code ?? '';
    ours.set('X-Seen-Error', code);
    const init = { status: statusFor(error.status), headers: ours };
    if (isGif) return new Response(pixel(), init);
    const message = MESSAGES[code] ?? 'not available';
    const label = c.req.query('label') ?? 'visits';
    return isJson
      ? new Response(JSON.stringify({ schemaVersion: 1, label, message, isError: true }), init)
      : new Response(drawBadge({ label, message, colour: COLOUR_OF_ERRORS }), init);
  };
  // An invalid URL has no path, so the requested picture is unknown.
  return (c) => (URL.canParse(c.req.url) ? write : undefined);
}
