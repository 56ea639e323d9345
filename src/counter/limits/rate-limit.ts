/**
 * The arithmetic of limits. Not here: which requests are limited (`http/visit/limits.ts`), and
 * what is decided without the store (`known-quotas.ts`).
 *
 * It is the generic cell rate algorithm (ITU-T I.371, in its virtual scheduling form). For each
 * visitor one time is stored: when the quota is full again. Each request advances it by the window
 * divided by the quota; a request that would advance it more than a window ahead is refused. So a
 * quota can be used at once, and refills evenly.
 */

import type { Limit, Verdict } from '../../contract/limiter.ts';

/**
 * The time in which one request of the quota refills, and the time in which all of it does. Both
 * are whole microseconds, rounded down, so that later arithmetic is exact and no visitor gets less
 * than the quota.
 */
export function shareOf({ quota, windowMs }: Limit): {
  readonly oneUs: number;
  readonly allUs: number;
} {
  const oneUs = Math.max(1, Math.floor((windowMs * 1000) / quota));
  return { oneUs, allUs: oneUs * quota };
}

/**
 * Whether all were taken, and when the quota is full again, in microseconds on the clock of
 * `nowUs`.
 */
export interface TakeResult {
  readonly allowed: boolean;
  readonly fullAtUs: number;
}

/**
 * Takes `count` now, or as many as remain. `fullAtUs` is when the visitor's quota is full again;
 * `undefined` when it is full.
 */
export function takeFrom(
  limit: Limit,
  fullAtUs: number | undefined,
  nowUs: number,
  count: number,
): TakeResult {
  const { oneUs, allUs } = shareOf(limit);
  // A stored time more than a window ahead comes from a replica whose clock was ahead.
  const before = Math.min(Math.max(fullAtUs ?? nowUs, nowUs), nowUs + allUs);
  const taken = Math.min(count, Math.floor((nowUs + allUs - before) / oneUs));
  return { allowed: taken === count, fullAtUs: before + taken * oneUs };
}

/** The verdict for the visitor. */
export function verdictOf(
  limit: Limit,
  { allowed, fullAtUs }: TakeResult,
  nowUs: number,
): Verdict {
  const { oneUs, allUs } = shareOf(limit);
  const leftUs = allUs - (fullAtUs - nowUs);
  return {
    allowed,
    remaining: Math.floor(leftUs / oneUs),
    nextMs: Math.ceil((oneUs - (leftUs % oneUs)) / 1000),
  };
}
