/**
 * `GET /new`: the page that makes a counter and the code for it. It reads nothing from the store;
 * its script uses the API. Not here: its HTML (`page/new.ts`).
 */
import { newPage } from '../../page/new.ts';
import type { AppHandler } from '../context.ts';
import { pageHeaders, pageLinks } from './assets.ts';
import { languageFor, queryFor } from './language.ts';
import { originOf } from './origin.ts';

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
    const origin = originOf(c) ?? 'http://localhost';
    const page = { ...options, origin, query: queryFor(c) };
    return new Response(newPage(await pageLinks('new'), languageFor(c), page), ready);
  };
}
