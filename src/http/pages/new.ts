/**
 * `GET /new`: the page that makes a counter and the code for it. It reads nothing from the store;
 * its script uses the API. Not here: its HTML (`page/new.ts`).
 */
import { newPage } from '../../page/new.ts';
import type { AppContext, AppHandler } from '../context.ts';
import { pageHeaders, pageLinks } from './assets.ts';
import { languageFor, queryFor } from './language.ts';

export interface NewPageOptions {
  /** Whether only the installation's owner may create counters. */
  readonly closed: boolean;
  /** The path of the script for other pages. */
  readonly embedPath: string;
}

/** The handler of the page. `headers` are those of every response. */
export function createNewPage(options: NewPageOptions, headers: Headers): AppHandler {
  const ready = { headers: pageHeaders(headers) };
  return async (c) => {
    const page = { ...options, origin: originOf(c), query: queryFor(c) };
    return new Response(newPage(await pageLinks('new'), languageFor(c), page), ready);
  };
}

/**
 * The origin in the client's address bar. A proxy says whether the client uses HTTPS; no proxy
 * need be trusted for that, because only this client sees the page.
 */
function originOf({ req }: AppContext): string {
  const { origin, host } = new URL(req.url, 'http://localhost');
  return req.header('X-Forwarded-Proto') === 'https' ? `https://${host}` : origin;
}
