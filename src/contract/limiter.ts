/**
 * The part of a store that limits visitors: a quota within a time, shared by all replicas.
 * `test/contract/limiter-contract.ts` is this contract as a suite.
 */
import type { Division } from './counting.ts';

/** A limit: at most `quota` requests at once; the quota refills evenly within `windowMs`. */
export interface Limit {
  /** 1 to 64 letters, digits and `-`. */
  readonly name: string;
  /** A whole number, at least 1. */
  readonly quota: number;
  /** At most a day. */
  readonly windowMs: number;
}

/** A visitor and the number of requests to take from its quota. */
export interface LimitRequest {
  /** Names the visitor: 1 to 64 letters, digits, `_` and `-`. */
  readonly who: string;
  readonly limit: Limit;
  /** A whole number, at least 1, which is the default. */
  readonly count?: number;
}

/** Whether all the requests are allowed, and the remaining quota. */
export interface Verdict {
  readonly allowed: boolean;
  readonly remaining: number;
  /** The time until the quota has one more, at least 1. */
  readonly nextMs: number;
}

/**
 * The maximum number of visitors with a partly used quota that a store remembers, for all limits
 * together. Each is remembered until the quota is full again: with a quota of 5,000 a day, for 17
 * s after one request.
 * 100,000 take about 15 MB of Redis (decision 21). Only a client with many thousand addresses can
 * reach this number.
 */
export const LIMITED_MAX = 100_000;

/** The operations of the limiter. */
export interface Limiter {
  /**
   * The shard of each visitor (`LimitRequest.who`), for callers that ask each shard by itself.
   * Undefined when all visitors are in one shard.
   */
  readonly division?: Division | undefined;

  /**
   * Takes `count` from each quota, and returns the verdicts in order; a visitor may occur twice.
   * If fewer remain, it takes those, and the verdict is a refusal. The data need not survive a
   * crash, and a visitor with a full quota is forgotten. When `LIMITED_MAX` visitors are
   * remembered, others are allowed and not remembered. Fails with `store-unavailable`,
   * `store-unusable`, `hit-unconfirmed`: of several shards, if one does.
   */
  take(wanted: readonly LimitRequest[]): Promise<readonly Verdict[]>;
}
