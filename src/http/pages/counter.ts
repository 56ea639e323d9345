/**
 * `GET /c/:ns/:key`: the page of a counter. Viewing it never counts. A private counter has no
 * page.
 */

import type { Counter } from '../../counter/counter.ts';
import { counterNotPublic } from '../../counter/errors.ts';
import { counterName } from '../../counter/name.ts';
import { counterPage } from '../../page/page.ts';
import type { AppHandler } from '../context.ts';
import { pageHeaders, pageLinks } from './assets.ts';

/** The handler. The page names `replica`; `headers` are those of every response. */
export function createCounterPage(
  counter: Counter,
  replica: string | undefined,
  headers: Headers,
): AppHandler {
  const ready = pageHeaders(headers);
  return async (c) => {
    const name = counterName(c.req.param('ns') ?? '', c.req.param('key') ?? '');
    const links = await pageLinks();
    const [total] = await counter.read([name]);
    if (total === undefined) throw counterNotPublic(name);
    return new Response(counterPage(links, { counter: name, total, visit: 'look', replica }), {
      headers: ready,
    });
  };
}
