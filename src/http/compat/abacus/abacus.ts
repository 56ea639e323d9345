/**
 * Abacus under `/abacus`: the calls of a counting service that succeeded CountAPI, for pages and
 * programs that use them.
 *
 * Its counters are ordinary ones, `NAMESPACE/KEY`, and an `admin_key` is an ordinary owner's
 * token. A body holds exactly the keys of Abacus. Not here: reading requests (`request.ts`), the
 * calls (`calls.ts`, `owner-calls.ts`), and the forms of responses (`answer.ts`).
 */

import { Hono } from 'hono';
import { rootFor } from '../../app.ts';
import type { AppContext, AppHandler, Env, Surface } from '../../context.ts';
import { rewriteErrors } from '../../errors.ts';
import { refuseMethod } from '../../request/methods.ts';
import { type CountVisit, refusePrefetch } from '../../visit/counting.ts';
import type { MayCreate } from '../../visit/creating.ts';
import { redirect, requireCallable, respond } from '../shared.ts';
import {
  AbacusStatus,
  type AbacusStatusOptions,
  badgeOf,
  type Reply,
  respondToPage,
  respondWithBadge,
  respondWithList,
  setJsonType,
  writeLimit,
} from './answer.ts';
import {
  type AbacusParts,
  type AbacusStreamParts,
  create,
  get,
  hit,
  info,
  stream,
} from './calls.ts';
import { remove, reset, set, update } from './owner-calls.ts';
import { ABACUS_PREFIX, type Call, pathWords, type Shape } from './request.ts';

export interface AbacusOptions extends AbacusParts, AbacusStatusOptions, AbacusStreamParts {
  readonly registry: AbacusParts['registry'];
  readonly count: CountVisit;
  /** Called before a counter is created. */
  readonly mayCreate: MayCreate;
}

/** A call: its route and its handler. `headers` are those of every response. */
interface Operation {
  readonly path: string;
  readonly shape: Shape;
  readonly methods: readonly ('GET' | 'POST')[];
  /** Whether it writes. Such a call is refused for prefetches, and HEAD only reads. */
  readonly writes: boolean;
  readonly answer: (call: Call, headers: Headers, c: AppContext) => Response | Promise<Response>;
}

const ALL_PATHS = `${ABACUS_PREFIX}/*`;
/** The page that lists the calls. */
const HOME = `${ABACUS_PREFIX}/`;
/**
 * All other requests with these methods are redirected to that page. TRACE and CONNECT are refused
 * as on every path.
 */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** The surface of Abacus. */
export function createAbacus(options: AbacusOptions): Surface {
  const status = new AbacusStatus(options);
  const operations = [
    ...publicOperations(options),
    ...ownersOperations(options),
    ...statusOperations(status),
  ];
  return ({ headers, checked, admitted }) => {
    const app = new Hono<Env>();
    app.use(
      ALL_PATHS,
      setJsonType,
      rewriteErrors((_, statusCode) => (statusCode === 429 ? writeLimit : undefined)),
    );
    for (const operation of operations) {
      const handler = serve(operation, options, status, headers);
      const path = `${ABACUS_PREFIX}${operation.path}`;
      app.on([...operation.methods], path, admitted(handler));
    }
    const home: AppHandler = (c) => respondWithList(rootFor(c, ABACUS_PREFIX), headers);
    const toHome: AppHandler = (c) =>
      c.req.path === HOME
        ? refuseMethod(c, ['GET', 'HEAD'], headers)
        : redirect(`${rootFor(c, ABACUS_PREFIX)}/`, 308, headers);
    app.get(HOME, checked(home));
    app.on([...METHODS], ALL_PATHS, checked(toHome));
    return app;
  };
}

/** The calls that anybody may make. */
function publicOperations(options: AbacusOptions): Operation[] {
  const read = { shape: 'counter', methods: ['GET'], writes: false } as const;
  const count = { ...read, writes: true };
  const reading = (call: Call) => get(call, options);
  return [
    { ...count, path: '/hit/:ns/:key/shield', answer: badge(hit, true) },
    { ...count, path: '/hit/*', answer: forPage(hit) },
    { ...read, path: '/get/:ns/:key/shield', answer: badge(reading, false) },
    { ...read, path: '/get/*', answer: forPage(reading) },
    { ...read, path: '/stream/*', shape: 'open', answer: stream(options) },
    { ...read, path: '/info/*', shape: 'open', answer: asJson((call) => info(call, options)) },
    {
      path: '/create/*',
      shape: 'create',
      methods: ['GET', 'POST'],
      writes: true,
      answer: asJson((call) => create(call, options)),
    },
  ];
}

/** The calls that only a counter's owner may make. */
function ownersOperations(options: AbacusOptions): Operation[] {
  return Object.entries({ set, reset, update, delete: remove }).map(([name, operation]) => ({
    path: `/${name}/*`,
    shape: 'owned',
    methods: ['POST'],
    writes: true,
    answer: asJson((call) => operation(call, options)),
  }));
}

function statusOperations(status: AbacusStatus): Operation[] {
  const alone = { shape: 'alone', methods: ['GET'], writes: false } as const;
  return [
    { ...alone, path: '/stats/*', answer: asJson(() => status.stats()) },
    { ...alone, path: '/healthcheck/*', answer: asJson(() => status.health()) },
  ];
}

function serve(
  operation: Operation,
  options: AbacusOptions,
  status: AbacusStatus,
  headers: Headers,
): AppHandler {
  const { path, shape, writes, answer } = operation;
  const [, name = ''] = path.split('/');
  return async (c) => {
    status.asked(name);
    const words = pathWords(c, name, shape);
    if ('to' in words) {
      if (words.to === undefined) return redirect(`${rootFor(c, ABACUS_PREFIX)}/`, 308, headers);
      return redirect(words.to, c.req.method === 'POST' ? 307 : 301, headers);
    }
    const call: Call = {
      words,
      query: new URL(c.req.url).searchParams,
      headers: c.req.raw.headers,
      isHead: c.env.isHead,
      count: (counter, visit) => options.count(c, counter, visit),
      mayCreate: (counter) => options.mayCreate(c, counter),
    };
    if (writes) refusePrefetch(call.headers);
    c.env.isLengthUnknown = writes;
    const response = await answer(call, headers, c);
    if (name === 'get' && response.status === 404) status.missed();
    return response;
  };
}

function asJson(operation: (call: Call) => Reply | Promise<Reply>): Operation['answer'] {
  return async (call, headers) => respond(await operation(call), headers);
}

/** JSON, or a script when the request names a callback. */
function forPage(operation: (call: Call) => Promise<Reply>): Operation['answer'] {
  return async (call, headers) => {
    if (call.query.get('callback')) requireCallable(call.query);
    return respondToPage(await operation(call), call.query, headers);
  };
}

/** The number as a badge. */
function badge(operation: (call: Call) => Promise<Reply>, counts: boolean): Operation['answer'] {
  return async (call, headers) => {
    const reply = await operation(call);
    if (reply.status !== 200) return respond(reply, headers);
    return respondWithBadge(
      badgeOf(call.query, reply.body['value'] as number | null),
      counts,
      headers,
    );
  };
}
