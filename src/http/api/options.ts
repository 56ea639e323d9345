/** Shared code of the native API: options, invalid requests, and the counter that a path names. */

import type { History } from '../../contract/history.ts';
import { type Description, type Registry, RULES } from '../../contract/registry.ts';
import { AppError, counterMissing } from '../../counter/errors.ts';
import { counterName, DEFAULT_COUNTER } from '../../counter/name.ts';
import type { HitCounter } from '../../counter/sharded-counter.ts';
import type { AppContext } from '../context.ts';
import type { CountVisit } from '../visit/counting.ts';
import type { MayCreate } from '../visit/creating.ts';
import type { Owners } from '../visit/owners.ts';
import type { Stack } from './stack.ts';

/** The path of the API's description. */
export const API_DESCRIPTION = '/openapi.json';

export interface ApiOptions {
  readonly counter: HitCounter;
  readonly registry: Registry;
  readonly history: History;
  readonly count: CountVisit;
  readonly owners: Owners;
  /** Called before a counter is created. */
  readonly mayCreate: MayCreate;
  /** Whether only the installation's owner may create counters. */
  readonly closed: boolean;
  readonly version: string;
  /** Returns the public view of replicas and store; `undefined` when it is not public. */
  readonly stack: (() => Stack) | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The counter that a path names. Fails with `name-invalid`. */
export function nameIn(c: AppContext): string {
  const namespace = c.req.param('namespace');
  return namespace === undefined
    ? DEFAULT_COUNTER
    : counterName(namespace, c.req.param('key') ?? '');
}

/** A mistake in a request, as zod reports it. */
export interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The error for the first of these mistakes in a part of a request, such as `query`. */
export function requestInvalid(part: string, [issue]: readonly Issue[]): AppError {
  const where = [part, ...(issue?.path ?? [])].join('.');
  return new AppError('request-invalid', `${where}: ${issue?.message}. See /openapi.json.`);
}

/** Returns the counter that a path names. Fails with `name-invalid`, `counter-missing`. */
export async function requestedCounter(c: AppContext, registry: Registry): Promise<Description> {
  const name = nameIn(c);
  const description = await registry.describe(name);
  if (description) return description;
  // The default counter always exists; before its first hit its total is 0.
  if (name === DEFAULT_COUNTER)
    return { counter: name, total: 0, madeAt: undefined, owner: undefined, rules: RULES };
  throw counterMissing(name);
}

/**
 * Returns the counter that a path names, if the client may read it. Fails as `requestedCounter`
 * does, and for a private counter with `token-missing` and `token-refused`.
 */
export async function readableCounter(
  c: AppContext,
  { registry, owners }: ApiOptions,
): Promise<Description> {
  const description = await requestedCounter(c, registry);
  if (description.rules.private) owners.requireOwner(c.req.raw.headers, description);
  return description;
}

/** A counter as it appears in responses of the API. */
export function counterJson(description: Omit<Description, 'owner'>) {
  const { counter, total, madeAt, rules, title = null, link = null } = description;
  return {
    name: counter,
    value: total,
    created: madeAt === undefined ? null : new Date(madeAt).toISOString(),
    private: rules.private,
    window: rules.windowMs / 1000,
    title,
    link,
  };
}
