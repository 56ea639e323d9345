/**
 * CountAPI under `/countapi`: the calls of a counting service that closed in 2023, for pages and programs that still speak them.
 *
 * Its counters are those of everybody else, `NAMESPACE/KEY`. A body holds the keys that CountAPI's had and no others, because clients
 * fail on one that they do not know; all else is in headers. Not here: what a request says (`countapi-request.ts`), and the forms
 * of an answer (`countapi-answer.ts`).
 */
import { randomUUID } from 'node:crypto';
import type { Handler } from 'hono';
import type { Counter } from '../counter/counter.ts';
import { AppError, isAppError } from '../counter/errors.ts';
import type { Registry } from '../counter/registry.ts';
import { dressed, missing, type Reply, requireCallable, respond } from './countapi-answer.ts';
import {
  type Call,
  COUNTAPI_PREFIX,
  callOf,
  namedBy,
  namedInPath,
  switchIn,
  wholeIn,
} from './countapi-request.ts';
import { refusePrefetch } from './counting.ts';
import { onceFrom } from './idempotency.ts';
import { issueToken } from './owners.ts';
import type { Route } from './routes.ts';
import type { Visitors } from './visitors.ts';

export interface CountapiOptions {
  readonly counter: Counter;
  readonly registry: Registry;
  readonly visitors: Visitors;
  /** Whether only the installation's owner makes counters, which is not done here. */
  readonly closed: boolean;
  readonly version: string;
}

type Operation = (call: Call) => Promise<Reply>;

/** Six months in milliseconds, half of 365.25 days. See `info`. */
const TTL_MS = 15_778_800_000;
/** What a counter that was made without bounds lets everybody add. */
const LOWEST = -1;
const HIGHEST = 1;

/** The routes of CountAPI. They are given the headers that every response has. */
export function createCountapi(options: CountapiOptions): (headers: Headers) => Route[] {
  // Of this process since it started: the store keeps no such numbers, and no client needs them to be right.
  const done = { updates: 0, requests: 0 };
  const { visitors } = options;
  const operations: readonly [name: string, writes: boolean, operation: Operation][] = [
    ['get', false, (call) => get(call, options)],
    ['info', false, (call) => info(call, options)],
    ['stats', false, () => stats(options, done)],
    ['hit', true, (call) => hit(call, options)],
    ['update', true, (call) => update(call, options)],
    ['set', true, (call) => set(call, options)],
    ['create', true, (call) => create(call, options)],
  ];

  return (headers) => {
    const serve =
      (name: string, writes: boolean, operation: Operation): Handler =>
      async (c) => {
        done.requests++;
        const call = callOf(c, name, await visitors.of(c));
        requireCallable(call.query);
        if (writes && c.req.method === 'HEAD') return respond({ status: 200, body: {} }, headers);
        if (writes) refusePrefetch(call.headers);
        const reply = await operation(call);
        if (writes && name !== 'create' && reply.status === 200) done.updates++;
        return respond(reply, headers);
      };
    return [
      ...operations.map(([name, writes, operation]) =>
        routeOf(`${COUNTAPI_PREFIX}/${name}/*`, serve(name, writes, operation)),
      ),
      routeOf(`${COUNTAPI_PREFIX}/*`, routeMissing),
    ];
  };
}

function routeOf(path: string, handler: Handler): Route {
  return { path, errorsAs: 'countapi', handlers: { GET: handler }, dress: dressed };
}

async function get(call: Call, { counter }: CountapiOptions): Promise<Reply> {
  const named = namedInPath(call);
  const [value] = await counter.read([named.name]);
  return value === undefined ? missing(named) : { status: 200, body: { value }, named };
}

/** Adds 1, and makes a counter that is not there. As everywhere in Seen, everybody may add 1 to any counter. */
async function hit(call: Call, { counter }: CountapiOptions): Promise<Reply> {
  const named = namedInPath(call);
  try {
    const once = onceFrom(call.headers, named.name);
    const value = await counter.hit(named.name, { once, visitor: call.visitor });
    return { status: 200, body: { value }, named };
  } catch (error) {
    if (isAppError(error, 'counter-missing')) return missing(named);
    throw error;
  }
}

