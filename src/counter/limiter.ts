/**
 * How much of something one visitor may have within a time: what a database must do for it, and
 * the arithmetic.
 *
 * The generic cell rate algorithm (ITU-T I.371, in its virtual scheduling form): of each visitor
 * one moment is kept, when all of the quota is there again. What is taken moves it on by a quota's
 * share of the window; where that would lead more than a window ahead, nothing is left. So a quota
 * can be had at once, and comes back evenly. Not here: who is limited in what
 * (`http/visit/limits.ts`).
 */

/** At most `quota` at once, of which all comes back within `windowMs`. */
export interface Limit {
  /** 1 to 64 letters, digits and `-`. */
  readonly name: string;
  /** A whole number from 1 on. */
  readonly quota: number;
  /** A day at the most. */
  readonly windowMs: number;
}

/** One that is to be taken. */
export interface LimitRequest {
  /** Names the visitor: 1 to 64 letters, digits, `_` and `-`. */
  readonly who: string;
  readonly limit: Limit;
}

/** Whether it was given, and what is left. */
export interface Verdict {
  readonly allowed: boolean;
  readonly remaining: number;
  /** How long until one more is there, from 1 on. */
  readonly nextMs: number;
}

/**
 * How many visitors a database remembers at the most who have not all of a quota, of all limits
 * together. Each is remembered until all of the quota is back: for 17 s after one of 5,000 a day.
 * 100,000 take about 15 MB of Redis (decision 21). Only who has many thousand addresses can fill
 * this up.
 */
export const LIMITED_MAX = 100_000;

/** What a database must do to limit visitors. */
export interface Limiter {
  /**
   * Takes one of each, and answers in their order; whoever stands there twice takes two. What is
   * refused takes nothing. Nothing of it need survive a crash, and who has their whole quota again
   * is forgotten. When `LIMITED_MAX` are remembered, others are given what they ask for and are
   * not remembered. Fails with `store-unavailable`, `store-unusable`, `hit-unconfirmed`.
   */
  take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]>;
}

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
