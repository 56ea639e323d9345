/**
 * `GET /embed.js`, or the path from the settings: the script that other sites embed.
 *
 * Browsers cache it for an hour, because every page loads it, and then check whether it has
 * changed. Not here: the script itself (`page/browser/embed.ts`).
 */

import { Hono } from 'hono';
import { bundle } from '../../page/bundle.ts';
import type { AppHandler, Env, Surface } from '../context.ts';
import { takesGzip } from '../request/accepts.ts';

/** For this long a page may run a script older than the Seen that it calls. */
const KEPT_SECONDS = 3600;

/** The surface of the script, at `path`. It does not use the store, so no rate limit applies. */
export function createEmbed(path: string): Surface {
  return ({ headers, checked }) => new Hono<Env>().get(path, checked(script(headers)));
}

function script(headers: Headers): AppHandler {
  const ready = new Headers(headers);
  ready.set('Content-Type', 'text/javascript; charset=utf-8');
  ready.set('Cache-Control', `public, max-age=${KEPT_SECONDS}`);
  ready.set('Vary', 'Accept-Encoding');
  // Pages that isolate themselves load resources of other sites only with this header.
  ready.set('Cross-Origin-Resource-Policy', 'cross-origin');

  return async (c) => {
    const { text, gzip, hash } = await bundle('embed');
    const ours = new Headers(ready);
    // Weak, because the text and its compressed form have the same one.
    ours.set('ETag', `W/"${hash}"`);
    if (isKnown(c.req.header('If-None-Match'), hash))
      return new Response(null, { status: 304, headers: ours });
    if (!takesGzip(c)) return new Response(text, { headers: ours });
    ours.set('Content-Encoding', 'gzip');
    return new Response(gzip, { headers: ours });
  };
}

/**
 * Whether the client has this version already. Strong and weak ETags are compared alike
 * (https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match), and no ETag contains a quote. So
 * the list has our ETag exactly when it has our hash in quotes.
 */
function isKnown(header: string | undefined, hash: string): boolean {
  return header !== undefined && (header.trim() === '*' || header.includes(`"${hash}"`));
}
