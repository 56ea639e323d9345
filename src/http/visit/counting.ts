/**
 * Decides which requests count. A visit is a GET that a person or a program sends for immediate
 * use. Other requests of browsers, proxies and monitors do not count.
 */

import type { Registry } from '../../contract/registry.ts';
import type { Counter } from '../../counter/counter.ts';
import { AppError, isAppError } from '../../counter/errors.ts';
import type { HitOptions } from '../../counter/hit.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import type { Visitor } from '../../counter/visitor.ts';
import type { AppContext } from '../context.ts';
import { requestKeyFrom } from './idempotency.ts';
import type { Limits } from './limits.ts';
import { isOwnVisit } from './own-visits.ts';
import type { Visitors } from './visitors.ts';

/**
 * Headers with which browsers mark a prefetch, for a visit that may never come; the first is the
 * standard one.
 */
const PURPOSES = ['Sec-Purpose', 'Purpose', 'X-Purpose', 'X-Moz'] as const;

/**
 * Fails with `prefetch-refused` when the request is a prefetch. It is refused, not answered
 * without counting: a browser would show that response when the person comes, and the visit would
 * never be counted.
 */
export function refusePrefetch(headers: Headers): void {
  for (const name of PURPOSES) {
    const purpose = headers.get(name);
    if (purpose !== null && /\b(prefetch|prerender|preview)\b/i.test(purpose)) {
      throw new AppError(
        'prefetch-refused',
        'Prefetches are not counted. Send the request again without prefetching.',
      );
    }
  }
}

/** How a visit counts, beside the data in its request. */
export interface VisitOptions {
  /** The amount to add: a safe integer other than 0. */
  readonly amount?: number | undefined;
  /** Whether the result may contain the number of a private counter, for its owner. */
  readonly reveal?: boolean | undefined;
  /** The visitor's name, when someone else sends the request. */
  readonly visitor?: string | undefined;
}

/**
 * Counts this request as a visit, with its key and its visitor, and returns its number; `null`
 * when the counter is private and `reveal` is not set. A browser excluded on `/own-visits` gets
 * the current number. Fails, at once or later, with `prefetch-refused`, `key-invalid`,
 * `rate-limited`, and as `Counter.hit` does.
 */
export type CountVisit = (
  c: AppContext,
  name: string,
  options?: VisitOptions,
) => Promise<number | null>;

export interface CountingOptions {
  readonly counter: Counter;
  readonly registry: Pick<Registry, 'describe'>;
  readonly visitors: Visitors;
  /** The limits for new keys and for hits that create counters; `undefined` for none. */
  readonly limits: Pick<Limits, 'takeKey' | 'mayMake'> | undefined;
}

/** Builds the function with which all surfaces count. */
export function createCounting({
  counter,
  registry,
  visitors,
  limits,
}: CountingOptions): CountVisit {
  const { takeKey, mayMake } = limits ?? {};

  async function totalOf(name: string, reveal: boolean): Promise<number | null> {
    const found = await registry.describe(name);
    return found?.rules.private && !reveal ? null : (found?.total ?? 0);
  }

  /** After a hit on a missing counter: checks the limit on new counters, and hits again. */
  async function makeAndHit(
    c: AppContext,
    name: string,
    options: HitOptions,
    error: unknown,
  ): Promise<number | null> {
    if (!isAppError(error, 'counter-missing')) throw error;
    await mayMake?.(c, name);
    return counter.hit(name, { ...options, make: true });
  }

  // Not an async function: it would create two more promises per visit, and rarely has to wait.
  return (c, name, { amount = 1, reveal = false, visitor: named } = {}) => {
    const { headers } = c.req.raw;
    refusePrefetch(headers);
    const once = requestKeyFrom(headers, name, amount, named);
    // Other amounts and visits of others are explicit, so they always count.
    if (amount === 1 && named === undefined && isOwnVisit(headers)) return totalOf(name, reveal);
    const hit = (visitor: Visitor) => {
      // The default counter may always be created. With a limit, any other is expected to exist,
      // and the limit is checked only when it does not.
      const make = !mayMake || name === DEFAULT_COUNTER;
      const options = { amount, once, visitor, reveal, make };
      const counted = counter.hit(name, options);
      return make
        ? counted
        : counted.catch((error: unknown) => makeAndHit(c, name, options, error));
    };
    const hitBy = () => {
      const who = named === undefined ? visitors.of(c) : visitors.named(named);
      // Returns at once, except for the first visits of a day.
      return who instanceof Promise ? who.then(hit) : hit(who);
    };
    return once && takeKey ? takeKey(c).then(hitBy) : hitBy();
  };
}
