/**
 * The page for owners, `/manage`. It is the same for everybody and needs no store: its script
 * sends tokens to the API. Not here: its HTML (`page/manage.ts`).
 */
import { managePage } from '../../page/manage.ts';
import type { AppHandler } from '../context.ts';
import { pageHeaders, pageLinks } from './assets.ts';
import { languageFor, queryFor } from './language.ts';

/** The handler of the page. `headers` are those of every response. */
export function createManage(headers: Headers): AppHandler {
  const ready = { headers: pageHeaders(headers) };
  return async (c) =>
    new Response(managePage(await pageLinks('manage'), languageFor(c), queryFor(c)), ready);
}
