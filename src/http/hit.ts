/**
 * `GET /hit/:ns/:key` counts, `GET /get/:ns/:key` only reads: the subset that CountAPI and Abacus clients share.
 *
 * The body holds `value` and nothing else, because clients of CountAPI fail on a key they do not know.
 */
import type { Context } from 'hono';
import type { Counter } from '../counter/counter.ts';
import { AppError } from '../counter/errors.ts';
import { counterName } from '../counter/name.ts';
import type { CountVisit } from './counting.ts';

/** The handlers of both routes. `headers` are those of every response. */
export function createHit(counter: Counter, count: CountVisit, headers: Headers) {
  const ready = new Headers(headers);
  ready.set('Content-Type', 'application/json');

  async function hit(c: Context): Promise<Response> {
    const name = requestedName(c);
    if (c.req.method === 'HEAD') return new Response(null, { headers: ready });
    const total = await count(c, name);
    return new Response(`{"value":${total}}`, { headers: ready });
  }

  async function get(c: Context): Promise<Response> {
    const name = requestedName(c);
    const [total] = await counter.read([name]);
    if (total === undefined) {
      throw new AppError(
        'counter-missing',
        `There is no counter ${name} yet, or only its owner may read it. GET /hit/${name} counts on it.`,
      );
    }
    return new Response(`{"value":${total}}`, { headers: ready });
  }

  return { hit, get };
}

function requestedName(c: Context): string {
  return counterName(c.req.param('ns') ?? '', c.req.param('key') ?? '');
}