/** Adds an amount within the counter's bounds; 0 adds nothing. */
async function update(call: Call, { counter, registry }: CountapiOptions): Promise<Reply> {
  const named = namedInPath(call);
  const amount = wholeIn(call.query, 'amount');
  const once = onceFrom(call.headers, named.name, amount);
  const found = await registry.describe(named.name);
  if (!found) return missing(named);
  const { lowest, highest } = found.rules;
  if (amount < lowest || amount > highest) return { status: 403, body: { value: found.total }, named };
  if (amount === 0) return { status: 200, body: { value: found.total }, named };
  try {
    return {
      status: 200,
      body: { value: await counter.hit(named.name, { amount, once, visitor: call.visitor }) },
      named,
    };
  } catch (error) {
    if (isAppError(error, 'counter-missing')) return missing(named);
    throw error;
  }
}

/** Sets a counter that may be set. The old value is the one just before; hits between the two are not in it. */
async function set(call: Call, { registry }: CountapiOptions): Promise<Reply> {
  const named = namedInPath(call);
  const value = wholeIn(call.query, 'value');
  const found = await registry.describe(named.name);
  if (found && !found.rules.settable) {
    return { status: 403, body: { old_value: found.total, value: found.total }, named };
  }
  if (!found || !(await registry.set(named.name, value))) {
    return { status: 404, body: { old_value: null, value: null }, named };
  }
  return { status: 200, body: { old_value: found.total, value }, named };
}

/** Makes a counter. Its owner's token is in `X-Seen-Token`, once. */
async function create(call: Call, { registry, closed }: CountapiOptions): Promise<Reply> {
  const { parts, query } = call;
  const key = parts[0] ?? query.get('key') ?? randomUUID();
  const named = namedBy(call, parts.length > 1 ? parts : [query.get('namespace') ?? 'default', key]);
  const value = wholeIn(query, 'value', 0);
  const settable = switchIn(query, 'enable_reset');
  const lowest = wholeIn(query, 'update_lowerbound', LOWEST);
  const highest = wholeIn(query, 'update_upperbound', HIGHEST);
  if (highest < 0) throw new AppError('request-invalid', 'update_upperbound must be positive');
  if (lowest > 0) throw new AppError('request-invalid', 'update_lowerbound must be negative');
  if (closed) {
    const error = 'Only who runs this Seen makes counters here. Ask them for one.';
    return { status: 403, body: { error }, named };
  }
  const { token, owner } = issueToken();
  const draft = { total: value, owner, rules: { lowest, highest, settable } };
  switch (await registry.make(named.name, draft)) {
    case 'made':
      return {
        status: 200,
        body: { namespace: named.namespace, key: named.key, value },
        named,
        token,
      };
    case 'exists':
      return { status: 409, body: { namespace: null, key: null, value: null }, named };
    case 'counters-full':
      throw new AppError('counters-full', 'This Seen has as many counters as it may. Ask who runs it.');
  }
}

/** Describes a counter. Counters of Seen never expire: `ttl` is what CountAPI said right after an update, and never falls. */
async function info(call: Call, { registry }: CountapiOptions): Promise<Reply> {
  const named = namedInPath(call);
  const found = await registry.describe(named.name);
  return {
    status: found ? 200 : 404,
    body: {
      namespace: found ? named.namespace : null,
      key: found ? named.key : null,
      ttl: found ? TTL_MS : null,
      value: found?.total ?? null,
      enable_reset: found?.rules.settable ?? null,
      update_upperbound: found?.rules.highest ?? null,
      update_lowerbound: found?.rules.lowest ?? null,
      created: found ? (found.madeAt ?? 0) : null,
    },
    named,
  };
}

/** `keys_created` are all counters that there are; the rest is of this replica since it started. */
async function stats(
  { registry, version }: CountapiOptions,
  { updates, requests }: { readonly updates: number; readonly requests: number },
): Promise<Reply> {
  const keys = await registry.size();
  return { status: 200, body: { keys_created: keys, keys_updated: updates, requests, version } };
}

function routeMissing(): never {
  throw new AppError(
    'route-missing',
    'There is nothing here, and nothing was counted. Use get, set, update, hit, create, info or stats, as in hit/my-site/front-page.',
  );
}
