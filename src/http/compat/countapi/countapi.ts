/**
 * CountAPI under `/countapi`: the calls of a counting service that closed in 2023, for pages and
 * programs that still use them.
 *
 * Its counters are ordinary ones, `NAMESPACE/KEY`. A body holds exactly the keys of CountAPI,
 * because clients fail on unknown ones; all else is in headers. Not here: the calls (`calls.ts`),
 * and the forms of requests and responses (`messages.ts`).
 */

import { Hono } from 'hono';
import type { AppContext, Env, Surface } from '../../context.ts';
import { refusePrefetch } from '../../visit/counting.ts';
import { noSuchCall, requireCallable } from '../shared.ts';
import { type CountapiOptions, create, get, hit, info, set, stats, update } from './calls.ts';
import {
  type Call,
  COUNTAPI_PREFIX,
  callOf,
  formatResponse,
  type Reply,
  respond,
} from './messages.ts';

const ALL_PATHS = `${COUNTAPI_PREFIX}/*`;

type Operation = (call: Call) => Promise<Reply>;

/** The surface of CountAPI. */
export function createCountapi(options: CountapiOptions): Surface {
  // Counted in this process since it started: the store does not keep these numbers, and no client
  // needs them to be exact.
  const done = { updates: 0, requests: 0 };
  const operations: readonly [name: string, writes: boolean, operation: Operation][] = [
    ['get', false, (call) => get(call, options)],
    ['info', false, (call) => info(call, options)],
    ['stats', false, () => stats(options, done)],
    ['hit', true, hit],
    ['update', true, (call) => update(call, options)],
    ['set', true, (call) => set(call, options)],
    ['create', true, (call) => create(call, options)],
  ];

  return ({ headers, checked, admitted }) => {
    const serve =
      (name: string, writes: boolean, operation: Operation) =>
      async (c: AppContext): Promise<Response> => {
        done.requests++;
        const call = callOf(c, name, {
          count: (counter, amount) => options.count(c, counter, { amount }),
          mayCreate: (counter) => options.mayCreate(c, counter),
        });
        requireCallable(call.query);
        if (writes) refusePrefetch(call.headers);
        c.env.isLengthUnknown = writes;
        const reply = await operation(call);
        if (writes && !call.isHead && name !== 'create' && reply.status === 200) done.updates++;
        return respond(reply, headers);
      };
    const app = new Hono<Env>();
    app.use(ALL_PATHS, formatResponse);
    for (const [name, writes, operation] of operations)
      app.get(`${COUNTAPI_PREFIX}/${name}/*`, admitted(serve(name, writes, operation)));
    app.get(
      ALL_PATHS,
      checked(() => {
        throw noSuchCall(
          'get, set, update, hit, create, info or stats, as in hit/my-site/front-page',
        );
      }),
    );
    return app;
  };
}
