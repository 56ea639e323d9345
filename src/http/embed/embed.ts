/**
 * `GET /embed.js`, or wherever the settings have it: the script that other people's pages take
 * from here.
 *
 * Browsers keep it for an hour, because it is asked for with every page, and then ask whether it
 * has changed. Not here: what the script does (`page/browser/embed.ts`).
 */

import { Hono } from 'hono';
import { bundle } from '../../page/bundle.ts';
import type { AppHandler, Env, Surface } from '../context.ts';
import { takesGzip } from '../request/accepts.ts';

/** So long a page may have an older script than the Seen that it asks. */
const KEPT_SECONDS = 3600;

/**
 * The surface of the script, at `path`. Nothing is asked of the store, so the limit on requests
 * does not hold.
 */
export function createEmbed(path: string): Surface {
  return ({ headers, checked }) => new Hono<Env>().get(path, checked(script(headers)));
}

function script(headers: Headers): AppHandler {
  const ready = new Headers(headers);
  ready.set('Content-Type', 'text/javascript; charset=utf-8');
  ready.set('Cache-Control', `public, max-age=${KEPT_SECONDS}`);
  ready.set('Vary', 'Accept-Encoding');
  // Pages that let nothing in of others unless it says that it may be.
  ready.set('Cross-Origin-Resource-Policy', 'cross-origin');

  return async (c) => {
    const { text, gzip, hash } = await bundle('embed');
    const ours = new Headers(ready);
    // Weak, because it is the same for the text and for what it is compressed to.
    ours.set('ETag', `W/"${hash}"`);
    if (isKnown(c.req.header('If-None-Match'), hash))
      return new Response(null, { status: 304, headers: ours });
    if (!takesGzip(c)) return new Response(text, { headers: ours });
    ours.set('Content-Encoding', 'gzip');
    return new Response(gzip, { headers: ours });
  };
}

/**
 * Whether the client has it already. Strong and weak ETags are compared alike
 * (https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match), and no ETag has a quote in it: so
 * the list has ours exactly where it has our hash in quotes.
 */
function isKnown(header: string | undefined, hash: string): boolean {
  return header !== undefined && (header.trim() === '*' || header.includes(`"${hash}"`));
}
