/**
 * `/page.css` and `/page.js`: the stylesheet and the script of pages.
 *
 * A page links to them with the hash of their content (`?v=…`), and such a response may be cached
 * forever. During an update, a page of one version may ask a replica of another: then it gets the
 * replica's own file, which it may not cache. Not here: building them (`page/bundle.ts`).
 */

import { type Asset, bundle } from '../../page/bundle.ts';
import { type Links, POLICY } from '../../page/frame.ts';
import { styles } from '../../page/styles.ts';
import type { AppHandler } from '../context.ts';
import { takesGzip } from '../request/accepts.ts';

const STYLE = '/page.css';
const SCRIPT = '/page.js';
const script = () => bundle('page');

/** The stylesheet, for pages without a script. */
export function styleLink(): Links {
  return { style: `${STYLE}?v=${styles().hash}` };
}

/** Stylesheet and script. The first caller waits until the script is built. */
export async function pageLinks(): Promise<Links> {
  return { ...styleLink(), script: `${SCRIPT}?v=${(await script()).hash}` };
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
  return ours;
}

/** The handlers of both. `headers` are those of every response. */
export function createAssets(headers: Headers): { style: AppHandler; script: AppHandler } {
  return {
    style: assetHandler('text/css; charset=utf-8', async () => styles(), headers),
    script: assetHandler('text/javascript; charset=utf-8', script, headers),
  };
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
