/**
 * The arithmetic of limits: the generic cell rate algorithm (ITU-T I.371, in its virtual
 * scheduling form).
 *
 * For each visitor one time is stored: when the quota is full again. Each request advances it by a
 * quota's share of the window; a request that would advance it more than a window ahead is
 * refused. So a quota can be used at once, and refills evenly. Not here: which requests are
 * limited (`http/visit/limits.ts`).
 */
import type { Limit, Verdict } from '../contract/limiter.ts';

/**
 * A visitor's share in whole microseconds, so that nothing is rounded along the way: never less
 * than the quota.
 */
export function shareOf({ quota, windowMs }: Limit): {
  readonly oneUs: number;
  readonly allUs: number;
} {
  const oneUs = Math.max(1, Math.floor((windowMs * 1000) / quota));
  return { oneUs, allUs: oneUs * quota };
}

/** The outcome of one request: the time to store, in microseconds since 1970. */
export interface TakeResult {
  readonly allowed: boolean;
  readonly fullAtUs: number;
}

/** Takes one now; `fullAtUs` is the stored time of the visitor, if any. */
export function takeOne(limit: Limit, fullAtUs: number | undefined, nowUs: number): TakeResult {
  const { oneUs, allUs } = shareOf(limit);
  // Never farther ahead than all of it: another replica's clock may have been.
  const before = Math.min(Math.max(fullAtUs ?? nowUs, nowUs), nowUs + allUs);
  const allowed = before + oneUs <= nowUs + allUs;
  return { allowed, fullAtUs: allowed ? before + oneUs : before };
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
