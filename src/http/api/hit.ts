/**
 * `GET /hit/:ns/:key` counts, `GET /get/:ns/:key` only reads: the subset that CountAPI and Abacus clients share.
 *
 * The body holds `value` and nothing else, because clients of CountAPI fail on a key they do not know.
 */

import type { Counter } from '../../counter/counter.ts';
import { AppError } from '../../counter/errors.ts';
import { counterName } from '../../counter/name.ts';
import type { Asked } from '../asked.ts';
import { headOnly } from '../request/head.ts';
import type { CountVisit } from '../visit/counting.ts';

/** The handlers of both routes. `headers` are those of every response. */
export function createHit(counter: Counter, count: CountVisit, headers: Headers) {
  const ready = { headers: new Headers(headers) };
  ready.headers.set('Content-Type', 'application/json');

  const told = (value: number | null) => new Response(`{"value":${value}}`, ready);

  function hit(c: Asked): Response | Promise<Response> {
    const name = requestedName(c);
    if (c.req.method === 'HEAD') return headOnly(ready.headers);
    return count(c, name).then(told);
  }

  async function get(c: Asked): Promise<Response> {
    const name = requestedName(c);
    const [total] = await counter.read([name]);
    if (total === undefined) throw missing(name);
    return told(total);
  }

  return { hit, get };
}

/** The error of a counter that cannot be read. */
export function missing(name: string): AppError {
  return new AppError(
    'counter-missing',
    `There is no counter ${name} yet, or only its owner may read it. GET /hit/${name} counts on it.`,
  );
}

function requestedName(c: Asked): string {
  return counterName(c.req.param('ns') ?? '', c.req.param('key') ?? '');
}
