/**
 * Which requests count. A visit is a GET that a person or a program made to be answered now; everything that browsers,
 * proxies and monitors send beside it is not.
 */
import type { Context } from 'hono';
import type { Counter } from '../counter/counter.ts';
import { AppError } from '../counter/errors.ts';
import { onceFrom } from './idempotency.ts';
import type { MayMake } from './limits.ts';
import type { Visitors } from './visitors.ts';

/** Names under which browsers say that they fetch ahead of a visit that may never come; the first is the standard one. */
const PURPOSES = ['Sec-Purpose', 'Purpose', 'X-Purpose', 'X-Moz'] as const;

/**
 * Fails with `prefetch-refused` when the request is made ahead of a visit. Refused, not answered without counting: a
 * browser would show that answer when the person comes, and the visit would never be counted.
 */
export function refusePrefetch(headers: Headers): void {
  for (const name of PURPOSES) {
    if (/\b(prefetch|prerender|preview)\b/i.test(headers.get(name) ?? '')) {
      throw new AppError(
        'prefetch-refused',
        'A visit is counted when somebody comes, not ahead of it. Ask again without prefetching.',
      );
    }
  }
}

/** How a visit counts beside what its request says. */
export interface VisitOptions {
  /** How much is added: a safe integer other than 0. */
  readonly amount?: number | undefined;
}

/**
 * Counts the visit that this request is, with its key and its visitor, and answers its number. Fails with `prefetch-refused`,
 * `key-invalid`, `rate-limited`, and as `Counter.hit` does.
 */
export type CountVisit = (c: Context, name: string, options?: VisitOptions) => Promise<number>;

/** What all surfaces count with; `mayMake` where a hit may make counters and there is a limit on that. */
export function createCounting(
  counter: Counter,
  visitors: Visitors,
  mayMake: MayMake | undefined,
): CountVisit {
  return async (c, name, { amount = 1 } = {}) => {
    const { headers } = c.req.raw;
    refusePrefetch(headers);
    const once = onceFrom(headers, name, amount);
    if (mayMake) await mayMake(c, name);
    const who = visitors.of(c);
    // Without a turn of the event loop, but for the first visits of a day.
    const visitor = who instanceof Promise ? await who : who;
    return counter.hit(name, { amount, once, visitor });
  };
}
