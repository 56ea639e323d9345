/**
 * The arithmetic of limits: the generic cell rate algorithm (ITU-T I.371, in its virtual
 * scheduling form).
 *
 * Of each visitor one moment is kept, when all of the quota is there again. What is taken moves it
 * on by a quota's share of the window; where that would lead more than a window ahead, nothing is
 * left. So a quota can be had at once, and comes back evenly. Not here: who is limited in what
 * (`http/visit/limits.ts`).
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

/** What came of one take: the moment that is kept, in microseconds since 1970. */
export interface TakeResult {
  readonly allowed: boolean;
  readonly fullAtUs: number;
}

/** Takes one now, where `fullAtUs` is kept of the visitor, if anything is. */
export function takeOne(limit: Limit, fullAtUs: number | undefined, nowUs: number): TakeResult {
  const { oneUs, allUs } = shareOf(limit);
  // Never farther ahead than all of it: another replica's clock may have been.
  const before = Math.min(Math.max(fullAtUs ?? nowUs, nowUs), nowUs + allUs);
  const allowed = before + oneUs <= nowUs + allUs;
  return { allowed, fullAtUs: allowed ? before + oneUs : before };
}

/** What the visitor is told of it. */
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
