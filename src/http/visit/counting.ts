/**
 * Decides which requests count. A visit is a GET that a person or a program sends for immediate
 * use. Prefetches and the visits of owners do not count, and with an `Idempotency-Key` a client
 * that got no response may retry its request, which counts once.
 *
 * Not here: the identity of the visitor (`visitors.ts`), limits (`limits.ts`), and storing keys,
 * which happens in the same write as counting.
 */

import { createHash } from 'node:crypto';
import type { RequestKey } from '../../contract/counting.ts';
import type { Description, Registry } from '../../contract/registry.ts';
import { AppError, counterMissing, isAppError } from '../../counter/errors.ts';
import type { HitOptions } from '../../counter/hit.ts';
import { DEFAULT_COUNTER } from '../../counter/name.ts';
import type { HitCounter } from '../../counter/sharded-counter.ts';
import type { Visitor } from '../../counter/visitor.ts';
import type { AppContext } from '../context.ts';
import type { Limits } from './limits.ts';
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
 * when the counter is private and `reveal` is not set. A browser excluded on `/own-visits` and a
 * HEAD get the current number. Fails, at once or later, with `prefetch-refused`, `key-invalid`,
 * `rate-limited`, and as `Counter.hit` does.
 */
export type CountVisit = (
  c: AppContext,
  name: string,
  options?: VisitOptions,
) => Promise<number | null>;

export interface CountingOptions {
  readonly counter: HitCounter;
  readonly registry: Pick<Registry, 'describe'>;
  readonly visitors: Visitors;
  /** The limits for new keys and for hits that create counters; `undefined` for none. */
  readonly limits: Pick<Limits, 'takeKey' | 'takeNewCounter'> | undefined;
  /** Whether only the installation's owner may create counters. */
  readonly closed: boolean;
}

/** Builds the function with which all surfaces count. */
export function createCounting({
  counter,
  registry,
  visitors,
  limits,
  closed,
}: CountingOptions): CountVisit {
  const { takeKey, takeNewCounter } = limits ?? {};

  async function totalOf(name: string, reveal: boolean): Promise<number | null> {
    return visibleTotal(await registry.describe(name), reveal);
  }

  /** For HEAD, whose response has the status and headers of GET. */
  async function totalForHead(
    c: AppContext,
    name: string,
    reveal: boolean,
  ): Promise<number | null> {
    // GET has the next number.
    c.env.isLengthUnknown = true;
    const found = await registry.describe(name);
    if (!found && closed && name !== DEFAULT_COUNTER) throw counterMissing(name);
    return visibleTotal(found, reveal);
  }

  /** After a hit on a missing counter: checks the limit on new counters, and hits again. */
  async function makeAndHit(
    c: AppContext,
    name: string,
    options: HitOptions,
    error: unknown,
  ): Promise<number | null> {
    if (!isAppError(error, 'counter-missing')) throw error;
    await takeNewCounter?.(c, name);
    return counter.hit(name, { ...options, make: true });
  }

  // Not an async function: it would create two more promises per visit, and rarely has to wait.
  return (c, name, { amount = 1, reveal = false, visitor: named } = {}) => {
    const { headers } = c.req.raw;
    refusePrefetch(headers);
    const key = headers.get('Idempotency-Key');
    const once = key === null ? undefined : requestKey(key, name, amount, named);
    // Other amounts and named visitors are explicit, so they always count.
    if (amount === 1 && named === undefined && isOwnVisit(headers)) return totalOf(name, reveal);
    if (c.env.isHead) return totalForHead(c, name, reveal);
    const hit = (visitor: Visitor) => {
      // The default counter may always be created. With a limit, any other is expected to exist,
      // and the limit is checked only when it does not.
      const make = !takeNewCounter || name === DEFAULT_COUNTER;
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

/** The total; 0 for a missing counter, and `null` for a private one, unless `reveal` is set. */
export function visibleTotal(found: Description | undefined, reveal: boolean): number | null {
  return found?.rules.private && !reveal ? null : (found?.total ?? 0);
}

/**
 * What is read after a visit was counted; `undefined` when it cannot be read. To fail then would
 * report a counted visit as not counted.
 */
export async function afterCounting<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/**
 * The only cookie that Seen ever sets: the page `/own-visits` marks a browser with it. It is the
 * same for everybody who asks for it, so it identifies nobody.
 */
export const OWN_VISITS_COOKIE = 'seen_own_visits';

/** Whether the visits of this browser do not count. */
export function isOwnVisit(headers: Headers): boolean {
  const cookies = headers.get('Cookie');
  return cookies !== null && /(^|; ?)seen_own_visits=out(;|$)/.test(cookies);
}

/** The valid keys. Common gateways allow 255 characters; a UUID has 36. */
const KEY = /^[\u0021-\u007E]{1,255}$/;

/**
 * Identifies a hit of `amount` on `counter`, by `visitor` if one is named, so that a retry is
 * recognised. Fails with `key-invalid`.
 *
 * `header` is that of
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/, with the key bare or
 * in quotes. A key belongs to one counter, so that nobody can use up the keys of another counter's
 * visitors.
 */
function requestKey(header: string, counter: string, amount: number, visitor = ''): RequestKey {
  const key = header.replace(/^"(.*)"$/, '$1');
  if (!KEY.test(key)) {
    throw new AppError(
      'key-invalid',
      'This Idempotency-Key is not valid. Use 1 to 255 visible ASCII characters without spaces, for example a new UUID. Not counted.',
    );
  }
  // 128 bits are enough to avoid collisions, and half of what a SHA-256 would add to every stored
  // key.
  const digestOf = (text: string) =>
    createHash('sha256').update(text).digest('base64url').slice(0, 22);
  const request = visitor === '' ? `${amount}` : `${amount}-${digestOf(visitor)}`;
  return { key: digestOf(`${counter}\n${key}`), request };
}
