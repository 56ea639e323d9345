/**
 * `GET /hit/:ns/:key` counts, `GET /get/:ns/:key` only reads: the subset that CountAPI and Abacus
 * clients share.
 *
 * The body holds `value` and nothing else, because clients of CountAPI fail on unknown keys.
 */

import { Hono } from 'hono';
import { counterNotPublic } from '../../counter/errors.ts';
import { counterName } from '../../counter/name.ts';
import type { HitCounter } from '../../counter/sharded-counter.ts';
import type { AppContext, AppHandler, Env, Surface } from '../context.ts';
import type { CountVisit } from '../visit/counting.ts';

/** The surface of both routes. */
export function createHit(counter: HitCounter, count: CountVisit): Surface {
  return ({ headers, admitted }) => {
    const ready = { headers: new Headers(headers) };
    ready.headers.set('Content-Type', 'application/json');
    const respond = (value: number | null) => new Response(`{"value":${value}}`, ready);

    const hit: AppHandler = (c) => {
      const name = nameIn(c);
      return count(c, name).then(respond);
    };
    const get: AppHandler = async (c) => {
      const name = nameIn(c);
      const [total] = await counter.read([name]);
      if (total === undefined) throw counterNotPublic(name);
      return respond(total);
    };
    return new Hono<Env>().get('/hit/:ns/:key', admitted(hit)).get('/get/:ns/:key', admitted(get));
  };
}

function nameIn(c: AppContext): string {
  return counterName(c.req.param('ns') ?? '', c.req.param('key') ?? '');
}
