/**
 * How much of something one visitor may have within a time: what a database must do for it.
 * `test/contract/limiter-contract.ts` is this contract as a suite.
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
