/**
 * Which requests count. A visit is a GET that a person or a program made to be answered now;
 * everything that browsers, proxies and monitors send beside it is not.
 */

import type { Registry } from '../../contract/registry.ts';
import type { Counter } from '../../counter/counter.ts';
import { AppError, isAppError } from '../../counter/errors.ts';
import type { HitOptions } from '../../counter/hit.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import type { Visitor } from '../../counter/visitor.ts';
import type { AppContext } from '../context.ts';
import { onceFrom } from './idempotency.ts';
import type { Limits } from './limits.ts';
import { isOwnVisit } from './own-visits.ts';
import type { Visitors } from './visitors.ts';

/**
 * Names under which browsers say that they fetch ahead of a visit that may never come; the first
 * is the standard one.
 */
const PURPOSES = ['Sec-Purpose', 'Purpose', 'X-Purpose', 'X-Moz'] as const;

/**
 * Fails with `prefetch-refused` when the request is made ahead of a visit. Refused, not answered
 * without counting: a browser would show that answer when the person comes, and the visit would
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

/** How a visit counts beside what its request says. */
export interface VisitOptions {
  /** How much is added: a safe integer other than 0. */
  readonly amount?: number | undefined;
  /** Whether the result may contain the number of a private counter, for its owner. */
  readonly reveal?: boolean | undefined;
  /** Who made the visit, where it was not who sends the request. */
  readonly visitor?: string | undefined;
}

/**
 * Counts the visit that this request is, with its key and its visitor, and answers its number;
 * `null` for that of a private counter that may not be revealed. A browser of an owner's gets the
 * number as it stands. Fails, at once or later, with `prefetch-refused`, `key-invalid`,
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
  /**
   * What is asked before a key is used and before a hit makes its counter; without it nothing is
   * limited.
   */
  readonly limits: Pick<Limits, 'takeKey' | 'mayMake'> | undefined;
}

/** What all surfaces count with. */
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

  /** After a hit that found no counter: asks whether it may be made, and hits again. */
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

  // No async function: at every visit it would make two promises more, for what hardly ever waits.
  return (c, name, { amount = 1, reveal = false, visitor: named } = {}) => {
    const { headers } = c.req.raw;
    refusePrefetch(headers);
    const once = onceFrom(headers, name, amount, named);
    // Other amounts and others' visits are meant as they are said.
    if (amount === 1 && named === undefined && isOwnVisit(headers)) return totalOf(name, reveal);
    const hit = (visitor: Visitor) => {
      // The default counter is always there. Another that is limited is expected to be, and only
      // where it is not its limit is asked.
      const make = !mayMake || name === DEFAULT_COUNTER;
      const options = { amount, once, visitor, reveal, make };
      const counted = counter.hit(name, options);
      return make
        ? counted
        : counted.catch((error: unknown) => makeAndHit(c, name, options, error));
    };
    const hitBy = () => {
      const who = named === undefined ? visitors.of(c) : visitors.named(named);
      // At once, but for the first visits of a day.
      return who instanceof Promise ? who.then(hit) : hit(who);
    };
    return once && takeKey ? takeKey(c).then(hitBy) : hitBy();
  };
}
