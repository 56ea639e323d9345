/**
 * The part of a store that limits visitors: a quota within a time, shared by all replicas.
 * `test/contract/limiter-contract.ts` is this contract as a suite.
 */

/** A limit: at most `quota` at once, which is refilled evenly within `windowMs`. */
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

/** Whether the request is allowed, and the remaining quota. */
export interface Verdict {
  readonly allowed: boolean;
  readonly remaining: number;
  /** How long until one more is there, from 1 on. */
  readonly nextMs: number;
}

/**
 * The maximum number of visitors with a partly used quota that a store remembers, for all limits
 * together. Each is remembered until the quota is full again: for 17 s after one of 5,000 a day.
 * 100,000 take about 15 MB of Redis (decision 21). Only a client with many thousand addresses can
 * reach this number.
 */
export const LIMITED_MAX = 100_000;

/** The operations of the limiter. */
export interface Limiter {
  /**
   * Takes one from each quota, and returns the verdicts in order; a visitor that occurs twice
   * takes two. A refused request takes nothing. The data need not survive a crash, and a visitor
   * with a full quota is forgotten. When `LIMITED_MAX` visitors are remembered, others are allowed
   * and not remembered. Fails with `store-unavailable`, `store-unusable`, `hit-unconfirmed`.
   */
  take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]>;
}
