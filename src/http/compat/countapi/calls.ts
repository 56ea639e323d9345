/**
 * The calls of CountAPI. Not here: routes (`countapi.ts`), and reading requests (`messages.ts`).
 */
import { randomUUID } from 'node:crypto';
import { type Description, type Registry, RULES } from '../../../contract/registry.ts';
import { AppError, countersFull, isAppError } from '../../../counter/errors.ts';
import type { HitCounter } from '../../../counter/sharded-counter.ts';
import type { CountVisit } from '../../visit/counting.ts';
import type { MayCreate } from '../../visit/creating.ts';
import { issueToken } from '../../visit/owners.ts';
import { CLOSED, createFor, type NamedCounter } from '../shared.ts';
import {
  booleanIn,
  type Call,
  missingCounterReply,
  namedBy,
  namedInPath,
  type Reply,
  wholeNumberIn,
} from './messages.ts';

export interface CountapiOptions {
  readonly counter: HitCounter;
  readonly registry: Registry;
  readonly count: CountVisit;
  /** Called before a counter is created. */
  readonly mayCreate: MayCreate;
  /** Whether only the installation's owner may create counters. These calls then create none. */
  readonly closed: boolean;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Six months in milliseconds, half of 365.25 days. See `info`. */
const TTL_MS = 15_778_800_000;
/** The least and the most that everybody may add to a counter created without bounds. */
const LOWEST = -1;
const HIGHEST = 1;

/** A counter's total as everybody may see it. */
function valueOf({ total, rules }: Description): number | null {
  return rules.private ? null : total;
}

/** Reads; never counts. */
export async function get(call: Call, { counter }: CountapiOptions): Promise<Reply> {
  const named = namedInPath(call);
  const [value] = await counter.read([named.name]);
  return value === undefined
    ? missingCounterReply(named)
    : { status: 200, body: { value }, named };
}

/**
 * Adds 1, and creates a missing counter. As everywhere in Seen, everybody may add 1 to any
 * counter.
 */
export async function hit(call: Call): Promise<Reply> {
  return counted(call, namedInPath(call));
}

async function counted(call: Call, named: NamedCounter, amount?: number): Promise<Reply> {
  try {
    return { status: 200, body: { value: await call.count(named.name, amount) }, named };
  } catch (error) {
    if (isAppError(error, 'counter-missing')) return missingCounterReply(named);
    throw error;
  }
}

/** Adds an amount within the counter's bounds; 0 adds nothing. */
export async function update(call: Call, { registry }: CountapiOptions): Promise<Reply> {
  const named = namedInPath(call);
  const amount = wholeNumberIn(call.query, 'amount');
  const found = await registry.describe(named.name);
  if (!found) return missingCounterReply(named);
  const { lowest, highest } = found.rules;
  if (amount < lowest || amount > highest)
    return { status: 403, body: { value: valueOf(found) }, named };
  if (amount === 0) return { status: 200, body: { value: valueOf(found) }, named };
  return counted(call, named, amount);
}

/**
 * Sets a counter that is settable. The old value is read just before, so it may lack some hits.
 */
export async function set(call: Call, { registry }: CountapiOptions): Promise<Reply> {
  const named = namedInPath(call);
  const value = wholeNumberIn(call.query, 'value');
  const found = await registry.describe(named.name);
  if (!found) return { status: 404, body: { old_value: null, value: null }, named };
  if (!found.rules.settable) return notSettable(named, found);
  const changed = call.isHead
    ? found
    : await registry.change(named.name, { total: value }, { settable: true });
  // The counter was deleted meanwhile, and perhaps created again.
  if (changed === 'missing') return { status: 404, body: { old_value: null, value: null }, named };
  if (changed === 'differs') return notSettable(named, await registry.describe(named.name));
  return { status: 200, body: { old_value: valueOf(found), value }, named };
}

function notSettable(named: NamedCounter, found: Description | undefined): Reply {
  const value = found ? valueOf(found) : null;
  return { status: 403, body: { old_value: value, value }, named };
}

/** Creates a counter. `X-Seen-Token` holds its owner's token, which is shown only here. */
export async function create(
  call: Call,
  { registry, closed, now }: CountapiOptions,
): Promise<Reply> {
  const { parts, query } = call;
  const key = parts[0] ?? query.get('key') ?? randomUUID();
  const named = namedBy(
    call,
    parts.length > 1 ? parts : [query.get('namespace') ?? 'default', key],
  );
  const value = wholeNumberIn(query, 'value', 0);
  const settable = booleanIn(query, 'enable_reset');
  const lowest = wholeNumberIn(query, 'update_lowerbound', LOWEST);
  const highest = wholeNumberIn(query, 'update_upperbound', HIGHEST);
  if (highest < 0) throw new AppError('request-invalid', 'update_upperbound must be positive');
  if (lowest > 0) throw new AppError('request-invalid', 'update_lowerbound must be negative');
  if (closed) return { ...CLOSED, named };
  await call.mayCreate(named.name);
  const { token, owner } = issueToken(named.name);
  const draft = {
    total: value,
    madeAt: now(),
    owner,
    rules: { ...RULES, lowest, highest, settable },
  };
  switch (await createFor(call, registry, named.name, draft)) {
    case 'created':
      return {
        status: 200,
        body: { namespace: named.namespace, key: named.key, value },
        named,
        token,
      };
    case 'exists':
      return { status: 409, body: { namespace: null, key: null, value: null }, named };
    case 'counters-full':
      throw countersFull();
  }
}

/**
 * Describes a counter unless it is private. Counters of Seen never expire, so `ttl` is always the
 * value that CountAPI gave right after an update.
 */
export async function info(call: Call, { registry }: CountapiOptions): Promise<Reply> {
  const named = namedInPath(call);
  const described = await registry.describe(named.name);
  const found = described?.rules.private ? undefined : described;
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

/** `keys_created` counts all counters; the rest counts in this replica since it started. */
export async function stats(
  { registry, version }: CountapiOptions,
  { updates, requests }: { readonly updates: number; readonly requests: number },
): Promise<Reply> {
  const keys = await registry.size();
  return { status: 200, body: { keys_created: keys, keys_updated: updates, requests, version } };
}
