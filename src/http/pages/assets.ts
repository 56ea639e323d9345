/**
 * The stylesheet and the scripts for browsers: `/page.css` and the scripts of our own pages,
 * and `/embed.js`, or the path from the settings, and scripts of services for other sites.
 *
 * A page links to its files with the hash of their content (`?v=…`), and such a response may be
 * cached forever. During an update, a page of one version may ask a replica of another: then it
 * gets the replica’s own file, which it may not cache. Every page of other sites loads
 * `/embed.js`, so browsers cache it for an hour, and then check whether it has changed. Not here:
 * building them (`page/bundle.ts`).
 */

import { Hono } from 'hono';
import { type Asset, type BrowserScript, bundle, styles } from '../../page/bundle.ts';
import { type Links, POLICY } from '../../page/frame.ts';
import type { AppHandler, Env, Surface } from '../context.ts';
import { takesGzip } from '../request/reading.ts';

const STYLE = '/page.css';

/** The scripts of our own pages, each served at `/NAME.js`. */
export const PAGE_SCRIPTS = ['page', 'new', 'manage'] as const satisfies readonly BrowserScript[];
/** A script of our own pages. */
type PageScript = (typeof PAGE_SCRIPTS)[number];

/** The stylesheet, for pages without a script. */
export function styleLink(): Links {
  return { style: `${STYLE}?v=${styles().hash}` };
}

/** The stylesheet and a script. The first caller waits until the script is built. */
export async function pageLinks(script: PageScript): Promise<Links> {
  return { ...styleLink(), script: `/${script}.js?v=${(await bundle(script)).hash}` };
}

/**
 * The headers of a page. Browsers may keep it for going back, which must not count again, but must
 * request it for a new visit.
 */
export function pageHeaders(headers: Headers): Headers {
  const ours = new Headers(headers);
  ours.set('Content-Type', 'text/html; charset=utf-8');
  ours.set('Content-Security-Policy', POLICY);
  ours.set('Cache-Control', 'private, no-cache');
  ours.set('Vary', 'Accept-Language');
  return ours;
}

/** The headers of the page of an error. Programs get the error in another form. */
export function errorPageHeaders(headers: Headers): Headers {
  const ours = pageHeaders(headers);
  ours.set('Cache-Control', 'no-store');
  ours.set('Vary', 'Accept, Accept-Language');
  return ours;
}

/** The handler of the stylesheet. `headers` are those of every response. */
export function styleHandler(headers: Headers): AppHandler {
  return assetHandler('text/css; charset=utf-8', async () => styles(), headers);
}

/** The handler of a script of our own pages. `headers` are those of every response. */
export function scriptHandler(script: PageScript, headers: Headers): AppHandler {
  return assetHandler('text/javascript; charset=utf-8', () => bundle(script), headers);
}

function assetHandler(type: string, asset: () => Promise<Asset>, headers: Headers): AppHandler {
  return async (c) => {
    const { text, gzip, hash } = await asset();
    const ours = new Headers(headers);
    ours.set('Content-Type', type);
    ours.set('Vary', 'Accept-Encoding');
    if (c.req.query('v') === hash)
      ours.set('Cache-Control', 'public, max-age=31536000, immutable');
    const zipped = takesGzip(c);
    if (zipped) ours.set('Content-Encoding', 'gzip');
    return new Response(zipped ? gzip : text, { headers: ours });
  };
}

/** The longest time for which a page may run a script that is older than the Seen it calls. */
const KEPT_SECONDS = 3600;

/** The surface of the embed script, at `path`. It needs no store, so no rate limit applies. */
export function createEmbed(path: string): Surface {
  return ({ headers, checked }) =>
    new Hono<Env>().get(path, checked(publicScript('embed', KEPT_SECONDS, headers)));
}

/**
 * The handler of a script for other sites. Browsers keep it for `keptSeconds`, and then check
 * whether it has changed.
 */
export function publicScript(
  script: BrowserScript,
  keptSeconds: number,
  headers: Headers,
): AppHandler {
  const type = 'text/javascript; charset=utf-8';
  return publicAsset(type, () => bundle(script), keptSeconds, headers);
}

/** The same for any file; `asset` is called for each request. */
export function publicAsset(
  type: string,
  asset: () => Promise<Asset>,
  keptSeconds: number,
  headers: Headers,
): AppHandler {
  const ready = new Headers(headers);
  ready.set('Content-Type', type);
  ready.set('Cache-Control', `public, max-age=${keptSeconds}`);
  ready.set('Vary', 'Accept-Encoding');
  // Pages that isolate themselves load resources of other sites only with this header.
  ready.set('Cross-Origin-Resource-Policy', 'cross-origin');

  return async (c) => {
    const { text, gzip, hash } = await asset();
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
